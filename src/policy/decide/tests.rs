//! Documents and calls: what the rules for tools, connections and grants decide.

use std::{str::FromStr as _, sync::Arc};

use serde_json::{Value, json};

use crate::{
    facts::{
        Approval, Arrival, CallFacts, Caller, Class, ConnectionAlias, ConnectionChange, Effect, Found,
        GrantName, JsonObject, MethodName, ModelName, Operation, Part, Pause, RecordEffect, Risk, ToolFacts,
        UserName,
    },
    policy::{BreakerEvent, Decision, DenialKind, Names, Needs, NextStep, Policy},
};

const TOOLS: Names = Names(&[
    "create_charge",
    "odoo_connect",
    "odoo_create",
    "odoo_execute",
    "odoo_read",
    "odoo_search_read",
    "odoo_unlink",
    "odoo_write",
]);

#[track_caller]
fn load(body: Value) -> Arc<Policy> {
    let mut policy = json!({"version": "1", "default": "allow"});
    for (key, value) in body.as_object().unwrap() {
        policy[key] = value.clone();
    }
    match Policy::load(policy.to_string().as_bytes(), &TOOLS) {
        Ok(policy) => Arc::new(policy),
        Err(error) => panic!("{error}\n{policy}"),
    }
}

fn object(value: Value) -> JsonObject {
    value.as_object().unwrap().clone()
}

/// A call without effects, at noon on a Saturday.
fn call(tool: &'static str) -> CallFacts {
    let class = match tool {
        "odoo_read" | "odoo_search_read" => Class::Read,
        "odoo_execute" => Class::Execute,
        "odoo_unlink" => Class::Destructive,
        _ => Class::Write,
    };
    CallFacts {
        caller: Caller::local(Arrival::Stdio),
        tool: ToolFacts { name: tool, family: "test", class, risk: Risk::Low },
        class,
        dry_run: false,
        arguments: Arc::default(),
        effects: Arc::from([]),
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        found: Found { unfolded: true, ..Found::default() },
    }
}

fn with(tool: &'static str, arguments: Value) -> CallFacts {
    CallFacts { arguments: Arc::new(object(arguments)), ..call(tool) }
}

fn effect(alias: &str, operation: Operation) -> RecordEffect {
    let (alias, model) = (ConnectionAlias::parse(alias).unwrap(), ModelName::parse("crm.lead").unwrap());
    RecordEffect::new(&alias, &model, operation, MethodName::known("write"))
}

fn doing(tool: &'static str, effects: impl IntoIterator<Item = RecordEffect>) -> CallFacts {
    CallFacts { effects: effects.into_iter().map(Effect::Records).collect(), ..call(tool) }
}

fn by(grant: &str, facts: CallFacts) -> CallFacts {
    let caller = Caller { grant: GrantName::parse(grant).unwrap(), ..facts.caller.clone() };
    CallFacts { caller, ..facts }
}

/// The decision in a word and its rule; an explanation decides the same.
fn word(policy: &Arc<Policy>, facts: &CallFacts) -> String {
    let say = |decision: Decision| match decision {
        Decision::Allow(permit) => match permit.shadow() {
            [] => format!("allow {}", permit.rule().0),
            would => format!("allow {}, would refuse {}", permit.rule().0, would[0].0),
        },
        Decision::Deny(denial) => {
            let kind = match denial.kind {
                DenialKind::Unknown => "unknown",
                DenialKind::Refused => "deny",
                DenialKind::Limited => "limited",
                DenialKind::NoGrant => "no grant",
                DenialKind::Paused => "paused",
                DenialKind::NotFound => "not found",
                DenialKind::UnknownField => "unknown field",
                DenialKind::BadAmount => "bad amount",
                DenialKind::NeedsApproval => "nobody to ask",
            };
            format!("{kind} {}", denial.rule.0)
        }
        Decision::Ask(ask) => {
            let rules: Vec<&str> = ask.rules.iter().map(|rule| &*rule.0).collect();
            format!("ask {}", rules.join(" "))
        }
        Decision::Needs(Needs::Definitions) => "needs definitions".to_owned(),
        Decision::Needs(Needs::Records { .. }) => "needs records".to_owned(),
    };
    let decided = say(policy.decide(facts));
    assert_eq!(decided, say(policy.explain(facts).decision), "an explanation decides the same");
    decided
}

