//! Rights on fields, wherever a field is named.

use super::*;

fn banked() -> Value {
    json!({"res.partner": {
        "ops": ["read", "write", "create"],
        "fields": {
            "*bank*": {"read": "deny", "filter": "deny", "write": "deny"},
            "email": {"read": "mask"},
            "ref": {"filter": "deny"},
            "vat": {"write": "deny"},
        },
    }, "sale.order": {}})
}

#[test]
fn a_field_that_may_not_be_seen_does_not_exist() {
    let rule = "unknown field /models/res.partner/fields/*bank*";
    check(banked(), read("res.partner").reading(&fields(&["name", "bank_ids"])), rule);
    check(banked(), read("res.partner").filtering(vec!["bank_ids.acc_number".to_owned()]), rule);
    check(banked(), read("res.partner").ordering(vec!["my_bank".to_owned()]), rule);
    check(banked(), write("res.partner", json!({"bank_ids": 1})), rule);
    check(banked(), create("res.partner", json!({"bank_ids": 1})), rule);
    check(banked(), using(read("sale.order"), &["by res.partner bank_ids"]), rule);
    check(banked(), using(read("sale.order"), &["shows res.partner bank_ids"]), rule);
    check(banked(), part(read("res.partner").reading(&fields(&["bank_ids"])), Part::Auxiliary), rule);
    check(banked(), read("res.partner").reading(&fields(&["name", "city"])), "allow");
    let text = json!({"version": "1", "default": "allow", "models": banked()});
    let facts = facts(&[read("res.partner").reading(&fields(&["bank_ids"]))], true);
    let Decision::Deny(denial) = policy(&text).decide(&facts) else { panic!() };
    assert_eq!(denial.reason, "model `res.partner` has no field `bank_ids`");
}

#[test]
fn a_masked_field_is_read_where_it_stands_and_nowhere_else() {
    let masked = "deny /models/res.partner/fields/email";
    check(banked(), read("res.partner").reading(&fields(&["email"])), "allow");
    check(banked(), write("res.partner", json!({"email": "x"})), "allow");
    check(banked(), read("res.partner").filtering(vec!["email".to_owned()]), masked);
    check(banked(), read("res.partner").ordering(vec!["email".to_owned()]), masked);
    check(banked(), using(read("sale.order"), &["shows res.partner email"]), masked);
    check(banked(), using(read("sale.order"), &["reads res.partner email"]), masked);
    check(banked(), using(read("res.partner"), &["shows res.partner email"]), masked);
    check(banked(), using(read("sale.order"), &["by res.partner email"]), masked);
    check(banked(), using(read("res.partner"), &["reads res.partner email"]), "allow");
}

#[test]
fn rights_are_for_what_a_field_is_named_for() {
    check(banked(), read("res.partner").reading(&fields(&["ref", "vat"])), "allow");
    check(
        banked(),
        read("res.partner").filtering(vec!["ref".to_owned()]),
        "deny /models/res.partner/fields/ref",
    );
    check(banked(), read("res.partner").filtering(vec!["vat".to_owned()]), "allow");
    check(banked(), write("res.partner", json!({"vat": "x"})), "deny /models/res.partner/fields/vat");
    check(banked(), write("res.partner", json!({"ref": "x"})), "allow");
    let through = using(write("res.partner", json!({"name": "x"})), &["writes res.partner vat"]);
    check(banked(), through, "deny /models/res.partner/fields/vat");
    check(
        json!({"res.partner": {"fields_default": "deny", "fields": {"name": {"read": "allow"}}}}),
        read("res.partner").reading(&fields(&["id", "name", "email"])),
        "unknown field /models/res.partner/fields_default",
    );
}

#[test]
fn all_fields_are_filtered_and_not_refused() {
    let all = using(
        read("res.partner").reading(&fields(&["name", "bank_ids", "email"])).reading_every_field(),
        &["reads res.partner name", "reads res.partner bank_ids", "reads res.partner email"],
    );
    check(banked(), &all, "allow");
    let mut shown = using(all.clone(), &["shows res.partner bank_ids"]);
    shown.uses = all.uses.iter().chain(shown.uses.iter()).cloned().collect();
    check(banked(), shown, "unknown field /models/res.partner/fields/*bank*");
}

