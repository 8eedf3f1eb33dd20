//! `call`: results and errors on standard output, the outcome as exit code.

use serde_json::json;

use super::program::Home;

const NOBODY: &[(&str, &str)] =
    &[("ODOO_URL", "http://127.0.0.1:9"), ("ODOO_DB", "d"), ("ODOO_USERNAME", "u"), ("ODOO_PASSWORD", "p")];

#[track_caller]
fn refused(arguments: &[&str], code: &str) {
    let ran = Home::new().run(&[&["call"], arguments].concat()).ended(1);
    let error = ran.json();
    assert_eq!(error["code"], code, "{ran:?}");
    assert!(error["message"].is_string(), "{ran:?}");
    assert_eq!(ran.out.lines().count(), 1, "one line for programs: {ran:?}");
}

#[test]
fn what_cannot_be_a_call_is_an_error_object() {
    refused(&["no_such_tool"], "unknown_tool");
    refused(&["odoo_disconnect", r#"{"alias":"x"}"#], "unknown_tool");
    refused(&["odoo_read", "{"], "invalid_arguments");
    refused(&["odoo_read", "[]"], "invalid_arguments");
    refused(&["odoo_read", r#"{"model":"a","model":"b"}"#], "invalid_arguments");
    refused(&["odoo_read", r#"{"modell":"res.partner"}"#], "invalid_arguments");
    refused(
        &["odoo_read", &format!("{{\"ids\":{}1{}}}", "[".repeat(500), "]".repeat(500))],
        "invalid_arguments",
    );
    refused(&["odoo_unlink", r#"{"model":"res.partner","ids":[1]}"#], "denied");
    refused(&["odoo_search_count", r#"{"model":"res.partner"}"#], "unknown_connection");
}

#[test]
fn arguments_can_come_from_standard_input() {
    let home = Home::new();
    let denied = home.run_with_input(&["call", "odoo_unlink", "-"], r#"{"model":"res.partner","ids":[1]}"#);
    assert_eq!(denied.ended(1).json()["rule"], "/tools/odoo_unlink");
    let broken = home.run_with_input(&["call", "odoo_unlink", "-"], "nonsense").ended(1).json();
    assert_eq!(broken["code"], "invalid_arguments");
}

#[test]
fn a_server_that_is_not_there_is_said_in_time() {
    let home = NOBODY.iter().fold(Home::new(), |home, (name, value)| home.with(name, value));
    let ran = home.run(&["call", "odoo_search_count", r#"{"model":"res.partner"}"#]).ended(1);
    assert_eq!(ran.json()["code"], "unreachable", "{ran:?}");
}

#[test]
fn a_result_is_one_json_object() {
    let home = Home::new();
    let counted =
        home.run(&["call", "odoo_search_count", r#"{"model":"res.partner"}"#, "--sandbox"]).ended(0);
    assert!(counted.json()["count"].as_u64().unwrap() > 5, "{counted:?}");
    assert_eq!(counted.out.lines().count(), 1);
    let partner = home.run(&[
        "call",
        "odoo_search_read",
        &json!({ "model": "res.partner", "fields": ["name"], "limit": 1 }).to_string(),
        "--sandbox",
    ]);
    assert!(partner.ended(0).json()["records"][0]["name"].is_string());
}

#[test]
fn two_processes_share_a_state_directory() {
    let home = Home::new();
    let arguments = ["call", "odoo_unlink", r#"{"model":"res.partner","ids":[1]}"#];
    let children: Vec<_> = (0..8).map(|_| home.command(&arguments).spawn().unwrap()).collect();
    for child in children {
        let ran = super::program::Ran::of(child.wait_with_output().unwrap()).ended(1);
        assert_eq!(ran.json()["code"], "denied", "{ran:?}");
    }
    let verified = home.run(&["audit", "verify"]).ended(0).out;
    assert!(verified.contains("16 lines, 8 calls opened, 8 closed"), "{verified}");
}
