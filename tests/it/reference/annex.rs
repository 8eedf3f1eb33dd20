//! The printed documents of the contract and its examples, decided by the second decision: what it is
//! worth shows here, before it is held against the first.

use serde_json::{Value, json};

use super::{
    decide::{self, Verdict},
    outcome::{call_facts, load, outcome},
    random::compare,
};

/// A call of the test catalogue; `more` replaces members of it.
fn call(tool: &str, args: Value, more: Value) -> Value {
    let mut call = json!({
        "tool": tool, "tool_class": "other", "args": args, "effects": [], "day": 4, "minute": 600, "user": "anna",
        "groups": [], "class": "other", "dry_run": false,
        "grant": "local", "client": "desk",
    });
    for (key, member) in more.as_object().unwrap() {
        call[key] = member.clone();
    }
    call
}

fn effect(model: &str, op: &str, method: &str, more: Value) -> Value {
    let mut effect = json!({
        "model": model, "op": op, "method": method, "connection": "erp", "part": "main", "context": {},
    });
    for (key, member) in more.as_object().unwrap() {
        effect[key] = member.clone();
    }
    json!({ "effects": [effect] })
}

fn word(verdict: &Verdict) -> String {
    match (verdict.refusals.iter().min(), verdict.asks.first()) {
        (Some((2, rule)), _) => format!("unknown {rule}"),
        (Some((_, rule)), _) => format!("deny {rule}"),
        (None, Some(rule)) => format!("ask {rule}"),
        (None, None) => "allow".to_owned(),
    }
}

#[track_caller]
fn check(policy: &Value, call: &Value, expected: &str) {
    let mut policy = policy.clone();
    policy["version"] = json!("1");
    policy.as_object_mut().unwrap().entry("default").or_insert(json!("allow"));
    let verdict = decide::decide(&policy, call);
    assert_eq!(word(&verdict), expected, "{policy}\n{call}\n{verdict:?}");
    let loaded = load(&policy).unwrap_or_else(|| panic!("does not load: {policy}"));
    compare(&policy, &loaded, call).unwrap_or_else(|why| panic!("{why}\n{policy}\n{call}"));
}

#[test]
fn an_amount_over_the_line_is_refused_and_so_is_one_that_is_text() {
    let policy = json!({"default": "deny", "tools": {"create_charge": {"deny_if": [
        {"conditions": [{"path": "args.amount", "op": "gt", "value": 100}], "on_deny": "Too much."}
    ]}}});
    let check =
        |args: Value, expected: &str| check(&policy, &call("create_charge", args, json!({})), expected);
    check(json!({"amount": 101}), "deny /tools/create_charge/deny_if/0");
    check(json!({"amount": "101"}), "deny /tools/create_charge/deny_if/0");
    check(json!({"amount": 100}), "allow");
    check(json!({}), "allow");
}

#[test]
fn what_is_required_must_be_there() {
    let policy = json!({"default": "deny", "tools": {"create_charge": {
        "require": ["args.reason"], "limits": [{"counter": "c", "window": "day", "max": 5, "scope": "grant"}]
    }}});
    let check =
        |args: Value, expected: &str| check(&policy, &call("create_charge", args, json!({})), expected);
    check(json!({}), "deny /tools/create_charge/require/0");
    check(json!({"reason": ""}), "allow");
    check(json!({"reason": "refund"}), "allow");
}

#[test]
fn silence_does_not_satisfy_a_negative() {
    let rule = |op: &str, value: Value| json!({"tools": {"create_charge": {"deny_if": [{"path": "args.env", "op": op, "value": value}]}}});
    let check = |op: &str, value: Value, args: Value, expected: &str| {
        check(&rule(op, value), &call("create_charge", args, json!({})), expected);
    };
    let refused = "deny /tools/create_charge/deny_if/0";
    check("neq", json!("test"), json!({}), refused);
    check("not_in", json!(["test"]), json!({}), refused);
    check("disjoint", json!(["test"]), json!({}), refused);
    check("eq", json!("test"), json!({}), "allow");
    check("in", json!(["test"]), json!({}), "allow");
    check("regex", json!("test"), json!({}), "allow");
    check("regex", json!("test"), json!({"env": 7}), refused);
    check("neq", json!("test"), json!({"env": "test"}), "allow");
    check("eq", json!("1"), json!({"env": 1}), "allow");
    check("eq", json!(1), json!({"env": 1.0}), refused);
}