#[track_caller]
fn check(body: Value, facts: &CallFacts, expected: &str) {
    let decided = word(&load(body), facts);
    // Which rule lets a call through matters to few cases.
    let decided = if expected == "allow" { decided.split(' ').next().unwrap() } else { &decided };
    assert_eq!(decided, expected, "{facts:?}");
}

#[test]
fn hidden_unlisted_and_pinned_otherwise_are_unknown() {
    let read = call("odoo_read");
    check(json!({}), &read, "allow /default");
    check(json!({"default": "deny"}), &read, "unknown /default");
    check(json!({"default": "deny", "tools": {"odoo_read": {}}}), &read, "allow /tools/odoo_read");
    check(json!({"default": "deny", "tools": {"odoo_r*": {}}}), &read, "allow /tools/odoo_r*");
    check(json!({"default": "deny", "tools": {"*": {}}}), &read, "unknown /default");
    check(json!({"default": "deny", "classes": {"read": {}}}), &read, "allow /classes/read");
    check(json!({"default": "deny", "classes": {"write": {}}}), &read, "unknown /default");
    check(json!({"hide": ["x_*", "odoo_*"]}), &read, "unknown /hide/1");
    check(json!({"hide": ["odoo_read"], "tools": {"odoo_read": {}}}), &read, "unknown /hide/0");
    check(json!({"hide": ["*"]}), &read, "unknown /hide/0");
    let pin = format!("sha256:{}", "0".repeat(64));
    check(json!({"pins": {"odoo_read": pin}}), &read, "unknown /pins/odoo_read");
}

#[test]
fn the_list_and_the_decision_agree() {
    for (body, shown) in [
        (json!({}), true),
        (json!({"hide": ["odoo_read"]}), false),
        (json!({"default": "deny"}), false),
        (json!({"tools": {"odoo_read": {"action": "deny"}}}), true),
        (json!({"grants": {"local": {}}}), true),
        (json!({"grants": {"local": {"hide": ["odoo_read"]}}}), false),
        (json!({"grants": {"office": {}}}), false),
        (json!({"hide": ["odoo_read"], "mode": "shadow"}), true),
    ] {
        let (policy, read) = (load(body.clone()), call("odoo_read"));
        assert_eq!(policy.might_allow(&read.caller, &read.tool), shown, "{body}");
    }
}

#[test]
fn every_rule_that_speaks_of_a_tool_holds() {
    for body in [
        json!({"all_tools": {"action": "deny"}}),
        json!({"classes": {"read": {"action": "deny"}}}),
        json!({"tools": {"*": {"action": "deny"}, "odoo_read": {"action": "allow"}}}),
        json!({"tools": {"*_read": {"action": "deny"}, "odoo_read": {}}}),
        json!({"tools": {"odoo_read": {"action": "deny"}}}),
        json!({"grants": {"local": {"all_tools": {"action": "deny"}}}}),
        json!({"all_tools": {"action": "deny"}, "grants": {"local": {}}}),
    ] {
        let decided = word(&load(body.clone()), &call("odoo_read"));
        assert!(decided.starts_with("deny "), "{body}: {decided}");
    }
    check(json!({"classes": {"write": {"action": "deny"}}}), &call("odoo_read"), "allow");
}

#[test]
fn a_grant_is_joined_with_the_top_or_stands_alone() {
    let body = json!({
        "hide": ["odoo_unlink"],
        "all_tools": {"require": ["args.reason"]},
        "grants": {
            "office": {"tools": {"odoo_write": {"action": "deny"}}},
            "robot": {"inherit": false, "default": "deny", "tools": {"odoo_unlink": {}}},
        },
    });
    let policy = load(body);
    let said =
        |grant: &str, tool: &'static str, arguments: Value| word(&policy, &by(grant, with(tool, arguments)));
    assert_eq!(said("local", "odoo_read", json!({})), "no grant /grants");
    assert_eq!(said("office", "odoo_read", json!({})), "deny /all_tools/require/0");
    assert_eq!(said("office", "odoo_read", json!({"reason": "x"})), "allow /default");
    assert_eq!(said("office", "odoo_unlink", json!({"reason": "x"})), "unknown /hide/0");
    assert_eq!(said("office", "odoo_write", json!({"reason": "x"})), "deny /grants/office/tools/odoo_write");
    assert_eq!(said("robot", "odoo_unlink", json!({})), "allow /grants/robot/tools/odoo_unlink");
    assert_eq!(said("robot", "odoo_read", json!({})), "unknown /grants/robot/default");
}

