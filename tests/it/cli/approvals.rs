//! `approvals` from the shell: asked by one process, answered by another, used by a third.

use serde_json::{Value, json};

use super::program::Home;

const ASKING: &str = r#"{"version":"1","default":"deny","tools":{
  "odoo_create":{"action":"require_approval","reason":"Ask first."}}}"#;

/// A call from the shell against a practice Odoo of its own.
fn create(home: &Home, name: &str, code: i32) -> Value {
    let call = json!({"model": "res.partner", "values": {"name": name}}).to_string();
    home.run(&["call", "odoo_create", &call, "--sandbox"]).ended(code).json()
}

fn asked() -> (Home, String) {
    let home = Home::new();
    home.write("policy.json", ASKING);
    let refused = create(&home, "Anna's canary", 1);
    assert_eq!(refused["code"], "needs_approval", "{refused}");
    let id = refused["approval"].as_str().unwrap().to_owned();
    (home, id)
}

#[test]
fn without_questions_there_is_nothing_to_answer() {
    let home = Home::new();
    assert!(home.run(&["approvals"]).ended(0).out.contains("nothing waits"));
    assert_eq!(home.run(&["approvals", "list", "--json"]).ended(0).json(), json!({"approvals": []}));
    for arguments in [["approvals", "show", "0123456789"], ["approvals", "grant", "0123456789"]] {
        let ran = home.run(&arguments).ended(1);
        assert!(
            ran.out.is_empty() && ran.notes.contains("no such approval") | ran.notes.contains("no approval")
        );
    }
    for bad in ["../../etc/passwd", "\u{1b}[2J", ""] {
        let ran = home.run(&["approvals", "refuse", bad]).ended(1);
        assert!(ran.notes.contains("there is no approval") && !ran.notes.contains('\u{1b}'), "{ran:?}");
    }
    home.run(&["approvals", "forget", "0123456789"]).ended(64);
}

#[test]
fn a_person_reads_grants_and_the_call_goes_through_once() {
    let (home, id) = asked();
    let list = home.run(&["approvals"]).ended(0).out;
    assert!(list.contains(&id) && list.contains("pending") && list.contains("odoo_create"), "{list}");
    let shown = home.run(&["approvals", "show", &id]).ended(0).out;
    for part in ["is pending", "create a record of res.partner", "name: \"Anna's canary\"", "Ask first."] {
        assert!(shown.contains(part), "no `{part}` in: {shown}");
    }
    let granted = home.run(&["approvals", "grant", &id.to_uppercase()]).ended(0).out;
    assert!(granted.starts_with("granted: local may call `odoo_create` exactly as asked, once"), "{granted}");
    assert!(home.run(&["approvals", "show", &id]).ended(0).out.contains("is granted by "));
    create(&home, "Anna's canary", 0);
    assert_eq!(create(&home, "Anna's canary", 1)["code"], "needs_approval");
    let all = home.run(&["approvals", "list", "--all", "--json"]).ended(0).json();
    let standing: Vec<&Value> =
        all["approvals"].as_array().unwrap().iter().map(|entry| &entry["is"]).collect();
    assert_eq!(standing, ["used", "pending"], "{all}");

    let log = std::fs::read_to_string(home.state().join("audit.jsonl")).unwrap();
    assert!(log.contains("\"what\":\"granted\"") && !log.contains("canary"), "{log}");
    assert!(home.run(&["audit", "verify"]).ended(0).out.contains("the chain holds"));
    let readable = home.run(&["audit", "show"]).ended(0).out;
    assert!(readable.contains(&format!("{id} granted by ")), "{readable}");
}

#[test]
fn a_refusal_is_one() {
    let (home, id) = asked();
    let refused = home.run(&["approvals", "refuse", &id]).ended(0).out;
    assert!(refused.starts_with("refused: the call of `odoo_create` by local will not happen"), "{refused}");
    assert!(home.run(&["approvals", "grant", &id]).ended(1).notes.contains("it is refused already"));
    let answer = create(&home, "Anna's canary", 1);
    assert_eq!((&answer["code"], &answer["next"]), (&json!("needs_approval"), &json!("stop")));
}

#[cfg(unix)]
#[test]
fn four_eyes_are_not_the_same_two() {
    let home = Home::new();
    home.write(
        "policy.json",
        &ASKING.replace("\"default\"", "\"approvals\":{\"self_approval\":false},\"default\""),
    );
    let id = create(&home, "x", 1)["approval"].as_str().unwrap().to_owned();
    let ran = home.run(&["approvals", "grant", &id]).ended(1);
    assert!(ran.notes.contains("another person than the one who asks"), "{ran:?}");
    assert!(home.run(&["approvals", "show", &id]).ended(0).out.contains("is pending"));

    let listed = "\"approvals\":{\"approvers\":[\"group:nobody-is-in-here\"]},\"default\"";
    home.write("policy.json", &ASKING.replace("\"default\"", listed));
    let id = create(&home, "x", 1)["approval"].as_str().unwrap().to_owned();
    let ran = home.run(&["approvals", "grant", &id]).ended(1);
    assert!(ran.notes.contains("leaves this to group:nobody-is-in-here"), "{ran:?}");
}
