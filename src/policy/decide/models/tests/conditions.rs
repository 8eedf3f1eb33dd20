//! Values, context, conditions, sizes, limits, and when definitions are asked for.

use super::*;

#[test]
fn values_have_to_be_as_the_policy_says() {
    let models = json!({"account.payment": {"ops": ["create", "write"], "values": {"amount": {"op": "lte", "value": "2500.00", "reason": "Too much."}}}});
    let rule = "deny /models/account.payment/values/amount";
    check(models.clone(), create("account.payment", json!({"amount": 2500})), "allow");
    check(models.clone(), create("account.payment", json!({"memo": "x"})), "allow");
    check(models.clone(), create("account.payment", json!({"amount": 2500.01})), rule);
    check(models.clone(), write("account.payment", json!({"amount": "1"})), rule);
    check(models.clone(), write("account.payment", json!({"amount": null})), rule);
    check(models.clone(), part(write("account.payment", json!({"amount": 9999})), Part::Nested), rule);
    let two: Arc<[_]> = [json!({"amount": 1}), json!({"amount": 9999})]
        .iter()
        .map(|one| one.as_object().unwrap().clone())
        .collect();
    check(models, create("account.payment", json!({})).with_values(two), rule);
}

#[test]
fn context_beyond_the_safe_keys_has_to_be_listed() {
    let models = json!({"sale.order": {"ops": ["read", "write"], "context": ["mail_notrack"]}});
    let safe = json!({"lang": "fr_FR", "tz": "UTC", "active_test": false, "allowed_company_ids": [1], "bin_size": true, "uid": 1, "company_id": 1, "import_compat": true});
    check(models.clone(), within(read("sale.order"), safe), "allow");
    check(models.clone(), within(read("sale.order"), json!({"mail_notrack": true})), "allow");
    check(models.clone(), within(read("sale.order"), json!({"force_company": 2})), "deny /models/sale.order");
    check(
        models.clone(),
        within(write("sale.order", json!({"note": "x"})), json!({"tracking_disable": true})),
        "deny /models/sale.order",
    );
    check(models, within(read("sale.order"), json!({"LANG": "x"})), "deny /models/sale.order");
    check_policy(&without_models(), within(read("sale.order"), json!({"force_company": 2})), "allow");
}

#[test]
fn a_default_of_no_known_field_may_set_anything() {
    let context = json!({"default_state": "sale", "default_x": 1});
    let make = || within(create("sale.order", json!({"state": "sale"})), context.clone());
    check(json!({"*": {"ops": ["create"]}}), make(), "deny /models/*");
    check(json!({"*": {"ops": ["create"], "context": ["default_x"]}}), make(), "allow");
    check(json!({"*": {"ops": ["create"], "context": ["default_y"]}}), make(), "deny /models/*");
    check_policy(&without_models(), make(), "deny ");
    let known = within(create("sale.order", json!({"state": "sale"})), json!({"default_state": "sale"}));
    check(json!({"*": {"ops": ["create"]}}), &known, "allow");
    check(
        json!({"*": {"ops": ["create"], "fields": {"state": {"write": "deny"}}}}),
        &known,
        "deny /models/*/fields/state",
    );
    check_policy(&without_models(), within(read("sale.order"), json!({"default_x": 1})), "allow");
}

#[test]
fn what_is_asked_of_values_is_not_asked_of_reading() {
    let models = |more: Value| {
        let mut rule = json!({"ops": ["read", "create", "unlink"]});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "account.payment": rule })
    };
    let amount = |op: &str| json!({"path": "odoo.values.amount", "op": op, "value": 100});
    for quiet in [
        json!({"approve_if": [amount("gt")]}),
        json!({"deny_if": [amount("neq")]}),
        json!({"require": [amount("lt")]}),
        json!({"deny_if": [{"any": [amount("neq"), {"path": "ctx.user", "op": "eq", "value": "x"}]}]}),
        json!({"limits": [{"counter": "c", "window": "day", "max": 5, "increment_from": "odoo.values.amount"}]}),
    ] {
        check(models(quiet), read("account.payment"), "allow");
    }
    for (loud, rule) in [
        (
            json!({"deny_if": [{"any": [amount("neq"), {"path": "ctx.user", "op": "eq", "value": "local"}]}]}),
            "deny_if/0",
        ),
        (json!({"deny_if": [{"path": "odoo.op", "op": "eq", "value": "read"}]}), "deny_if/0"),
        (json!({"deny_if": [{"path": "args.amount", "op": "neq", "value": 1}]}), "deny_if/0"),
        (
            json!({"require": [{"path": "odoo.values.amount", "op": "lt", "value": 1, "on_missing": "deny"}]}),
            "require/0",
        ),
        (json!({"limits": [{"counter": "c", "window": "day", "max": 0}]}), "limits/0"),
    ] {
        check(models(loud), read("account.payment"), &format!("deny /models/account.payment/{rule}"));
    }
    check(
        models(json!({"approve_if": [amount("gt")]})),
        unlink("account.payment"),
        "ask /models/account.payment/approve_if/0",
    );
    check(
        models(json!({"approve_if": [amount("gt")]})),
        create("account.payment", json!({"memo": "x"})),
        "ask /models/account.payment/approve_if/0",
    );
    check(
        models(json!({"deny_if": [amount("neq")]})),
        create("account.payment", json!({"memo": "x"})),
        "deny /models/account.payment/deny_if/0",
    );
}

