//! The log: an opening and a closing line for every call, chained, without anybody's data.

use serde_json::{Value, json};

use super::harness::{Door, World, unique};

super::scenarios![
    every_call_has_two_lines,
    refusals_are_logged_with_their_rule,
    the_chain_holds_and_a_change_shows,
    values_stay_out_of_the_log,
    the_log_goes_on_after_a_restart,
];

/// The lines of the log of a state directory.
#[track_caller]
pub(crate) fn lines(door: &Door) -> Vec<Value> {
    let files = door.state_files();
    let (_, bytes) = files
        .iter()
        .find(|(path, _)| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("audit")))
        .unwrap_or_else(|| {
            panic!("no log among {:?}", files.iter().map(|(path, _)| path).collect::<Vec<_>>())
        });
    let text = String::from_utf8(bytes.clone()).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// Checks every hash and every link, by the words of the log's own description.
pub(crate) fn chain_holds(lines: &[Value]) -> bool {
    let mut previous = "0".repeat(64);
    lines.iter().enumerate().all(|(index, line)| {
        let mut line = line.as_object().expect("an object").clone();
        let hash = line.remove("hash").and_then(|hash| hash.as_str().map(str::to_owned)).unwrap_or_default();
        let text = Value::Object(line.clone()).to_string();
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let expected: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let linked = line["prev"] == json!(previous) && line["seq"] == json!(index as u64 + 1);
        previous = hash.clone();
        linked && hash == expected
    })
}

fn every_call_has_two_lines(world: &World) {
    let contact = world.contact();
    let door = world.door();
    door.ok("odoo_read", json!({"model": "res.partner", "ids": [contact.id], "fields": ["name"]}));
    door.ok(
        "odoo_write",
        json!({"model": "res.partner", "ids": [contact.id], "values": {"email": "a@example.com"}}),
    );
    door.refused("odoo_read", json!({"model": "no.such.model", "ids": [1]}), &["unknown_model"]);
    let lines = lines(&door);
    let opened: Vec<&Value> = lines.iter().filter(|line| line["event"] == "open").collect();
    let closed: Vec<&Value> = lines.iter().filter(|line| line["event"] == "close").collect();
    assert_eq!((opened.len(), closed.len()), (3, 3), "{lines:?}");
    let write = opened[1];
    assert_eq!(write["tool"], "odoo_write");
    assert_eq!(write["class"], "write");
    assert_eq!(write["decision"], "allow");
    assert_eq!(write["rule"], "/default");
    assert!(write["caller"]["grant"].is_string(), "{write}");
    assert_eq!(write["effects"][0]["model"], "res.partner");
    assert_eq!(write["effects"][0]["ids"], json!([contact.id]));
    assert_eq!(write["effects"][0]["fields_written"], json!(["email"]));
    for (open, close) in opened.iter().zip(&closed) {
        assert_eq!(open["call"], close["call"], "{open} {close}");
        assert!(close["duration_us"].is_u64(), "{close}");
    }
    assert_eq!(closed[1]["outcome"], "done");
    assert_ne!(closed[2]["outcome"], "done");
    assert_eq!(closed[2]["code"], "unknown_model");
}

fn refusals_are_logged_with_their_rule(world: &World) {
    let policy = json!({"version": "1", "default": "allow", "tools": {"odoo_unlink": {"action": "deny", "reason": "No."}}});
    let contact = world.contact();
    let door = world.door_under(&policy);
    door.refused("odoo_unlink", json!({"model": "res.partner", "ids": [contact.id]}), &["denied"]);
    let lines = lines(&door);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["decision"], "deny");
    assert_eq!(lines[0]["rule"], "/tools/odoo_unlink");
    assert_eq!(lines[0]["effects"][0]["ids"], json!([contact.id]));
    assert_eq!(lines[1]["outcome"], "denied");
}

fn the_chain_holds_and_a_change_shows(world: &World) {
    let door = world.door();
    for _ in 0..4 {
        door.ok("odoo_search_count", json!({"model": "res.partner"}));
    }
    let lines = lines(&door);
    assert!(lines.len() >= 8);
    assert!(chain_holds(&lines));
    for index in 0..lines.len() {
        let mut changed = lines.clone();
        changed[index]["at"] = json!("2020-01-01T00:00:00Z");
        assert!(!chain_holds(&changed), "a changed line {index} does not show");
        let mut shorter = lines.clone();
        shorter.remove(index);
        assert!(index == lines.len() - 1 || !chain_holds(&shorter), "a missing line {index} does not show");
    }
    let mut swapped = lines;
    swapped.swap(1, 2);
    assert!(!chain_holds(&swapped), "swapped lines do not show");
}

fn values_stay_out_of_the_log(world: &World) {
    let (name, email) = (unique("Canary"), format!("{}@example.com", unique("canary").replace(' ', "-")));
    let contact = world.contact();
    let door = world.door();
    door.ok(
        "odoo_write",
        json!({"model": "res.partner", "ids": [contact.id], "values": {"name": name, "email": email}}),
    );
    door.ok("odoo_search_count", json!({"model": "res.partner", "domain": [["email", "=", email]]}));
    door.ok(
        "odoo_execute",
        json!({"model": "res.partner", "method": "write", "args": [[contact.id], {"comment": email}]}),
    );
    let _ =
        door.call("odoo_execute", json!({"model": "res.partner", "method": "name_search", "args": [name]}));
    let text: String = lines(&door).iter().map(Value::to_string).collect();
    assert!(!text.contains(&email) && !text.contains(&name), "{text}");
    assert!(text.contains("\"email\""), "the names of the fields are there: {text}");
    let log = door.log();
    assert!(!log.contains(&email) && !log.contains(&name), "{log}");
}

fn the_log_goes_on_after_a_restart(world: &World) {
    let state = tempfile::tempdir().expect("a folder");
    let open = || Door::open(world.settings().state(state.path()));
    for _ in 0..2 {
        let door = open();
        door.ok("odoo_search_count", json!({"model": "res.partner"}));
        drop(door);
    }
    // Two at the same time share the log.
    let (one, two) = (open(), open());
    for _ in 0..3 {
        one.ok("odoo_search_count", json!({"model": "res.partner"}));
        two.ok("odoo_search_count", json!({"model": "res.country"}));
    }
    let lines = lines(&one);
    assert!(chain_holds(&lines), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line["event"] == "open").count(), 8);
}
