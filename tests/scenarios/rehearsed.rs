//! What a rehearsal says is what the corridor does; and what `read_only` lets through only reads.

use std::{collections::BTreeMap, sync::Arc};

use odoo_mcp::{
    facts::{JsonObject, ModelName},
    policy::Policy,
    rehearsal::{Call, Stage, StageTools},
    tools::Catalog,
};
use serde_json::{Value, json};

use super::{
    harness::{Door, World, unique},
    hidden_effects::reached,
};

super::scenarios![what_is_read_only_sends_only_what_reads, a_rehearsal_ends_as_the_call_does];

/// The row of methods that read, as the contract has it.
const READING: &[&str] = &[
    "search",
    "read",
    "search_read",
    "search_count",
    "search_fetch",
    "name_search",
    "fields_get",
    "default_get",
    "read_group",
    "formatted_read_group",
    "web_search_read",
    "web_read",
    "web_read_group",
    "export_data",
    "check_access_rights",
    "check_access",
    "has_access",
    "get_views",
];

fn execute(method: &str, args: Value) -> Value {
    json!({"model": "res.partner", "method": method, "args": args})
}

/// Every tool for records, and every method that changes something, in the spellings callers use.
fn calls(id: i64) -> Vec<(&'static str, Value)> {
    let (name, values) = (unique("Never"), json!({"name": unique("Never"), "comment": "x"}));
    let of = |more: Value| {
        let mut arguments = json!({"model": "res.partner"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    let mut calls = vec![
        ("odoo_search", of(json!({"domain": [["id", "=", id]]}))),
        ("odoo_search_count", of(json!({"domain": []}))),
        ("odoo_search_read", of(json!({"domain": [["id", "=", id]], "fields": ["name"], "limit": 5}))),
        ("odoo_read", of(json!({"ids": [id], "fields": ["name", "email"]}))),
        ("odoo_fields_get", of(json!({}))),
        ("odoo_create", of(json!({"values": values}))),
        ("odoo_write", of(json!({"ids": [id], "values": {"comment": "x"}}))),
        ("odoo_write", of(json!({"ids": [id], "values": {"child_ids": [[0, 0, {"name": name}]]}}))),
        ("odoo_unlink", of(json!({"ids": [id]}))),
        ("odoo_unlink", of(json!({"ids": [id], "dry_run": true}))),
    ];
    for (method, args) in [
        ("search_count", json!([[]])),
        ("read", json!([[id], ["name"]])),
        ("name_search", json!([name])),
        ("default_get", json!([["name"]])),
        ("create", json!([values])),
        ("name_create", json!([name])),
        ("copy", json!([[id]])),
        ("write", json!([[id], {"comment": "x"}])),
        ("web_save", json!([[id], {"comment": "x"}, {}])),
        ("web_save", json!([[], values, {}])),
        ("toggle_active", json!([[id]])),
        ("action_archive", json!([[id]])),
        ("load", json!([["name"], [[name]]])),
        ("unlink", json!([[id]])),
        ("message_post", json!([[id]])),
        ("action_that_nobody_knows", json!([[id]])),
    ] {
        calls.push(("odoo_execute", execute(method, args)));
    }
    calls
}

fn what_is_read_only_sends_only_what_reads(world: &World) {
    let contact = world.contact();
    let front = world.front();
    let policy = json!({"version": "1", "default": "allow", "connections": {"*": {"mode": "read_only"}}});
    let door = Door::open(world.settings().variable("ODOO_URL", &front.url()).policy(&policy));
    let mut read = 0;
    for (tool, arguments) in calls(contact.id) {
        front.forget();
        let answer = door.call(tool, arguments.clone());
        let sent = reached(&front);
        for call in &sent {
            let method = call.rsplit('.').next().unwrap_or_default();
            assert!(READING.contains(&method), "{tool} {arguments} sent {call}");
        }
        match answer {
            Ok(_) => read += 1,
            Err(error) if error["rule"] == "/connections/*/mode" => assert!(sent.is_empty(), "{sent:?}"),
            Err(_) => {}
        }
    }
    assert!(read > 5, "only {read} calls read anything");
    assert_eq!(world.oracle().field("res.partner", contact.id, "comment"), false);
}

/// Policies that end calls in every way that needs no clock and no person.
fn policies() -> Vec<Value> {
    let with = |more: Value| {
        let mut policy = json!({"version": "1", "default": "allow"});
        policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        policy
    };
    let month = |max: u32| json!([{"counter": "c", "window": "month", "max": max}]);
    vec![
        with(json!({})),
        with(json!({"default": "deny", "tools": {"odoo_read": {}, "odoo_execute": {"action": "deny"}}})),
        with(json!({"hide": ["odoo_unlink"], "tools": {"odoo_create": {"action": "deny"}}})),
        with(json!({"connections": {"*": {"mode": "no_delete"}}})),
        with(json!({"all_tools": {"limits": month(9)}, "tools": {"odoo_execute": {"limits": month(3)}}})),
        with(
            json!({"classes": {"read": {"batch": {"rows": 3}}}, "tools": {"odoo_write": {"batch": {"bytes": 70}}}}),
        ),
        with(json!({"models": {"res.partner": {
            "ops": ["read", "write", "execute"], "methods": {"allow": ["action_*"], "deny": ["action_archive"]},
            "fields": {"email": {"read": "deny"}, "comment": {"write": "deny"}},
        }}})),
        with(json!({"tools": {"odoo_*": {
            "deny_if": [{"path": "odoo.values.comment", "op": "eq", "value": "x"}],
            "require": [{"path": "args.model", "op": "in", "value": ["res.partner"]}],
        }}})),
        with(json!({"grants": {"somebody": {}}})),
        with(json!({"mode": "shadow", "default": "deny", "models": {}})),
    ]
}

fn a_rehearsal_ends_as_the_call_does(world: &World) {
    let catalog = Catalog::new();
    let tools = StageTools::all(&catalog);
    let definitions: BTreeMap<ModelName, JsonObject> = {
        let fields = world.oracle().call("res.partner", "fields_get", json!([]), json!({}));
        let model = ModelName::parse("res.partner").unwrap();
        [(model, fields.as_object().unwrap().clone())].into()
    };
    let mut compared = 0;
    for policy in policies() {
        let loaded =
            Policy::load(policy.to_string().as_bytes(), &tools).unwrap_or_else(|error| panic!("{error}"));
        let stage = Stage::new(Arc::new(loaded), &tools, &definitions);
        let contact = world.contact();
        let door = Door::open(world.settings().policy(&policy));
        for (tool, arguments) in calls(contact.id) {
            let told = json!({"tool": tool, "args": arguments, "at": "2026-11-20T10:00:00Z"});
            let rehearsed = stage.walk(&Call::read(told.to_string().as_bytes()).unwrap());
            let answer = door.call(tool, arguments.clone());
            let about = format!("{tool} {arguments}\n{policy}\n{rehearsed:?}\n{answer:?}");
            // What only the other models' definitions tell is not rehearsed.
            if rehearsed.outcome == "needs_definitions" || rehearsed.outcome == "invalid_arguments" {
                continue;
            }
            compared += 1;
            match (rehearsed.outcome, answer) {
                ("allow", Ok(_)) => {}
                // Odoo itself may refuse what the policy allows.
                ("allow", Err(error)) => assert!(error.get("rule").is_none(), "{about}"),
                ("unknown", Err(error)) => assert_eq!(error["code"], "protocol", "{about}"),
                ("unknown_field", Err(error)) => assert_eq!(error["code"], "unknown_field", "{about}"),
                (_, Err(error)) => assert_eq!(error["rule"], rehearsed.rule.as_str(), "{about}"),
                (_, Ok(_)) => panic!("{about}"),
            }
        }
        // What a call that was allowed made is not left behind.
        for made in world.oracle().search("res.partner", json!([["name", "=like", "%Never%"]])) {
            drop(world.adopt("res.partner", made));
        }
    }
    assert!(compared > 120, "only {compared} calls were compared");
}