#[test]
fn lists_are_entered_on_the_strict_side() {
    let rule = |section: &str, path: &str| json!({"tools": {"create_charge": {section: [{"path": path, "op": "lt", "value": 10}]}}});
    let check = |section: &str, path: &str, prices: Value, expected: &str| {
        let lines: Vec<Value> =
            prices.as_array().unwrap().iter().map(|price| json!({"price": price})).collect();
        check(&rule(section, path), &call("create_charge", json!({"lines": lines}), json!({})), expected);
    };
    let (denied, required) = ("deny /tools/create_charge/deny_if/0", "deny /tools/create_charge/require/0");
    check("deny_if", "args.lines.price", json!([5, 20]), denied);
    check("deny_if", "args.lines[*].price", json!([5, 20]), "allow");
    check("deny_if", "args.lines[?].price", json!([5, 20]), denied);
    check("require", "args.lines.price", json!([5, 20]), required);
    check("require", "args.lines[?].price", json!([5, 20]), "allow");
    check("require", "args.lines.price", json!([5, 6]), "allow");
    check("require", "args.lines.price", json!([]), required);
    check("deny_if", "args.lines.price", json!([]), "allow");
}

#[test]
fn amounts_are_counted_exactly_or_not_at_all() {
    let policy = json!({"tools": {"create_charge": {"limits": [
        {"counter": "spent", "window": "day", "max": "1000.00", "increment_from": "args.amount"}
    ]}}});
    let refused = "deny /tools/create_charge/limits/0";
    for (amount, expected) in [
        (json!(900), "allow"),
        (json!(0.99), "allow"),
        (json!(-100_000), refused),
        (json!(1000.01), refused),
        (json!("5"), refused),
        (Value::Null, refused),
    ] {
        check(&policy, &call("create_charge", json!({"amount": amount}), json!({})), expected);
    }
    check(&policy, &call("create_charge", json!({}), json!({})), refused);
    let verdict = decide::decide(&policy, &call("create_charge", json!({"amount": 0.99}), json!({})));
    assert_eq!(verdict.charges.values().copied().collect::<Vec<_>>(), [990_000]);
}

#[test]
fn a_person_is_asked_only_where_nothing_refuses() {
    let policy = json!({"tools": {
        "odoo_execute": {"action": "require_approval"},
        "*": {"deny_if": [{"path": "ctx.user", "op": "eq", "value": "mallory"}]},
    }});
    let execute = |user: &str| call("odoo_execute", json!({}), json!({"user": user}));
    check(&policy, &execute("anna"), "ask /tools/odoo_execute");
    check(&policy, &execute("mallory"), "deny /tools/*/deny_if/0");
}

#[test]
fn a_star_lists_nothing_and_a_pattern_does() {
    let policy = |name: &str| json!({"default": "deny", "tools": {name: {}}});
    check(&policy("*"), &call("odoo_read", json!({}), json!({})), "unknown /default");
    check(&policy("odoo_*"), &call("odoo_read", json!({}), json!({})), "allow");
    let of_class = json!({"default": "deny", "classes": {"read": {}}});
    check(&of_class, &call("odoo_read", json!({}), json!({"tool_class": "read"})), "allow");
    check(&of_class, &call("odoo_write", json!({}), json!({"tool_class": "write"})), "unknown /default");
}

#[test]
fn grants_are_intersected_or_stand_alone() {
    let policy = json!({
        "hide": ["odoo_unlink"],
        "grants": {
            "local": {"tools": {"odoo_write": {"action": "deny"}}},
            "office": {"inherit": false, "default": "allow"},
        },
    });
    let of = |grant: &str, tool: &str| call(tool, json!({}), json!({"grant": grant}));
    check(&policy, &of("local", "odoo_read"), "allow");
    check(&policy, &of("local", "odoo_unlink"), "unknown /hide/0");
    check(&policy, &of("local", "odoo_write"), "deny /grants/local/tools/odoo_write");
    check(&policy, &of("office", "odoo_unlink"), "allow");
    check(&policy, &of("office", "odoo_write"), "allow");
    check(&policy, &of("stranger", "odoo_read"), "deny /grants");
}