#[test]
fn who_is_paused_does_nothing() {
    let policy = load(json!({"hide": ["odoo_read"]}));
    for (until, next) in [(Some("2026-11-21T12:01:00Z"), NextStep::Wait), (None, NextStep::Stop)] {
        let mut facts = call("odoo_read");
        let until = until.map(|until| jiff::Timestamp::from_str(until).unwrap());
        facts.found.pause = Some(Pause { rule: "/breakers/0".into(), reason: "too often".into(), until });
        let Decision::Deny(denial) = policy.decide(&facts) else { panic!("not refused") };
        assert_eq!((denial.kind, &*denial.rule.0), (DenialKind::Paused, "/breakers/0"));
        assert_eq!((denial.next, &*denial.reason), (next, "too often"));
        assert_eq!(denial.retry_after.map(|wait| wait.as_secs()), until.map(|_| 60));
    }
}

#[test]
fn conditions_name_their_item_and_what_helps() {
    let body = json!({"all_tools": {"require": ["args.reason"]}, "tools": {"create_charge": {
        "deny_if": [{"name": "cap", "path": "args.amount", "op": "gt", "value": 100, "on_deny": "Too much."}],
    }}});
    let policy = load(body);
    let denial = |facts: &CallFacts| match policy.decide(facts) {
        Decision::Deny(denial) => denial,
        other => panic!("not refused: {other:?}"),
    };
    let missing = denial(&with("create_charge", json!({"amount": 5})));
    assert_eq!((&*missing.rule.0, missing.next), ("/all_tools/require/0", NextStep::ChangeArguments));
    assert!(missing.reason.contains("args.reason"), "{}", missing.reason);
    let above = denial(&with("create_charge", json!({"reason": "x", "amount": 100.01})));
    assert_eq!(&*above.rule.0, "/tools/create_charge/deny_if/0");
    assert_eq!(&*above.rule_name, "/tools/create_charge/deny_if/cap");
    assert_eq!(above.reason, "Too much.");
    let text = denial(&with("create_charge", json!({"reason": "x", "amount": "5"})));
    assert_eq!(&*text.rule.0, "/tools/create_charge/deny_if/0");
    let decided = word(&policy, &with("create_charge", json!({"reason": "", "amount": 100})));
    assert_eq!(decided, "allow /tools/create_charge");
}

#[test]
fn letters_are_the_same_however_they_are_composed() {
    let body = json!({"tools": {"create_charge": {"deny_if": [
        {"path": "args.name", "op": "eq", "value": "Ren\u{e9}"},
        {"path": "args.name", "op": "in", "value": ["Zoe\u{308}"]},
    ]}}});
    for name in ["Ren\u{e9}", "Rene\u{301}", "Zo\u{eb}", "Zoe\u{308}"] {
        let decided = word(&load(body.clone()), &with("create_charge", json!({"name": name})));
        assert!(decided.starts_with("deny "), "{name}: {decided}");
    }
    check(body, &with("create_charge", json!({"name": "Rene"})), "allow");
}

#[test]
fn each_main_effect_is_looked_at() {
    let body = json!({"tools": {"odoo_execute": {
        "deny_if": [{"path": "odoo.op", "op": "eq", "value": "unlink"}],
    }}});
    let (write, unlink) = (effect("erp", Operation::Write), effect("erp", Operation::Unlink));
    let hidden = RecordEffect { part: Part::Nested, ..unlink.clone() };
    check(body.clone(), &doing("odoo_execute", [write.clone()]), "allow");
    check(
        body.clone(),
        &doing("odoo_execute", [write.clone(), unlink]),
        "deny /tools/odoo_execute/deny_if/0",
    );
    check(body, &doing("odoo_execute", [write, hidden]), "allow");
}

