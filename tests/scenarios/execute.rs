//! Calling methods by name.

use serde_json::{Value, json};

use super::harness::{World, unique};

super::scenarios![
    a_method_of_the_model_answers,
    a_method_of_records_runs_on_these_records,
    a_method_that_returns_nothing_succeeds_once,
    positional_and_named_arguments_mean_the_same,
    private_methods_never_leave,
    unknown_methods_are_refused,
    wrong_arguments_of_a_method_are_told_without_insides,
    a_failing_method_is_sent_once,
    shapes_that_are_no_arguments_are_refused,
];

/// The value that the method returned.
#[track_caller]
fn returned(result: &Value) -> Value {
    result.get("result").cloned().unwrap_or_else(|| panic!("no result: {result}"))
}

fn a_method_of_the_model_answers(world: &World) {
    let door = world.door();
    let contact = world.contact();
    let arguments =
        json!({"model": "res.partner", "method": "search_count", "args": [[["id", "=", contact.id]]]});
    assert_eq!(returned(&door.ok("odoo_execute", arguments)), 1);
    let arguments = json!({"model": "res.partner", "method": "default_get", "args": [["type", "name"]]});
    assert!(returned(&door.ok("odoo_execute", arguments)).is_object());
}

fn a_method_of_records_runs_on_these_records(world: &World) {
    let (oracle, door) = (world.oracle(), world.door());
    let (contact, other) = (world.contact(), world.contact());
    let arguments = json!({"model": "res.partner", "method": "action_archive", "args": [[contact.id]]});
    door.ok("odoo_execute", arguments);
    assert_eq!(oracle.field("res.partner", contact.id, "active"), false);
    assert_eq!(oracle.field("res.partner", other.id, "active"), true);
    let arguments = json!({"model": "res.partner", "method": "write", "args": [[contact.id], {"email": "e@example.com"}]});
    assert_eq!(returned(&door.ok("odoo_execute", arguments)), true);
    assert_eq!(oracle.field("res.partner", contact.id, "email"), "e@example.com");
}

fn a_method_that_returns_nothing_succeeds_once(world: &World) {
    let front = world.front();
    let (oracle, door) = (world.oracle(), world.door_through(&front));
    let contact = world.contact();
    let arguments = json!({"model": "res.partner", "method": "toggle_active", "args": [[contact.id]]});
    door.ok("odoo_execute", arguments);
    assert_eq!(front.calls_of("res.partner", "toggle_active"), 1);
    assert_eq!(oracle.field("res.partner", contact.id, "active"), false, "toggled once");
}

fn positional_and_named_arguments_mean_the_same(world: &World) {
    let door = world.door();
    let contact = world.contact();
    let domain = json!([["id", "=", contact.id]]);
    let ways = [
        json!({"args": [domain, ["name"]]}),
        json!({"args": [domain], "kwargs": {"fields": ["name"]}}),
        json!({"args": [], "kwargs": {"domain": domain, "fields": ["name"]}}),
        json!({"kwargs": {"domain": domain, "fields": ["name"]}}),
        json!({"args": [domain, ["name"], 0, 5, "id"]}),
    ];
    for mut way in ways {
        way["model"] = json!("res.partner");
        way["method"] = json!("search_read");
        let rows = returned(&door.ok("odoo_execute", way.clone()));
        assert_eq!(rows[0]["id"], contact.id, "{way}");
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{way}");
    }
}

fn private_methods_never_leave(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    for method in ["_write", "_compute_display_name", "__class__", "_sql_constraints", "_", "__init__"] {
        let arguments = json!({"model": "res.partner", "method": method, "args": [[1]]});
        door.refused("odoo_execute", arguments, &["invalid_arguments", "access_denied", "unknown_method"]);
        assert_eq!(front.calls_of("res.partner", method), 0, "{method} reached Odoo");
    }
    for method in
        ["", " ", "write;", "write ", "a.b", "write()", "é", "1write", "write\n", "../write", "sudo().write"]
    {
        let arguments = json!({"model": "res.partner", "method": method, "args": [[1]]});
        door.refused("odoo_execute", arguments, &["invalid_arguments"]);
    }
    assert!(front.recorded().iter().all(|recorded| !recorded.message.path().contains("..")));
}

fn unknown_methods_are_refused(world: &World) {
    let door = world.door();
    let arguments = json!({"model": "res.partner", "method": "no_such_method_at_all", "args": [[1]]});
    door.refused("odoo_execute", arguments, &["unknown_method"]);
    let arguments = json!({"model": "no.such.model", "method": "search", "args": [[]]});
    door.refused("odoo_execute", arguments, &["unknown_model"]);
    let arguments = json!({"model": "res.partner"});
    door.refused("odoo_execute", arguments, &["invalid_arguments"]);
}

fn wrong_arguments_of_a_method_are_told_without_insides(world: &World) {
    let door = world.door();
    for (method, args, kwargs) in [
        ("search_read", json!([]), json!({"nosuch": 1})),
        ("search_count", json!([]), json!({})),
        ("write", json!([[1], {"nofield_at_all": 1}]), json!({})),
        ("read", json!([["x"]]), json!({})),
        ("search", json!([[["nofield_at_all", "=", 1]]]), json!({})),
        ("search_read", json!([[], ["nofield_at_all"]]), json!({})),
        ("search", json!(["no domain"]), json!({})),
        ("search", json!([]), json!({"limit": "x", "domain": []})),
    ] {
        let arguments = json!({"model": "res.partner", "method": method, "args": args, "kwargs": kwargs});
        match door.call("odoo_execute", arguments) {
            Err(error) => {
                let code = error["code"].as_str().unwrap();
                assert_ne!(code, "internal", "{method} {args}: {error}");
                assert_ne!(code, "unreachable", "{method} {args}: {error}");
            }
            // Some versions need fewer arguments than others.
            Ok(_) => assert_eq!(method, "search_count", "{method} {args}"),
        }
    }
}

fn a_failing_method_is_sent_once(world: &World) {
    let front = world.front();
    let door = world.door_through(&front);
    let fields = json!(["nofield_at_all"]);
    let arguments = json!({"model": "res.country", "method": "search_read", "args": [[], fields]});
    door.refused("odoo_execute", arguments, &["odoo_fault", "unknown_field"]);
    assert!(front.calls_of("res.country", "search_read") <= 1, "a fault is no reason to try again");
    let name = unique("Contact");
    let arguments =
        json!({"model": "res.partner", "method": "create", "args": [{"name": name, "type": "nosuch"}]});
    door.refused("odoo_execute", arguments, &["odoo_fault", "invalid_value", "validation"]);
    assert!(front.calls_of("res.partner", "create") <= 1, "a fault is no reason to try again");
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
}

fn shapes_that_are_no_arguments_are_refused(world: &World) {
    let door = world.door();
    for (args, kwargs) in [
        (json!({"domain": []}), json!({})),
        (json!("[]"), json!({})),
        (json!(7), json!({})),
        (json!([]), json!([])),
        (json!([]), json!("x")),
        (json!([]), json!(7)),
    ] {
        let arguments =
            json!({"model": "res.partner", "method": "search_count", "args": args, "kwargs": kwargs});
        door.refused("odoo_execute", arguments, &["invalid_arguments"]);
    }
}
