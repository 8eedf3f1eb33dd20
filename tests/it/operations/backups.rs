//! Backups of a server that goes on working.

use std::{
    fs,
    process::{Command, Output},
};

use super::place::{Place, open};

#[expect(clippy::disallowed_methods, reason = "the program under test is another program")]
fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_odoo-mcp"))
        .args(arguments)
        .env_clear()
        .env("HOME", "/nowhere")
        .output()
        .unwrap()
}

#[track_caller]
fn ended(arguments: &[&str], code: i32) -> String {
    let ran = run(arguments);
    let all = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {all}");
    all
}

fn paths(place: &Place) -> (String, String, String) {
    let path = |name: &str| place.folder.path().join(name).to_str().unwrap().to_owned();
    (path("state"), path("one.backup"), path("again"))
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_a_whole_log_is_copied() {
    let place = open("").await;
    let (state, file, again) = paths(&place);
    place.count_partners().await;
    let copying = {
        let (state, file) = (state.clone(), file.clone());
        tokio::task::spawn_blocking(move || ended(&["backup", &file, "--state-dir", &state], 0))
    };
    let mut calls = 0;
    while !copying.is_finished() {
        assert_eq!(place.count_partners().await["result"]["isError"], false);
        calls += 1;
    }
    let said = copying.await.unwrap();
    assert!(said.contains("the sealing key is not in it"), "{said}");
    assert!(calls > 0);

    ended(&["restore", "--check", &file], 0);
    ended(&["restore", &file, "--state-dir", &again], 0);
    // The chain of the copy holds to its last line, and goes on from there.
    ended(&["audit", "verify", "--state-dir", &again], 0);
    let log = fs::read_to_string(format!("{again}/audit.jsonl")).unwrap();
    assert!(log.ends_with('\n') && log.lines().count() >= 2);
    ended(&["call", "--state-dir", &again, "--sandbox", "odoo_connections"], 0);
    ended(&["audit", "verify", "--state-dir", &again], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_lose_something_is_refused() {
    let place = open("").await;
    let (state, file, again) = paths(&place);
    place.count_partners().await;
    ended(&["backup", &file, "--state-dir", &state], 0);
    let said = ended(&["backup", &file, "--state-dir", &state], 1);
    assert!(said.contains("is there already"), "{said}");
    let said = ended(&["restore", &file, "--state-dir", &state], 1);
    assert!(said.contains("--force"), "{said}");
    ended(&["backup", &format!("{file}2"), "--state-dir", &again], 1);
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(format!("{file}3"), bytes).unwrap();
    assert!(ended(&["restore", "--check", &format!("{file}3")], 1).contains("damaged"));
    ended(&["restore", &format!("{file}3"), "--state-dir", &again], 1);
    ended(&["restore", &format!("{file}4"), "--state-dir", &again], 1);
    assert!(!fs::exists(&again).unwrap());
}
