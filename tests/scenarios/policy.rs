//! The policy at the door: what it refuses never reaches Odoo.

use serde_json::{Value, json};

use super::harness::{Door, World, unique};

super::scenarios![
    what_is_not_listed_does_not_exist,
    hidden_and_unknown_answer_alike,
    a_denied_tool_is_visible_and_gives_its_reason,
    a_capped_tool_stops_at_its_cap,
    a_refused_call_costs_nothing,
    an_answer_larger_than_the_batch_is_not_passed_on,
    what_needs_approval_waits_for_a_person,
    a_rule_holds_for_the_deed_by_any_road,
    a_policy_that_does_not_load_opens_no_door,
];

#[track_caller]
fn create(door: &Door, name: &str) -> Result<Value, Value> {
    door.call("odoo_create", json!({"model": "res.partner", "values": {"name": name}}))
}

fn an_answer_larger_than_the_batch_is_not_passed_on(world: &World) {
    let policy = json!({
        "version": "1", "default": "deny",
        "tools": {"odoo_search_read": {"batch": {"bytes": 300}}, "odoo_read": {}},
        "models": {"res.partner": {}, "res.country": {"batch": {"bytes": 250}}},
    });
    let door = world.door_under(&policy);
    let ask = |model: &str, limit: usize| json!({"model": model, "fields": ["name", "display_name"], "domain": [], "limit": limit});
    for (model, rule) in [
        ("res.partner", "/tools/odoo_search_read/batch/bytes"),
        ("res.country", "/models/res.country/batch/bytes"),
    ] {
        let error = door.refused("odoo_search_read", ask(model, 40), &["denied"]);
        assert_eq!(error["rule"], rule, "{error}");
        assert_eq!(error["next"], "narrow", "{error}");
        assert!(error["records"].is_null(), "{error}");
        door.ok("odoo_search_read", ask(model, 1));
    }
}

fn what_is_not_listed_does_not_exist(world: &World) {
    let policy = json!({"version": "1", "default": "deny", "tools": {"odoo_search_count": {}}});
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    let door = Door::open(settings);
    assert_eq!(door.tool_names(), ["odoo_search_count"]);
    for (tool, arguments) in [
        ("odoo_unlink", json!({"model": "res.partner", "ids": [1]})),
        ("odoo_create", json!({"model": "res.partner", "values": {"name": "x"}})),
        ("odoo_execute", json!({"model": "res.partner", "method": "unlink", "args": [[1]]})),
        ("odoo_connections", json!({})),
        ("odoo_disconnect", json!({"alias": "default"})),
    ] {
        let error = door.refused(tool, arguments, &["protocol"]);
        assert_eq!(error["rpc_code"], -32602, "{error}");
    }
    assert!(front.recorded().is_empty(), "a refused call reached Odoo");
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
    assert!(!front.recorded().is_empty());
}

fn hidden_and_unknown_answer_alike(world: &World) {
    let policy = json!({
        "version": "1", "default": "deny", "hide": ["odoo_unlink"], "tools": {"odoo_search": {}, "odoo_unlink": {}},
    });
    let door = world.door_under(&policy);
    assert_eq!(door.tool_names(), ["odoo_search"]);
    let answer = |tool: &str, arguments: Value| {
        let error = door.call(tool, arguments).expect_err(tool);
        error.to_string().replace(tool, "TOOL")
    };
    let unknown = answer("odoo_nothing", json!({}));
    for arguments in [
        json!({}),
        json!({"model": "res.partner", "ids": [1]}),
        json!({"nonsense": true}),
        json!({"ids": "x"}),
    ] {
        assert_eq!(answer("odoo_unlink", arguments.clone()), unknown, "hidden, {arguments}");
        assert_eq!(answer("odoo_write", arguments.clone()), unknown, "not listed, {arguments}");
    }
}

