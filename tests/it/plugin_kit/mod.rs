//! The plugin kit from outside: templates are written by the program, built by cargo and the C compiler,
//! and opened by the host.
#![cfg(unix)]

mod built;
#[cfg(target_os = "linux")]
mod installed;
mod panics;
mod shipped;

use std::fs;

use built::{Scope, cargo, compiled_c, new_plugin, note_of, opened, steps_of_manifest};
use odoo_mcp_plugin_host::{ANSWER_BYTES_MAX, Code, NOTE, TARGET};
use serde_json::{Value, json};

/// What both templates do with a bill: they count what the broker answers.
fn check_template(library: &std::path::Path, folder: &std::path::Path) {
    assert_eq!(note_of(library), NOTE);
    let opened = opened(library);
    assert_eq!(opened.info().name, "vendor_hint");
    assert_eq!((opened.info().version.as_str(), opened.info().target.as_str()), ("0.1.0", TARGET));
    let plugin = opened.start(Scope::answering(Value::Null)).unwrap();
    let described: Value = serde_json::from_str(&plugin.describe(ANSWER_BYTES_MAX).unwrap()).unwrap();
    assert_eq!(
        described["steps"],
        steps_of_manifest(&fs::read_to_string(folder.join("plugin.toml")).unwrap())
    );

    let broker = Scope::answering(json!([{"id": 1, "name": "BILL/1"}, {"id": 2, "name": "BILL/2"}]));
    let bill = json!({"move": {"id": 5, "move_type": "in_invoice", "partner_id": [7, "Vendor"]}}).to_string();
    assert!(plugin.applies(0, &bill, &*broker).unwrap());
    let nobody = json!({"move": {"id": 5, "move_type": "in_invoice", "partner_id": false}}).to_string();
    assert!(!plugin.applies(0, &nobody, &*broker).unwrap());
    let answer = plugin.execute(0, &bill, ANSWER_BYTES_MAX, &*broker).unwrap();
    assert_eq!(answer.code, Code::Ok);
    let answer: Value = serde_json::from_slice(&answer.bytes).unwrap();
    assert_eq!((&answer["data"]["earlier_bills"], &answer["abort"]), (&json!(2), &Value::Null));
    let request = broker.requests().pop().unwrap();
    assert_eq!((&request["capability"], &request["model"]), (&json!("odoo.read"), &json!("account.move")));
    assert_eq!(request["domain"][0], json!(["partner_id", "=", 7]));

    let refused = plugin.execute(0, &bill, ANSWER_BYTES_MAX, &*Scope::refusing("capability_denied")).unwrap();
    assert_eq!(refused.code, Code::Error);
    assert_eq!(plugin.execute(9, &bill, ANSWER_BYTES_MAX, &*broker).unwrap().code, Code::BadInput);
}

#[test]
fn the_rust_template_builds_without_a_network_and_works() {
    let home = tempfile::tempdir().unwrap();
    let folder = new_plugin(home.path(), "vendor_hint", "rust");
    cargo(&folder, &["test", "--offline", "--quiet"]).unwrap();
    check_template(&built::library(&folder, "vendor_hint"), &folder);
}

#[test]
fn the_c_template_compiles_and_works() {
    let home = tempfile::tempdir().unwrap();
    let folder = new_plugin(home.path(), "vendor_hint", "c");
    check_template(&compiled_c(&folder, "vendor_hint"), &folder);
}

#[test]
fn nothing_is_written_where_something_is() {
    let home = tempfile::tempdir().unwrap();
    let folder = new_plugin(home.path(), "vendor_hint", "c");
    fs::write(folder.join("plugin.c"), "mine").unwrap();
    let again = built::plugin_new(home.path(), "vendor_hint", "rust");
    assert_eq!(again.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
    assert_eq!(fs::read_to_string(folder.join("plugin.c")).unwrap(), "mine");
    assert!(!folder.join("Cargo.toml").exists());

    for name in ["../vendor_hint", "Vendor", "v", "vendor-hint", "vendor hint", ""] {
        assert_eq!(built::plugin_new(home.path(), name, "rust").status.code(), Some(64), "{name}");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}