#[test]
fn rules_of_the_older_language_have_to_hold() {
    let body = |action: &str| {
        json!({"tools": {"create_charge": {"rules": [{
            "name": "small", "action": action,
            "conditions": [{"path": "args.amount", "op": "lte", "value": 100}],
            "on_deny": "Ask accounting.",
        }]}}})
    };
    let charge = |amount: Value| with("create_charge", json!({"amount": amount}));
    let refused = "deny /tools/create_charge/rules/0";
    check(body("evaluate"), &charge(json!(100)), "allow");
    check(body("evaluate"), &charge(json!(101)), refused);
    check(body("evaluate"), &charge(json!("100")), refused);
    check(body("evaluate"), &call("create_charge"), refused);
    check(body("deny"), &charge(json!(1)), refused);
    check(body("require_approval"), &charge(json!(1)), "ask /tools/create_charge/rules/0");
    check(body("require_approval"), &charge(json!(101)), refused);
}

#[test]
fn one_call_has_a_largest_size() {
    let body = json!({"tools": {"*": {"batch": {"ids": 2, "values": 1, "rows": 10, "bytes": 40}}}});
    let write = effect("erp", Operation::Write);
    let read = effect("erp", Operation::Read);
    let rows: Arc<[JsonObject]> = Arc::from([object(json!({"a": 1})), object(json!({"a": 2}))]);
    let check = |facts: &CallFacts, expected: &str| check(body.clone(), facts, expected);
    check(&doing("odoo_write", [write.clone().with_ids(&[1, 2])]), "allow");
    check(&doing("odoo_write", [write.clone().with_ids(&[1, 2, 3])]), "deny /tools/*/batch/ids");
    check(&doing("odoo_write", [write.clone().with_values(rows.clone())]), "deny /tools/*/batch/values");
    let nested = RecordEffect { part: Part::Nested, ..write.clone().with_ids(&[1, 2, 3]) };
    check(&doing("odoo_write", [write.with_ids(&[1]), nested]), "deny /tools/*/batch/ids");
    check(&doing("odoo_read", [read.clone().bounded(10)]), "allow");
    check(&doing("odoo_read", [read.clone().bounded(0)]), "allow");
    check(&doing("odoo_read", [read.clone().with_ids(&[1, 2])]), "allow");
    check(&doing("odoo_read", [read.clone().bounded(11)]), "deny /tools/*/batch/rows");
    check(&doing("odoo_read", [read.clone()]), "deny /tools/*/batch/rows");
    check(&doing("odoo_read", [read.auxiliary()]), "allow");
    check(&with("create_charge", json!({"text": "x".repeat(40)})), "deny /tools/*/batch/bytes");
    check(&with("create_charge", json!({"text": "short"})), "allow");
}

#[test]
fn too_large_a_call_is_told_to_narrow() {
    let policy = load(json!({"all_tools": {"batch": {"rows": 10}}}));
    let Decision::Deny(denial) = policy.decide(&doing("odoo_read", [effect("erp", Operation::Read)])) else {
        panic!("not refused")
    };
    assert_eq!(denial.next, NextStep::Narrow);
    assert!(denial.reason.contains("at most 10 rows"), "{}", denial.reason);
}

/// The charges of an allowed call as `rule amount`.
#[track_caller]
fn charges(body: Value, facts: &CallFacts) -> Vec<String> {
    let Decision::Allow(permit) = load(body).decide(facts) else { panic!("not allowed") };
    permit.charges().iter().map(|charge| format!("{} {}", charge.limit.rule.0, charge.amount)).collect()
}

#[test]
fn what_a_call_weighs_is_exact_or_refused() {
    let body = json!({"tools": {"create_charge": {"limits": [
        {"counter": "spent", "window": "day", "max": "1000.00", "increment_from": "args.amount"}
    ]}}});
    for (amount, expected) in [
        (json!(1000.01), "limited"),
        (json!(-5), "bad amount"),
        (json!("5"), "bad amount"),
        (Value::Null, "bad amount"),
        (json!([5, -1]), "bad amount"),
        (json!({"x": 5}), "bad amount"),
    ] {
        let facts = with("create_charge", json!({"amount": amount}));
        check(body.clone(), &facts, &format!("{expected} /tools/create_charge/limits/0"));
    }
    check(body.clone(), &call("create_charge"), "bad amount /tools/create_charge/limits/0");
    let of = |amount: Value| charges(body.clone(), &with("create_charge", json!({"amount": amount})));
    assert_eq!(of(json!(0.99)), ["/tools/create_charge/limits/0 0.99"]);
    assert_eq!(of(json!([900, 99.5])), ["/tools/create_charge/limits/0 999.5"]);
}

