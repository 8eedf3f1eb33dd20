//! Sizes, weights, charges, and what a deed costs whichever tool does it.

use super::*;

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
    let of_answers = |weight: &str| {
        json!({"tools": {"odoo_read": {"limits": [
            {"counter": "c", "window": "hour", "max": 0, "increment_from": weight}
        ]}}})
    };
    let counted = doing("odoo_read", [effect("erp", Operation::Read).bounded(0)]);
    check(of_answers("rows"), &counted, "limited /tools/odoo_read/limits/0");
    check(of_answers("bytes"), &counted, "limited /tools/odoo_read/limits/0");
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