#[test]
fn conditions_sizes_and_limits_hold_for_each_effect() {
    let models = |more: Value| {
        let mut rule = json!({"ops": ["read", "write", "create"]});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "account.payment": rule, "*": {"ops": ["read", "write", "create"]} })
    };
    let pay = |amount: Value| create("account.payment", json!({"amount": amount}));
    let asks =
        models(json!({"approve_if": [{"path": "odoo.values.amount", "op": "gt", "value": "2500.00"}]}));
    check(asks.clone(), pay(json!(2500)), "allow");
    check(asks.clone(), pay(json!(2500.5)), "ask /models/account.payment/approve_if/0");
    check(asks.clone(), pay(json!("2")), "ask /models/account.payment/approve_if/0");
    check(asks.clone(), part(pay(json!(9999)), Part::Nested), "ask /models/account.payment/approve_if/0");
    check(asks, part(pay(json!(9999)), Part::Auxiliary), "allow");
    let denies = models(json!({"deny_if": [{"path": "odoo.values.user_id", "op": "exists", "value": true}]}));
    check(
        denies.clone(),
        write("account.payment", json!({"user_id": 1})),
        "deny /models/account.payment/deny_if/0",
    );
    check(denies, write("res.partner", json!({"user_id": 1})), "allow");
    let requires = models(json!({"require": ["odoo.values.memo"]}));
    check(requires.clone(), pay(json!(1)), "deny /models/account.payment/require/0");
    check(requires, write("account.payment", json!({"memo": "x"})), "allow");
    let batch = models(json!({"batch": {"ids": 1, "rows": 5}}));
    check(
        batch.clone(),
        write("account.payment", json!({})).with_ids(&[7, 8]),
        "deny /models/account.payment/batch/ids",
    );
    check(batch.clone(), read("account.payment"), "deny /models/account.payment/batch/rows");
    check(batch.clone(), read("account.payment").bounded(5), "allow");
    check(
        batch,
        effect(Operation::Read, "account.payment", "search"),
        "deny /models/account.payment/batch/rows",
    );
    let limit = models(
        json!({"limits": [{"counter": "paid", "window": "day", "max": "20000.00", "increment_from": "odoo.values.amount", "unit": "money:EUR"}]}),
    );
    check(limit.clone(), pay(json!(20000)), "allow");
    check(limit.clone(), pay(json!(20000.01)), "deny /models/account.payment/limits/0");
    check(limit.clone(), pay(json!(-1)), "deny /models/account.payment/limits/0");
    check(limit.clone(), pay(json!("1")), "deny /models/account.payment/limits/0");
    check(limit, part(pay(json!(20001)), Part::Nested), "deny /models/account.payment/limits/0");
}

#[track_caller]
fn check_before(text: &Value, effect: RecordEffect, expected: &str) {
    assert_eq!(told(&policy(text), &facts(&[effect], false)), expected, "{text}");
}

#[test]
fn definitions_are_asked_for_where_a_rule_cares() {
    let open = without_models();
    let plain =
        json!({"version": "1", "default": "allow", "models": {"*": {"ops": ["read", "write", "create"]}}});
    let masked = json!({"version": "1", "default": "allow", "models": {"*": {"ops": ["read", "write"]}, "res.partner": {"fields": {"email": {"read": "mask"}}}}});
    let scoped = json!({"version": "1", "default": "allow", "models": {"*": {}, "res.partner": {"domain": [["a", "=", 1]]}}});
    let named = || read("sale.order").reading(&fields(&["name"]));
    let all = || read("sale.order").reading_every_field();
    for text in [&open, &plain] {
        check_before(text, named(), "allow");
        check_before(text, all(), "allow");
        check_before(text, read("sale.order"), "allow");
        check_before(text, read("sale.order").filtering(vec!["partner_id.name".to_owned()]), "definitions");
        check_before(
            text,
            read("sale.order").reading_paths(vec!["partner_id.name".to_owned()]),
            "definitions",
        );
        check_before(text, write("sale.order", json!({"order_line": [[2, 5]]})), "definitions");
        check_before(
            text,
            within(create("sale.order", json!({"name": "x"})), json!({"default_x": 1})),
            "definitions",
        );
    }
    check_before(&open, write("sale.order", json!({"note": "x"})), "allow");
    check_before(&open, unlink("sale.order"), "allow");
    for text in [&masked, &scoped] {
        check_before(text, named(), "definitions");
        check_before(text, all(), "definitions");
        check_before(text, read("sale.order").choosing_fields(), "allow");
        check_before(text, read("sale.order"), "allow");
    }
    // A refusal comes first.
    check_before(&scoped, write("sale.order", json!({"order_line": [[2, 5]]})), "deny /models/*");
    check_before(
        &masked,
        read("res.partner").filtering(vec!["email".to_owned()]),
        "deny /models/res.partner/fields/email",
    );
}