#[test]
fn connections_are_closed_and_modes_only_narrow() {
    let policy = json!({
        "connections": {"erp*": {"environment": "production"}, "erp-old": {"mode": "read_only"}},
        "environments": {"production": {"mode": "no_delete", "approve": ["mail"]}},
    });
    let on = |alias: &str, op: &str| {
        call("odoo_execute", json!({}), effect("sale.order", op, op, json!({"connection": alias})))
    };
    check(&policy, &on("erp", "write"), "allow");
    check(&policy, &on("erp", "unlink"), "deny /environments/production/mode");
    check(&policy, &on("erp", "mail"), "ask /environments/production/approve/0");
    check(&policy, &on("erp-old", "write"), "deny /connections/erp-old/mode");
    check(&policy, &on("erp-old", "read"), "allow");
    check(&policy, &on("other", "read"), "deny /connections");
}

#[test]
fn models_are_closed_and_those_with_code_stay_closed() {
    let policy = json!({"models": {
        "*": {"ops": ["read", "write", "unlink"]},
        "sale.order": {"ops": ["read", "write", "execute"], "methods": {"allow": ["action_*"], "deny": ["action_cancel"]}},
    }});
    let on = |model: &str, op: &str, method: &str| {
        call("odoo_execute", json!({}), effect(model, op, method, json!({})))
    };
    check(&policy, &on("res.partner", "unlink", "unlink"), "allow");
    check(&policy, &on("sale.order", "unlink", "unlink"), "deny /models/sale.order");
    check(&policy, &on("sale.order", "execute", "action_confirm"), "deny /models/*");
    check(&policy, &on("ir.cron", "read", "read"), "allow");
    check(&policy, &on("ir.cron", "write", "write"), "deny ");
    check(&policy, &on("ir.config_parameter", "read", "read"), "deny ");
    let named = json!({"models": {"ir.cron": {"ops": ["read", "write"]}}});
    check(&named, &on("ir.cron", "write", "write"), "allow");
    check(&named, &on("res.partner", "read", "read"), "deny /models");
}

#[test]
fn what_a_mask_hides_cannot_be_searched() {
    let policy = json!({"models": {"*": {"ops": ["read", "write"], "fields": {"*bank*": {"read": "mask"}, "bank_note": {"write": "deny"}}}}});
    let on = |op: &str, key: &str, field: &str| {
        call("odoo_execute", json!({}), effect("res.partner", op, op, json!({key: [field]})))
    };
    check(&policy, &on("read", "read", "bank_number"), "allow");
    check(&policy, &on("read", "filter", "bank_number"), "deny /models/*");
    check(&policy, &on("read", "filter", "name"), "allow");
    check(&policy, &on("write", "write", "bank_number"), "allow");
    check(&policy, &on("write", "write", "bank_note"), "deny /models/*");
}

#[test]
fn what_is_made_proves_its_scope_and_what_is_changed_keeps_it() {
    let policy = json!({"models": {"*": {"ops": ["read", "create", "write"], "domain": [["company_id", "in", [1, 3]]]}}});
    let on = |op: &str, values: Value| {
        let ids = if op == "write" { json!([7]) } else { json!([]) };
        call("odoo_execute", json!({}), effect("crm.lead", op, op, json!({"values": [values], "ids": ids})))
    };
    check(&policy, &on("create", json!({"company_id": 3})), "allow");
    check(&policy, &on("create", json!({"company_id": 2})), "deny /models/*/domain");
    check(&policy, &on("create", json!({})), "deny /models/*/domain");
    check(&policy, &on("write", json!({"company_id": 2})), "deny /models/*/domain");
    check(&policy, &on("write", json!({"name": "x"})), "allow");
    let verdict = decide::decide(&policy, &on("write", json!({"name": "x"})));
    assert_eq!(verdict.questions, ["/models/*/domain"]);
}

#[test]
fn a_connection_may_belong_to_several_environments() {
    let connections = json!({"erp*": {"environment": "production"}, "*-test": {"environment": "staging"}});
    let rule = |section: &str, op: &str| json!({"connections": connections, "tools": {"odoo_execute": {section: [{"path": "ctx.environment", "op": op, "value": "production"}]}}});
    let on = |alias: &str| {
        call("odoo_execute", json!({}), effect("sale.order", "read", "read", json!({"connection": alias})))
    };
    let (denied, required) = ("deny /tools/odoo_execute/deny_if/0", "deny /tools/odoo_execute/require/0");
    check(&rule("deny_if", "eq"), &on("erp-test"), denied);
    check(&rule("deny_if", "neq"), &on("erp-test"), denied);
    check(&rule("require", "eq"), &on("erp-test"), required);
    check(&rule("require", "neq"), &on("erp-test"), required);
    check(&rule("require", "eq"), &on("erp"), "allow");
    check(&rule("deny_if", "eq"), &on("old-test"), "allow");
}

