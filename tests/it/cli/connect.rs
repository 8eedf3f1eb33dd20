//! `connect`: a connection is kept only if it works, sealed, and clients are told how to start us.

use odoo_mcp::sandbox::{self, Sandbox, SandboxOptions};
use serde_json::json;

use super::program::{Home, Ran, all_files};

const CANARY: &str = "canary-77c2-password";

/// A practice server of this test, and the runtime that keeps it alive.
fn server() -> (tokio::runtime::Runtime, Sandbox) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = SandboxOptions { password: Some(CANARY.to_owned()), ..SandboxOptions::default() };
    let sandbox = runtime.block_on(sandbox::start(options)).unwrap();
    (runtime, sandbox)
}

fn connect(home: &Home, sandbox: &Sandbox, more: &[&str], secret: &str) -> Ran {
    let url = sandbox.url();
    let arguments = [&["connect", &url, "--login", sandbox.login(), "--password-stdin"], more].concat();
    home.run_with_input(&arguments, secret)
}

#[test]
fn a_connection_is_stored_sealed_and_can_be_used() {
    let (_runtime, sandbox) = server();
    let home = Home::new();
    let ran = connect(&home, &sandbox, &["--no-key"], CANARY).ended(0);
    for piece in ["Connected `default`", "kept sealed", "claude mcp add odoo -- ", "\"mcpServers\""] {
        assert!(ran.out.contains(piece), "{piece}: {ran:?}");
    }
    let counted = home.run(&["call", "odoo_search_count", r#"{"model":"res.partner"}"#]).ended(0);
    assert!(counted.json()["count"].as_u64().unwrap() > 5);
    let listed = home.run(&["call", "odoo_connections"]).ended(0);
    assert_eq!(listed.json()["connections"][0]["secret"], "sealed", "{listed:?}");
    home.run(&["doctor"]).ended(0);
    let mut seen = format!("{}{}{}{}", ran.out, ran.notes, listed.out, listed.notes);
    for (_, bytes) in all_files(&home.path(".")) {
        seen.push_str(&String::from_utf8_lossy(&bytes));
    }
    assert!(!seen.contains("canary-77c2"));
}

#[test]
fn where_no_key_can_be_made_the_password_is_kept_and_that_is_said() {
    let (_runtime, sandbox) = server();
    let home = Home::new();
    let ran = connect(&home, &sandbox, &[], CANARY).ended(0);
    let key = ran.out.contains("An API key named \"odoo-mcp\"");
    let password = ran.out.contains("No API key could be made (") && ran.out.contains("the password is kept");
    assert!(key || password, "{ran:?}");
    home.run(&["call", "odoo_version"]).ended(0);
}

#[test]
fn a_login_that_does_not_work_keeps_nothing() {
    let (_runtime, sandbox) = server();
    let home = Home::new();
    let ran = connect(&home, &sandbox, &[], "wrong").ended(1);
    assert!(ran.notes.contains("refused the login"), "{ran:?}");
    let listed = home.run(&["call", "odoo_connections"]).ended(0).json();
    assert_eq!(listed["connections"], json!([]));
    connect(&home, &sandbox, &["--db", "nodb"], CANARY).ended(1);
    connect(&home, &sandbox, &[], "").ended(64);
}

#[test]
fn an_api_key_is_taken_as_it_is() {
    let (_runtime, sandbox) = server();
    let home = Home::new();
    let key = sandbox.api_key().to_owned();
    let ran = connect(&home, &sandbox, &["--api-key", "--alias", "shop"], &key).ended(0);
    assert!(ran.out.contains("The API key is kept sealed") && !ran.out.contains(&key), "{ran:?}");
    let arguments = r#"{"model":"res.partner","connection":"shop"}"#;
    home.run(&["call", "odoo_search_count", arguments]).ended(0);
}

#[test]
fn the_policy_of_clients_does_not_bind_the_operator() {
    let (_runtime, sandbox) = server();
    let home = Home::new();
    home.write("policy.json", r#"{"version":"1","default":"deny","tools":{"odoo_version":{}}}"#);
    connect(&home, &sandbox, &["--no-key"], CANARY).ended(0);
    home.run(&["call", "odoo_connect", r#"{"url":"http://x","username":"u"}"#]).ended(1);
    home.run(&["call", "odoo_version"]).ended(0);
}
