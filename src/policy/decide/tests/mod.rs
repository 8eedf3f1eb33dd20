//! Documents and calls: what the rules for tools, connections and grants decide.

mod amounts;
mod connections;
mod memory;
mod telling;

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
                DenialKind::Scope => "insufficient_scope",
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
        Decision::Needs(Needs::Currencies { .. }) => "needs currencies".to_owned(),
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