#[test]
fn caps_of_the_older_language_hold_to_the_number() {
    let rule = |op: &str, value: u32| {
        json!({
            "name": format!("{op} {value}"),
            "conditions": [{"path": "state.create_charge.total", "op": op, "value": value}],
            "state": {"counter": "total", "window": "day", "increment_from": "args.amount"},
        })
    };
    let charge = |amount: Value| call("create_charge", json!({"amount": amount}), json!({}));
    for (op, amount, expected) in [
        ("lte", json!(100), "allow"),
        ("lte", json!(100.01), "deny /tools/create_charge/rules/0"),
        ("lt", json!(99.99), "allow"),
        ("lt", json!(100), "deny /tools/create_charge/rules/0"),
    ] {
        let policy = json!({"tools": {"create_charge": {"rules": [rule(op, 100)]}}});
        check(&policy, &charge(amount), expected);
    }
}

#[test]
fn of_two_caps_the_lower_one_holds() {
    let cap = |value: u32| json!([{"path": "state.create_charge.total", "op": "lte", "value": value}]);
    let state = json!({"counter": "total", "window": "day", "increment_from": "args.amount"});
    for (one, other) in [(100, 50), (50, 100)] {
        let rules = json!([{"conditions": cap(one), "state": state}, {"conditions": cap(other)}]);
        let policy =
            json!({"version": "1", "default": "allow", "tools": {"create_charge": {"rules": rules}}});
        let loaded = load(&policy).unwrap();
        let kind = |amount: u32| {
            outcome(&loaded, &call("create_charge", json!({"amount": amount}), json!({})), false).kind
        };
        assert_eq!((kind(50), kind(51)), ("allow", "deny"), "{policy}");
    }
}

#[test]
fn the_log_holds_short_texts_alone() {
    let rule = json!({"deny_if": [{"path": "args.reason", "op": "eq", "value": "x"}]});
    let policy = json!({"version": "1", "default": "allow", "tools": {"create_charge": rule}});
    let loaded = load(&policy).unwrap();
    let told = |length: usize| {
        let call = call("create_charge", json!({"reason": "y".repeat(length)}), json!({}));
        loaded.evidence(&call_facts(&call)).contains_key("args.reason")
    };
    assert!(told(1_000));
    assert!(!told(1_001));
}

#[test]
fn read_only_is_reading_and_nothing_else() {
    let policy = json!({"connections": {"erp": {"mode": "read_only"}}});
    let on = |op: &str| call("odoo_execute", json!({}), effect("sale.order", op, op, json!({})));
    check(&policy, &on("read"), "allow");
    for op in ["create", "write", "unlink", "execute", "mail", "report"] {
        check(&policy, &on(op), "deny /connections/erp/mode");
    }
}

#[test]
fn every_element_of_a_written_list_is_as_the_policy_wants_it() {
    let policy =
        json!({"models": {"sale.order": {"ops": ["write"], "values": {"name": {"op": "lte", "value": 5}}}}});
    let write = |name: Value| {
        let more = json!({"ids": [7], "write": ["name"], "values": [{"name": name}]});
        call("odoo_write", json!({}), effect("sale.order", "write", "write", more))
    };
    check(&policy, &write(json!([4, 5])), "allow");
    for name in [json!([4, 9]), json!([9, 4]), json!([]), json!("4"), json!(null), json!([4, "5"])] {
        check(&policy, &write(name), "deny /models/sale.order/values/name");
    }
}

#[test]
fn a_rule_in_shadow_opens_nothing() {
    let models = |mode: &str| json!({"models": {"ir.cron": {"ops": ["write"], "mode": mode}, "*": {"ops": ["write"]}}});
    let write = call("odoo_execute", json!({}), effect("ir.cron", "write", "write", json!({})));
    check(&models("shadow"), &write, "deny ");
    check(&models("enforce"), &write, "allow");
}

#[test]
fn a_deed_is_the_same_by_any_tool() {
    let policy = json!({"hide": ["odoo_unlink"], "tools": {"odoo_write": {"action": "deny"}}});
    let on = |op: &str| call("odoo_execute", json!({}), effect("crm.lead", op, op, json!({})));
    check(&policy, &on("unlink"), "deny /hide/0");
    check(&policy, &on("write"), "deny /tools/odoo_write");
    check(&policy, &on("create"), "allow");
}