#[test]
fn amounts_in_other_currencies_need_a_rate() {
    let body = json!({"tools": {"create_charge": {"limits": [{
        "counter": "spent", "window": "day", "max": "100.00", "increment_from": "args.amount",
        "unit": "money:EUR", "currency_from": "args.currency",
        "rates": {"date": "2026-11-20", "rates": {"USD": "0.9"}},
    }]}}});
    let of = |currency: Value| with("create_charge", json!({"amount": 50.5, "currency": currency}));
    let rule = "/tools/create_charge/limits/0";
    assert_eq!(charges(body.clone(), &of(json!("EUR"))), [format!("{rule} 50.5")]);
    assert_eq!(charges(body.clone(), &of(json!("USD"))), [format!("{rule} 45.45")]);
    assert_eq!(charges(body.clone(), &with("create_charge", json!({"amount": 7}))), [format!("{rule} 7")]);
    for bad in [json!("CHF"), json!("eur"), json!(1), json!(["EUR", "USD"])] {
        check(body.clone(), &of(bad), &format!("bad amount {rule}"));
    }
}

#[test]
fn records_are_counted_and_zero_denies() {
    let body = |max: u64| {
        json!({"tools": {"odoo_write": {"limits": [
            {"counter": "records", "window": "hour", "max": max, "increment_from": "odoo.count"}
        ]}}})
    };
    let write = doing("odoo_write", [effect("erp", Operation::Write).with_ids(&[1, 2, 3])]);
    assert_eq!(charges(body(3), &write), ["/tools/odoo_write/limits/0 3"]);
    check(body(2), &write, "limited /tools/odoo_write/limits/0");
    check(body(0), &write, "limited /tools/odoo_write/limits/0");
    check(body(3), &call("odoo_write"), "bad amount /tools/odoo_write/limits/0");
}

#[test]
fn a_rehearsal_reserves_nothing_unless_it_counts() {
    let body = |dry_run: &str, max: u64| {
        json!({"tools": {"odoo_write": {"dry_run": dry_run, "limits": [
            {"counter": "c", "window": "hour", "max": max}
        ]}}})
    };
    let rehearsal = CallFacts { dry_run: true, ..call("odoo_write") };
    assert_eq!(charges(body("free", 1), &rehearsal), [] as [&str; 0]);
    assert_eq!(charges(body("counted", 1), &rehearsal).len(), 1);
    check(body("free", 0), &rehearsal, "limited /tools/odoo_write/limits/0");
}

#[test]
fn a_deed_is_the_same_by_any_tool() {
    let body = json!({"hide": ["odoo_unlink"], "tools": {
        "odoo_write": {"require": ["args.reason"], "limits": [
            {"counter": "w", "window": "hour", "max": 10, "increment_from": "odoo.count"}
        ]},
        "odoo_create": {"action": "require_approval"},
    }});
    let of = |operation: Operation| effect("erp", operation).with_ids(&[1, 2]);
    let hidden = RecordEffect { part: Part::Nested, ..of(Operation::Unlink) };
    let execute = |effects: &[RecordEffect]| doing("odoo_execute", effects.to_vec());
    check(body.clone(), &execute(&[of(Operation::Unlink)]), "deny /hide/0");
    check(body.clone(), &execute(&[of(Operation::Write), hidden]), "deny /hide/0");
    check(body.clone(), &execute(&[of(Operation::Create)]), "ask /tools/odoo_create");
    check(body.clone(), &execute(&[of(Operation::Execute)]), "allow");
    assert_eq!(
        charges(body, &execute(&[of(Operation::Write)])),
        ["/tools/odoo_write/limits/0 2"],
        "limits carry over, conditions do not"
    );
}