#[test]
fn a_change_in_shown_rights_is_seen_by_the_permit() {
    let text = json!({
        "version": "1", "default": "allow",
        "models": {"*": {"fields": {"email": {"read": "hash"}}}},
        "grants": {"local": {"inherit": true, "models": {"res.partner": {
            "fields": {"email": {"read": "mask"}, "complete_name": {"read": "deny"}}, "domain": {"read": [["a", "=", 1]]},
        }, "sale.order": {"domain": [["b", "=", 2]]}}}},
    });
    let policy = policy(&text);
    let Decision::Allow(permit) = policy.decide(&facts(&[read("res.partner")], true)) else { panic!() };
    let shown = |model: &str, field: &str| {
        permit.shown(&ModelName::parse(model).unwrap(), &FieldName::parse(field).unwrap())
    };
    use crate::policy::Shown::{Hash, Mask, Never, Plain};
    assert_eq!(shown("res.partner", "email"), Mask);
    assert_eq!(shown("sale.order", "email"), Hash);
    assert_eq!(shown("res.partner", "display_name"), Never);
    assert_eq!(shown("res.partner", "name"), Plain);
    assert_eq!(shown("ir.config_parameter", "display_name"), Never);
    let domains = |model: &str| permit.read_domains(&ModelName::parse(model).unwrap());
    assert_eq!(json!(domains("res.partner").concat()), json!([["a", "=", 1]]));
    assert_eq!(json!(domains("sale.order").concat()), json!([["b", "=", 2]]));
    assert!(domains("crm.lead").is_empty());
    assert!(permit.redacts(&ModelName::parse("sale.order").unwrap()));
}

#[test]
fn old_values_are_closed_while_anything_is_hidden() {
    let tracked = read("mail.tracking.value");
    let hidden = json!({"*": {}, "res.partner": {"fields": {"email": {"read": "mask"}}}});
    check(hidden.clone(), &tracked, "deny ");
    check(hidden, using(read("mail.message"), &["shows mail.tracking.value old_value_char"]), "deny ");
    check(json!({"*": {}, "res.partner": {"fields": {"email": {"filter": "deny"}}}}), &tracked, "allow");
    check(
        json!({"*": {"fields_default": "allow"}, "res.partner": {"fields": {"email": {"read": "mask"}}}, "mail.tracking.value": {}}),
        &tracked,
        "allow",
    );
    check_policy(&without_models(), &tracked, "allow");
}

#[test]
fn what_is_printed_cannot_be_masked() {
    let print = effect(Operation::Report, "res.partner", "print").with_ids(&[7]);
    let rule = |more: Value| {
        let mut rule = json!({"ops": ["report"], "fields": {"email": {"read": "mask"}}});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "res.partner": rule })
    };
    check(rule(json!({})), &print, "deny /models/res.partner");
    check(rule(json!({"report": "deny"})), &print, "deny /models/res.partner");
    check(rule(json!({"report": "allow"})), &print, "allow");
    check(rule(json!({"fields": {"email": {"filter": "deny"}}})), &print, "allow");
    // A report shows other models too.
    let other = |report: Value| json!({"res.partner": {"ops": ["report"], "report": report}, "sale.order": {"fields": {"note": {"read": "mask"}}}});
    check(other(json!("deny")), &print, "deny /models/res.partner");
    check(other(json!("allow")), &print, "allow");
}

#[test]
fn the_models_on_the_way_need_their_own_rights() {
    let models = json!({
        "sale.order": {"ops": ["read", "write"]},
        "res.partner": {"ops": ["write"]},
        "product.product": {"ops": ["read"], "values": {"list_price": {"op": "gte", "value": 0}}},
        "res.country": {"ops": ["read", "write"], "values": {"code": {"op": "eq", "value": "x"}}},
    });
    check(models.clone(), using(read("sale.order"), &["shows res.partner name"]), "deny /models/res.partner");
    check(models.clone(), using(read("sale.order"), &["by res.partner name"]), "deny /models/res.partner");
    check(models.clone(), using(read("sale.order"), &["by crm.team name"]), "deny /models");
    check(models.clone(), using(read("sale.order"), &["shows product.product name"]), "allow");
    let change = || write("sale.order", json!({"x": 1}));
    check(models.clone(), using(change(), &["writes res.partner email"]), "allow");
    check(models.clone(), using(change(), &["writes product.product name"]), "deny /models/product.product");
    check(models.clone(), using(change(), &["writes crm.team name"]), "deny /models");
    check(
        models.clone(),
        using(change(), &["writes res.country code"]),
        "deny /models/res.country/values/code",
    );
    check(models, using(change(), &["writes res.country name"]), "allow");
}

#[test]
fn a_name_beside_a_change_is_left_out_where_it_is_hidden() {
    let models = json!({"res.partner": {"ops": ["read", "create"], "fields": {"name": {"read": "deny"}}}});
    let look = || read("res.partner").reading(&fields(&["display_name"]));
    check(models.clone(), part(look(), Part::Auxiliary), "allow");
    check(models.clone(), look(), "unknown field /models/res.partner/fields/name");
    check(
        models,
        part(read("res.partner").reading(&fields(&["name"])), Part::Auxiliary),
        "unknown field /models/res.partner/fields/name",
    );
}
