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

/// A create on `erp` that costs 50.5, with these values and this context.
fn paying(values: Value, context: Value) -> CallFacts {
    let mut values = object(values);
    values.insert("amount".to_owned(), json!(50.5));
    let mut create = effect("erp", Operation::Create).with_values(Arc::from([values]));
    create.context = Arc::new(object(context));
    doing("odoo_create", [create])
}

fn spending(more: Value) -> Value {
    let mut limit = json!({
        "counter": "spent", "window": "day", "max": "100.00", "increment_from": "odoo.values.amount",
        "unit": "money:EUR", "currency_from": "odoo.values.currency_id",
        "rates": {"date": "2026-11-20", "rates": {"USD": "0.9"}},
    });
    limit.as_object_mut().unwrap().extend(object(more));
    json!({"tools": {"odoo_create": {"limits": [limit]}}})
}

/// Three currencies, of which CHF has no rate; companies 1 to 3 have one each, 1 is the user's own.
fn knowing(facts: CallFacts) -> CallFacts {
    let tables = json!({"erp": {
        "codes": {"1": "EUR", "2": "USD", "4": "CHF"},
        "companies": {"1": "EUR", "2": "USD", "3": "CHF"},
        "own_company": 1,
    }});
    let currencies = Some(Arc::new(serde_json::from_value(tables).unwrap()));
    CallFacts { found: Found { currencies, ..facts.found.clone() }, ..facts }
}

const SPENT: &str = "/tools/odoo_create/limits/0";

#[test]
fn currencies_by_id_and_of_the_company_are_asked_for_once() {
    let body = || spending(json!({}));
    for (values, context, amount) in [
        (json!({"currency_id": 1}), json!({}), "50.5"),
        (json!({"currency_id": 2}), json!({}), "45.45"),
        (json!({"currency_id": [2, "USD"]}), json!({}), "45.45"),
        (json!({"currency_id": {"id": 2, "display_name": "US"}}), json!({}), "45.45"),
        (json!({}), json!({}), "50.5"),
        (json!({"company_id": 2}), json!({}), "45.45"),
        (json!({"company_id": [2, "x"]}), json!({"allowed_company_ids": [3]}), "45.45"),
        (json!({"company_id": false}), json!({"allowed_company_ids": [2, 1]}), "45.45"),
        (json!({}), json!({"allowed_company_ids": [2, 3]}), "45.45"),
        (json!({}), json!({"allowed_company_ids": []}), "50.5"),
    ] {
        let facts = paying(values, context);
        check(body(), &facts, "needs currencies");
        assert_eq!(charges(body(), &knowing(facts)), [format!("{SPENT} {amount}")]);
    }
    // A code says it all.
    assert_eq!(
        charges(body(), &paying(json!({"currency_id": "USD"}), json!({}))),
        [format!("{SPENT} 45.45")]
    );
    let every = spending(json!({
        "increment_from": "odoo.values[*].amount", "currency_from": "odoo.values[*].currency_id",
    }));
    let facts = knowing(paying(json!({"currency_id": 2}), json!({})));
    assert_eq!(charges(every, &facts), [format!("{SPENT} 45.45")], "one value object is a list as well");
}