#[test]
fn what_hides_in_a_call_is_asked_for_unless_the_call_is_refused_anyway() {
    let write = |values: Value| {
        let values = Arc::from([object(values)]);
        let mut facts = doing("odoo_write", [effect("erp", Operation::Write).with_values(values)]);
        facts.found.unfolded = false;
        facts
    };
    let hiding = write(json!({"order_line": [[2, 5]]}));
    for body in
        [json!({}), json!({"hide": ["odoo_unlink"]}), json!({"connections": {"erp": {"mode": "no_delete"}}})]
    {
        check(body.clone(), &hiding, "needs definitions");
        check(body, &write(json!({"name": "x"})), "allow");
    }
    let refused = json!({"tools": {"odoo_write": {"action": "deny"}}, "hide": ["odoo_unlink"]});
    check(refused, &hiding, "deny /tools/odoo_write");
    let unfolded = CallFacts { found: Found { unfolded: true, ..Found::default() }, ..hiding };
    check(json!({"hide": ["odoo_unlink"]}), &unfolded, "allow");
}

#[test]
fn connections_are_closed_and_modes_only_narrow() {
    let body = json!({
        "connections": {"erp*": {"environment": "production"}, "erp-old": {"mode": "read_only"}, "gone": {"mode": "off"}},
        "environments": {"production": {"mode": "no_delete", "approve": ["mail"]}},
    });
    let on = |alias: &str, operation: Operation| doing("odoo_execute", [effect(alias, operation)]);
    let check = |facts: &CallFacts, expected: &str| check(body.clone(), facts, expected);
    check(&on("erp", Operation::Write), "allow");
    check(&on("erp", Operation::Unlink), "deny /environments/production/mode");
    check(&on("erp", Operation::Mail), "ask /environments/production/approve/0");
    check(&on("erp-old", Operation::Write), "deny /connections/erp-old/mode");
    check(&on("erp-old", Operation::Execute), "deny /connections/erp-old/mode");
    check(&on("erp-old", Operation::Read), "allow");
    check(&on("gone", Operation::Read), "deny /connections/gone/mode");
    check(&on("other", Operation::Read), "deny /connections");
    let change = |alias: &str, change: ConnectionChange| CallFacts {
        effects: Arc::from([Effect::Connection {
            connection: ConnectionAlias::parse(alias).unwrap(),
            change,
        }]),
        ..call("odoo_connect")
    };
    check(&change("erp", ConnectionChange::Connect), "allow");
    check(&change("erp-old", ConnectionChange::Inspect), "allow");
    check(&change("erp-old", ConnectionChange::Connect), "deny /connections/erp-old/mode");
    check(&change("gone", ConnectionChange::Inspect), "deny /connections/gone/mode");
    check(&change("other", ConnectionChange::Connect), "deny /connections");
}

#[test]
fn environments_have_opening_times() {
    let body = json!({
        "connections": {"erp": {"environment": "production"}},
        "environments": {"production": {"time": "office"}},
        "time_windows": {"office": {"tz": "Europe/Vienna", "days": ["mon", "tue", "wed", "thu", "fri", "sat"], "from": "08:00", "to": "13:00"}},
        "tools": {"odoo_write": {"deny_if": [{"path": "ctx.environment", "op": "eq", "value": "production"}]}},
    });
    let at = |time: &str, tool: &'static str| CallFacts {
        at: time.parse().unwrap(),
        ..doing(tool, [effect("erp", Operation::Read)])
    };
    let closed = "deny /environments/production/time";
    check(body.clone(), &at("2026-11-21T07:00:00Z", "odoo_read"), "allow");
    check(body.clone(), &at("2026-11-21T12:00:00Z", "odoo_read"), closed);
    check(body.clone(), &at("2026-11-21T06:59:59Z", "odoo_read"), closed);
    check(body.clone(), &at("2026-11-22T09:00:00Z", "odoo_read"), closed);
    check(body, &at("2026-11-21T07:00:00Z", "odoo_write"), "deny /tools/odoo_write/deny_if/0");
}

#[test]
fn companies_have_to_be_named_and_open() {
    let body = json!({"connections": {"*": {"companies": [1, 3]}}});
    let within = |context: Value, values: Value| {
        let values: Arc<[JsonObject]> = Arc::from([object(values)]);
        let effect = effect("erp", Operation::Write).in_context(Arc::new(object(context)));
        doing("odoo_write", [effect.with_values(values)])
    };
    let refused = "deny /connections/*/companies";
    let companies = |ids: Value| json!({"allowed_company_ids": ids});
    check(body.clone(), &within(companies(json!([1, 3])), json!({"company_id": 3})), "allow");
    check(body.clone(), &within(json!({}), json!({})), refused);
    check(body.clone(), &within(companies(json!([])), json!({})), refused);
    check(body.clone(), &within(companies(json!([1, 2])), json!({})), refused);
    check(body.clone(), &within(companies(json!(1)), json!({})), refused);
    check(body, &within(companies(json!([1])), json!({"company_id": 2})), refused);
}