fn a_denied_tool_is_visible_and_gives_its_reason(world: &World) {
    let policy = json!({
        "version": "1", "default": "allow",
        "tools": {"odoo_unlink": {"action": "deny", "reason": "Nothing is deleted here."}},
    });
    let contact = world.contact();
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    let door = Door::open(settings);
    assert!(door.tool_names().contains(&"odoo_unlink".to_owned()));
    for arguments in [
        json!({"model": "res.partner", "ids": [contact.id]}),
        json!({"model": "res.partner", "ids": [contact.id], "dry_run": true}),
    ] {
        let answer = door.answer("odoo_unlink", arguments);
        let error = &answer.structured;
        assert_eq!(error["code"], "denied", "{error}");
        assert_eq!(error["reason"], "Nothing is deleted here.", "{error}");
        assert_eq!(error["rule"], "/tools/odoo_unlink", "{error}");
        assert!(error["policy"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{error}");
        assert_eq!(error["next"], "stop", "{error}");
        assert!(answer.text.contains("Nothing is deleted here."), "{}", answer.text);
    }
    assert!(front.recorded().is_empty(), "a denied call reached Odoo");
    assert!(world.oracle().exists("res.partner", contact.id));
}

fn a_capped_tool_stops_at_its_cap(world: &World) {
    let policy = json!({
        "version": "1", "default": "allow",
        "tools": {"odoo_create": {"limits": [{"counter": "made", "window": "day", "max": 2, "scope": "grant"}]}},
    });
    let front = world.front();
    let settings = world.settings().variable("ODOO_URL", &front.url()).policy(&policy);
    let door = Door::open(settings);
    let name = unique("Contact");
    let made: Vec<_> = (0..2)
        .map(|_| {
            let result = create(&door, &name).unwrap();
            world.adopt("res.partner", super::records_write::created(&result)[0])
        })
        .collect();
    for _ in 0..4 {
        let error = create(&door, &name).expect_err("the cap is reached");
        assert_eq!(error["next"], "wait", "{error}");
        assert_eq!(error["rule"], "/tools/odoo_create/limits/0", "{error}");
        assert!(
            error["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0 && wait <= 86_400_000),
            "{error}"
        );
        assert_eq!(error["next"], "wait", "{error}");
        assert_eq!(error["remaining"]["made"], 0, "{error}");
    }
    assert_eq!(front.calls_of("res.partner", "create"), 2, "a capped call reached Odoo");
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), made.len());
    // Other tools keep their own counters.
    door.ok("odoo_search_count", json!({"model": "res.partner"}));
}

fn a_refused_call_costs_nothing(world: &World) {
    let policy = json!({
        "version": "1", "default": "allow",
        "tools": {"odoo_create": {"limits": [{"counter": "made", "window": "day", "max": 1}]}},
    });
    let door = world.door_under(&policy);
    for values in
        [json!([]), json!(7), json!(null), json!({"country_id": "France", "name": "x"}), json!({"nmae": "x"})]
    {
        let error =
            door.call("odoo_create", json!({"model": "res.partner", "values": values})).expect_err("refused");
        assert_ne!(error["next"], "wait", "{values} was charged");
    }
    let made = create(&door, &unique("Contact")).unwrap();
    let _contact = world.adopt("res.partner", super::records_write::created(&made)[0]);
    assert_eq!(create(&door, &unique("Contact")).unwrap_err()["next"], "wait");
}

fn what_needs_approval_waits_for_a_person(world: &World) {
    let policy = json!({
        "version": "1", "default": "deny",
        "tools": {"odoo_create": {"action": "require_approval", "reason": "Ask first."}},
    });
    let name = unique("Contact");
    let door = world.door_under(&policy);
    let error = create(&door, &name).expect_err("nobody agreed");
    assert_eq!(error["code"], "needs_approval", "{error}");
    assert_eq!(error["next"], "ask", "{error}");
    assert_eq!(world.oracle().count("res.partner", json!([["name", "=", name]])), 0);
}

fn a_policy_that_does_not_load_opens_no_door(world: &World) {
    for (policy, word) in [
        (json!({"version": 1, "default": "deny"}), "version"),
        (json!({"version": "1", "defualt": "allow"}), "default"),
        (json!({"version": "1", "default": "allow", "hide": ["odoo_unlnik"]}), "odoo_unlink"),
        (json!([]), "object"),
    ] {
        let door = Door::spawn(world.settings().via(super::harness::Via::Stdio).policy(&policy));
        let (status, said) = door.close();
        assert_eq!(status.code(), Some(64), "{policy}: {said}");
        assert!(said.contains(word), "{policy}: it says what is wrong: {said}");
    }
}

fn a_rule_holds_for_the_deed_by_any_road(world: &World) {
    let contact = world.contact();
    let unlink = |args: Value| json!({"model": "res.partner", "method": "unlink", "args": args});
    let denied = json!({"action": "deny", "reason": "Archive instead."});
    for (policy, rule) in [
        (json!({"version": "1", "default": "allow", "tools": {"odoo_unlink": denied}}), "/tools/odoo_unlink"),
        (json!({"version": "1", "default": "allow", "hide": ["odoo_unlink"]}), "/hide/0"),
    ] {
        let door = world.door_under(&policy);
        for args in [json!([[contact.id]]), json!([contact.id]), json!([[contact.id, contact.id]])] {
            let error = door.refused("odoo_execute", unlink(args), &["denied"]);
            assert_eq!(error["rule"], rule, "{error}");
        }
        door.ok("odoo_execute", json!({"model": "res.partner", "method": "search_count", "args": [[]]}));
    }
    let policy = json!({"version": "1", "default": "deny", "tools": {
        "odoo_execute": {},
        "odoo_write": {"limits": [{"counter": "written", "window": "day", "max": 1}]},
    }});
    let door = world.door_under(&policy);
    let write = |comment: &str| json!({"model": "res.partner", "method": "write", "args": [[contact.id], {"comment": comment}]});
    door.ok("odoo_execute", write("one"));
    for _ in 0..2 {
        let error = door.refused("odoo_execute", write("two"), &["denied"]);
        assert_eq!(error["rule"], "/tools/odoo_write/limits/0", "{error}");
    }
    let direct = json!({"model": "res.partner", "ids": [contact.id], "values": {"comment": "three"}});
    door.refused("odoo_write", direct, &["denied"]);
    assert_eq!(world.oracle().count("res.partner", json!([["id", "=", contact.id]])), 1);
    let comment = world.oracle().field("res.partner", contact.id, "comment");
    assert!(comment.as_str().is_some_and(|comment| comment.contains("one")), "{comment}");
}