#[test]
fn a_currency_that_nobody_knows_is_refused() {
    let bad = format!("bad amount {SPENT}");
    for (values, context) in [
        (json!({"currency_id": 4}), json!({})),
        (json!({"currency_id": 9}), json!({})),
        (json!({"currency_id": [4, "EUR"]}), json!({})),
        (json!({"currency_id": {"id": 9}}), json!({})),
        (json!({"company_id": 3}), json!({})),
        (json!({"company_id": 9}), json!({"allowed_company_ids": [1]})),
        (json!({"company_id": 3}), json!({"allowed_company_ids": [1]})),
        (json!({}), json!({"allowed_company_ids": [3, 1]})),
        (json!({}), json!({"allowed_company_ids": [9]})),
    ] {
        let facts = paying(values, context);
        check(spending(json!({})), &facts, "needs currencies");
        check(spending(json!({})), &knowing(facts), &bad);
    }
    // These are refused without asking.
    for (values, context) in [
        (json!({"currency_id": "CHF"}), json!({})),
        (json!({"currency_id": "1"}), json!({})),
        (json!({"currency_id": 0}), json!({})),
        (json!({"currency_id": -1}), json!({})),
        (json!({"currency_id": 1.5}), json!({})),
        (json!({"currency_id": false}), json!({})),
        (json!({"currency_id": null}), json!({})),
        (json!({"currency_id": []}), json!({})),
        (json!({"currency_id": ["1", "EUR"]}), json!({})),
        (json!({"currency_id": {"name": "EUR"}}), json!({})),
        (json!({"company_id": "1"}), json!({})),
        (json!({"company_id": -1}), json!({})),
        (json!({}), json!({"allowed_company_ids": "1"})),
        (json!({}), json!({"allowed_company_ids": ["1"]})),
    ] {
        let facts = paying(values, context);
        check(spending(json!({})), &facts, &bad);
        check(spending(json!({})), &knowing(facts), &bad);
    }
}

#[test]
fn currencies_are_asked_for_only_where_nothing_else_refuses() {
    let facts = || paying(json!({"currency_id": 1}), json!({}));
    check(spending(json!({"max": "0"})), &facts(), "needs currencies");
    check(spending(json!({"max": "0"})), &knowing(facts()), &format!("limited {SPENT}"));
    check(spending(json!({"max": "50.00"})), &knowing(facts()), &format!("limited {SPENT}"));
    check(
        spending(json!({"increment_from": "odoo.values.nothing"})),
        &facts(),
        &format!("bad amount {SPENT}"),
    );
    let mut denied = spending(json!({}));
    denied["tools"]["odoo_create"]["deny_if"] =
        json!([{"conditions": [{"path": "odoo.values.amount", "op": "gt", "value": 1}]}]);
    check(denied, &facts(), "deny /tools/odoo_create/deny_if/0");
    let mut asking = spending(json!({}));
    asking["tools"]["odoo_create"]["action"] = json!("require_approval");
    check(asking.clone(), &facts(), "needs currencies");
    check(asking, &knowing(facts()), "ask /tools/odoo_create");
    check(
        spending(json!({"mode": "shadow"})),
        &knowing(paying(json!({"currency_id": 9}), json!({}))),
        &format!("allow /tools/odoo_create, would refuse {SPENT}"),
    );
    // Another connection's currencies say nothing.
    let mut elsewhere = knowing(facts());
    elsewhere.found.currencies = Some(Arc::default());
    check(spending(json!({})), &elsewhere, &format!("bad amount {SPENT}"));
}

#[test]
fn a_currency_may_be_a_default_of_the_context() {
    let mut facts = paying(json!({}), json!({"default_currency_id": 4}));
    facts.found.unfolded = false;
    check(spending(json!({})), &knowing(facts.clone()), "needs definitions");
    check(spending(json!({})), &facts, "needs definitions");
    // The definitions make values of the defaults.
    let unfolded = knowing(paying(json!({"currency_id": 4}), json!({})));
    check(spending(json!({})), &unfolded, &format!("bad amount {SPENT}"));
}

#[test]
fn each_record_is_of_its_own_company() {
    let values: Arc<[JsonObject]> = Arc::from([
        object(json!({"amount": 1, "company_id": 1})),
        object(json!({"amount": 1, "company_id": 2})),
    ]);
    let facts = doing("odoo_create", [effect("erp", Operation::Create).with_values(values)]);
    check(spending(json!({})), &knowing(facts), &format!("bad amount {SPENT}"));
    let values: Arc<[JsonObject]> = Arc::from([
        object(json!({"amount": 1, "company_id": 2})),
        object(json!({"amount": 1, "currency_id": "USD"})),
    ]);
    let facts = doing("odoo_create", [effect("erp", Operation::Create).with_values(values)]);
    assert_eq!(charges(spending(json!({})), &knowing(facts)), [format!("{SPENT} 1.8")]);
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
