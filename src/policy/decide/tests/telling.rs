//! Questions to a person, shadow, explanations, evidence, breakers.

use super::*;

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
fn an_explanation_says_what_lets_a_call_through() {
    let policy = load(json!({"default": "deny", "tools": {"odoo_read": {}}}));
    let explanation = policy.explain(&call("odoo_read"));
    let said: Vec<String> = explanation
        .steps
        .iter()
        .flat_map(|step| step.findings.iter().map(|found| format!("{} {}", found.word, found.rule.0)))
        .collect();
    assert_eq!(said, ["allows /tools/odoo_read"]);
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