#[test]
fn a_person_is_asked_once_nothing_refuses_and_on_the_strictest_terms() {
    let body = json!({
        "approvals": {"ttl": 600, "modes": ["url", "form"], "approvers": ["group:finance", "user:anna"], "max_pending": 5},
        "all_tools": {"approve_if": [{"path": "args.amount", "op": "gt", "value": 10}]},
        "tools": {"create_charge": {
            "action": "require_approval", "reason": "Money leaves the house.",
            "approval": {"ttl": 60, "modes": ["form", "console"], "approvers": ["user:anna"], "self_approval": false},
            "deny_if": [{"path": "args.amount", "op": "gt", "value": 100}],
        }},
    });
    let policy = load(body);
    let charge = |amount: u64| with("create_charge", json!({"amount": amount}));
    assert_eq!(word(&policy, &charge(5)), "ask /tools/create_charge");
    assert_eq!(word(&policy, &charge(101)), "deny /tools/create_charge/deny_if/0");
    let Decision::Ask(ask) = policy.decide(&charge(50)) else { panic!("not asked") };
    let rules: Vec<&str> = ask.rules.iter().map(|rule| &*rule.0).collect();
    assert_eq!(rules, ["/tools/create_charge", "/all_tools/approve_if/0"]);
    assert_eq!(ask.reason, "Money leaves the house.");
    assert_eq!((ask.terms.ttl.as_secs(), ask.terms.max_pending, ask.terms.self_approval), (60, 5, false));
    assert_eq!(ask.terms.modes, [crate::policy::ApprovalMode::Form]);
    assert_eq!(ask.terms.approvers, [Arc::from("user:anna")]);
    let mut approved = charge(50);
    approved.found.approval = Some(Approval { id: "1".into(), by: "user:anna".into() });
    assert_eq!(word(&policy, &approved), "allow /tools/create_charge");
    let mut refused = charge(101);
    refused.found.approval = approved.found.approval;
    assert_eq!(word(&policy, &refused), "deny /tools/create_charge/deny_if/0");
}

#[test]
fn where_nobody_could_agree_the_call_is_refused() {
    let body = |approvers: Value, modes: Value| {
        json!({
            "approvals": {"approvers": ["group:finance"], "modes": ["url"]},
            "all_tools": {"action": "require_approval"},
            "tools": {"create_charge": {"action": "require_approval", "approval": {"approvers": approvers, "modes": modes}}},
        })
    };
    check(body(json!(["user:anna"]), json!(["url"])), &call("create_charge"), "nobody to ask /all_tools");
    check(
        body(json!(["group:finance"]), json!(["form"])),
        &call("create_charge"),
        "nobody to ask /all_tools",
    );
    check(
        body(json!(["group:finance"]), json!(["url"])),
        &call("create_charge"),
        "ask /all_tools /tools/create_charge",
    );
}

#[test]
fn a_rule_in_shadow_says_what_it_would_do_and_nothing_else() {
    let read = call("odoo_read");
    for (body, rule) in [
        (json!({"tools": {"odoo_read": {"mode": "shadow", "action": "deny"}}}), "/tools/odoo_read"),
        (
            json!({"tools": {"odoo_read": {"mode": "shadow", "action": "require_approval"}}}),
            "/tools/odoo_read",
        ),
        (
            json!({"tools": {"odoo_read": {"require": [{"path": "args.x", "op": "exists", "value": true, "mode": "shadow"}]}}}),
            "/tools/odoo_read/require/0",
        ),
        (json!({"classes": {"read": {"mode": "shadow", "require": ["args.x"]}}}), "/classes/read/require/0"),
        (
            json!({"tools": {"odoo_read": {"limits": [{"counter": "c", "window": "day", "max": 0, "mode": "shadow"}]}}}),
            "/tools/odoo_read/limits/0",
        ),
        (json!({"mode": "shadow", "hide": ["odoo_read"]}), "/hide/0"),
        (json!({"mode": "shadow", "default": "deny"}), "/default"),
        (
            json!({"grants": {"local": {"mode": "shadow", "all_tools": {"action": "deny"}}}}),
            "/grants/local/all_tools",
        ),
    ] {
        let decided = word(&load(body.clone()), &read);
        assert!(
            decided.starts_with("allow ") && decided.ends_with(&format!("would refuse {rule}")),
            "{body}: {decided}"
        );
    }
    let counted = json!({"tools": {"odoo_read": {"limits": [{"counter": "c", "window": "day", "max": 5, "mode": "shadow"}]}}});
    let Decision::Allow(permit) = load(counted).decide(&read) else { panic!("not allowed") };
    assert!(permit.charges().iter().all(|charge| charge.limit.shadow), "a counter of its own");
}

