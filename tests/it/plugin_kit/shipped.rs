//! The plugins of this repository: their libraries say what their manifests say, and answer a bill.

use std::{fs, path::Path};

use odoo_mcp_plugin_host::{ANSWER_BYTES_MAX, Code, NOTE};
use serde_json::{Value, json};

use super::built::{Scope, note_of, opened, shipped, steps_of_manifest};

const NAMES: &[&str] = &["account_suggest", "duplicate_guard", "vendor_match"];

#[test]
fn what_is_shipped_opens_and_describes_itself_as_its_manifest_does() {
    for (name, library) in NAMES.iter().zip(shipped(NAMES)) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins").join(name);
        let manifest = fs::read_to_string(folder.join("plugin.toml")).unwrap();
        let table: toml::Table = toml::from_str(&manifest).unwrap();
        assert_eq!(note_of(&library), NOTE);
        let opened = opened(&library);
        assert_eq!(table["name"].as_str(), Some(opened.info().name.as_str()));
        assert_eq!(table["version"].as_str(), Some(opened.info().version.as_str()));
        let plugin = opened.start(Scope::answering(Value::Null)).unwrap();
        let described: Value = serde_json::from_str(&plugin.describe(ANSWER_BYTES_MAX).unwrap()).unwrap();
        assert_eq!(described["steps"], steps_of_manifest(&manifest), "{name}");

        // Each of them asks for what its manifest says, and for nothing else.
        let allowed: Vec<&str> =
            table["capabilities"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
        let broker = Scope::answering(json!([]));
        let vendor = if *name == "vendor_match" { Value::Null } else { json!([7, "Vendor"]) };
        let bill = json!({
            "move": {"id": 5, "move_type": "in_invoice", "partner_id": vendor},
            "extraction": {"invoice_number": "1001", "amount_total": 12.5, "partner_vat": "BG123456789",
                           "partner_eik": "123456789", "partner_name": "Bread Ltd",
                           "lines": [{"description": "Bread"}]},
        })
        .to_string();
        assert!(plugin.applies(0, &bill, &*broker).unwrap(), "{name}");
        let answer = plugin.execute(0, &bill, ANSWER_BYTES_MAX, &*broker).unwrap();
        assert_eq!(answer.code, Code::Ok, "{}", String::from_utf8_lossy(&answer.bytes));
        let requests = broker.requests();
        assert!(!requests.is_empty(), "{name}");
        for request in requests {
            let needed = format!(
                "{}:{}",
                request["capability"].as_str().unwrap_or_default(),
                request["model"].as_str().unwrap_or_default()
            );
            assert!(allowed.contains(&needed.as_str()), "{name}: {needed}");
        }
        // Whatever the server sends, it is an answer and no panic.
        for nonsense in ["", "[]", "null", "{", r#"{"move": 1, "extraction": [1]}"#, "\u{0}"] {
            let code = plugin.execute(0, nonsense, ANSWER_BYTES_MAX, &*broker).unwrap().code;
            assert_ne!(code, Code::Panic, "{name}: {nonsense}");
        }
        for odd in [json!(1), json!([1]), json!([{"id": "x", "ref": 5, "account_id": [], "name": {}}])] {
            let code = plugin.execute(0, &bill, ANSWER_BYTES_MAX, &*Scope::answering(odd)).unwrap().code;
            assert_ne!(code, Code::Panic, "{name}");
        }
    }
}
