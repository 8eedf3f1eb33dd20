//! Steering running servers: reload, pause, resume.

use std::time::Duration;

use serde_json::json;

use super::program::Home;

const READING: &str = r#"{"version":"1","default":"deny","tools":{"odoo_read":{}}}"#;
const WRITING: &str = r#"{"version":"1","default":"deny","tools":{"odoo_write":{}}}"#;

/// A server of this home that is on the list. It waits for its standard input.
struct Running {
    child: std::process::Child,
}

impl Running {
    fn start(home: &Home) -> Self {
        let running = Self { child: home.start(&["serve"]) };
        for _ in 0..500 {
            let servers = std::fs::read_dir(home.state()).into_iter().flatten().flatten();
            let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
            if servers.map(name).any(|name| name.starts_with("server-") && name.ends_with(".json")) {
                return running;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server is not on the list");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn without_a_server_there_is_nobody_to_reload() {
    let home = Home::new();
    assert!(home.run(&["policy", "reload"]).ended(0).out.starts_with("no server runs"));
    assert_eq!(home.run(&["policy", "reload", "--json"]).ended(0).json(), json!({"ok": true, "servers": []}));
}

#[test]
fn a_reload_says_what_is_in_force_and_what_is_not() {
    let home = Home::new();
    home.write("policy.json", READING);
    let _server = Running::start(&home);
    let first = home.run(&["policy", "reload", "--json"]).ended(0).json();
    assert_eq!(first["servers"][0]["state"], "in_force", "{first}");

    home.write("policy.json", WRITING);
    let second = home.run(&["policy", "reload", "--json"]).ended(0).json();
    assert_ne!(second["servers"][0]["policy"], first["servers"][0]["policy"]);

    home.write("policy.json", "{");
    let bad = home.run(&["policy", "reload", "--json"]).ended(1).json();
    assert_eq!((&bad["ok"], &bad["servers"][0]["state"]), (&json!(false), &json!("refused")));
    assert_eq!(bad["servers"][0]["policy"], second["servers"][0]["policy"], "the old one stays");
    let text = home.run(&["policy", "reload"]).ended(1).out;
    assert!(text.contains("cannot be used since") && text.contains("stays in force"), "{text}");
    let doctor = home.run(&["doctor"]).ended(1).out;
    assert!(doctor.contains("cannot be used since"), "{doctor}");

    home.write("policy.json", WRITING);
    home.run(&["policy", "reload"]).ended(0);
}

#[test]
fn a_pause_is_told_to_running_servers_and_lifted() {
    let home = Home::new();
    let _server = Running::start(&home);
    let paused = home.run(&["policy", "pause", "--for", "10m", "--reason", "Stock-taking.", "--json"]);
    let paused = paused.ended(0).json();
    assert_eq!(
        (&paused["servers"]["told"], &paused["paused"]["reason"]),
        (&json!(1), &json!("Stock-taking."))
    );
    assert!(home.run(&["doctor"]).ended(0).out.contains("everybody is paused until"));
    let resumed = home.run(&["policy", "resume", "--grant", "desk", "--json"]).ended(0).json();
    assert_eq!(
        (resumed["lifted"].as_array().unwrap().len(), &resumed["standing"][0]["reason"]),
        (0, &json!("Stock-taking."))
    );
    let resumed = home.run(&["policy", "resume"]).ended(0).out;
    assert!(resumed.starts_with("lifted\n1 running server knows"), "{resumed}");
    assert!(home.run(&["policy", "resume"]).ended(0).out.starts_with("there was nothing to lift"));
}

#[test]
fn a_pause_wants_a_time_and_a_name_that_can_be_read() {
    for wrong in [["--for", "soon"], ["--for", "0s"], ["--grant", "two words"], ["--reason", " "]] {
        Home::new().run(&["policy", "pause", wrong[0], wrong[1]]).ended(64);
    }
}

#[test]
fn who_is_paused_may_do_nothing_until_it_is_lifted() {
    let home = Home::new();
    let call = || home.run(&["call", "odoo_search_count", r#"{"model":"res.partner"}"#, "--sandbox"]);
    call().ended(0);
    home.run(&["policy", "pause", "--grant", "local", "--reason", "Stock-taking."]).ended(0);
    let refused = call().ended(1).json();
    assert_eq!((&refused["code"], &refused["rule"]), (&json!("paused"), &json!("/pause")), "{refused}");
    assert!(refused["reason"].as_str().unwrap().contains("Stock-taking."), "{refused}");
    home.run(&["policy", "resume"]).ended(0);
    call().ended(0);
    home.run(&["policy", "pause", "--grant", "somebody-else"]).ended(0);
    call().ended(0);
    // What nobody can read stops everybody, except the operator.
    std::fs::write(home.state().join("paused.json"), "half").unwrap();
    assert_eq!(call().ended(1).json()["code"], "paused");
    assert!(home.run(&["doctor"]).ended(1).out.contains("policy resume"));
    home.run(&["policy", "resume"]).ended(0);
    call().ended(0);
}