#[test]
fn an_explanation_tells_all_steps() {
    let policy = load(json!({
        "hide": ["odoo_write"],
        "tools": {"odoo_write": {"action": "deny", "require": ["args.reason"], "limits": [{"counter": "c", "window": "day", "max": 5}]}},
        "connections": {},
    }));
    let explanation = policy.explain(&doing("odoo_write", [effect("erp", Operation::Write)]));
    let numbers: Vec<u8> = explanation.steps.iter().map(|step| step.number).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<u8>>());
    let said: Vec<String> = explanation
        .steps
        .iter()
        .flat_map(|step| {
            step.findings.iter().map(|found| format!("{} {} {}", step.number, found.word, found.rule.0))
        })
        .collect();
    for expected in [
        "2 refuses /hide/0",
        "3 refuses /tools/odoo_write",
        "4 refuses /connections",
        "6 refuses /tools/odoo_write/require/0",
        "8 charges /tools/odoo_write/limits/0",
    ] {
        assert!(said.iter().any(|line| line == expected), "{expected}: {said:?}");
    }
    assert!(matches!(explanation.decision, Decision::Deny(denial) if denial.kind == DenialKind::Unknown));
}

#[test]
fn the_log_gets_what_rules_looked_at_and_no_secret() {
    let policy = load(json!({"tools": {"create_charge": {
        "require": ["args.reason", "args.password", "args.lines"],
        "deny_if": [{"path": "args.lines[*].price", "op": "gt", "value": 100}, {"path": "ctx.user", "op": "eq", "value": "x"}],
    }}}));
    let arguments =
        json!({"reason": "moved", "password": "p", "lines": [{"price": 5}, {"price": 7}], "other": 1});
    let evidence = policy.evidence(&with("create_charge", arguments));
    assert_eq!(
        Value::Object(evidence),
        json!({"args.reason": "moved", "args.lines[*].price": [5, 7], "ctx.user": "local"})
    );
}

#[test]
fn breakers_are_those_of_the_caller() {
    let policy = load(json!({
        "breakers": [{"on": "denied", "max": 20, "window": 60, "scope": "user", "then": "pause", "for": 300}],
        "grants": {"local": {"breakers": [{"on": "failed", "max": 3, "window": 60, "then": "pause", "for": 10}]}},
    }));
    let facts = call("odoo_read");
    let breakers = policy.breakers(&facts);
    assert_eq!(breakers.len(), 2);
    assert_eq!(breakers[0].scope.user, Some(UserName::local()));
    assert_eq!(breakers[0].scope.grant, None);
    assert_eq!((breakers[0].max, breakers[0].window_seconds, breakers[0].pause_seconds), (20, 60, 300));
    assert_eq!(policy.breakers_on(&facts, BreakerEvent::Failed).len(), 1);
    assert_eq!(policy.breakers(&by("stranger", facts)).len(), 1, "a stranger is stopped as well");
}

#[test]
fn result_paths_to_mask_are_those_of_the_tool() {
    let policy = load(json!({"tools": {
        "odoo_read": {"redact": ["records[*].email"]},
        "odoo_r*": {"redact": ["records[*].email", "total"], "mode": "enforce"},
        "odoo_write": {"redact": ["ids"]},
    }}));
    let Decision::Allow(permit) = policy.decide(&call("odoo_read")) else { panic!("not allowed") };
    let mut paths = permit.redacted_paths();
    paths.sort();
    assert_eq!(paths, [Arc::from("records[*].email"), Arc::from("total")]);
}
