//! Each sentence of the contract about models, fields and records that is decided without Odoo.

use std::{borrow::Borrow, sync::Arc};

use serde_json::{Value, json};

use crate::{
    facts::{
        Arrival, CallFacts, Caller, Class, ConnectionAlias, Effect, FieldName, FieldUse, Found, MethodName,
        ModelName, Operation, Part, RecordAnswer, RecordEffect, Risk, ToolFacts, Use,
    },
    policy::{Decision, DenialKind, Names, Needs, Policy},
};

const TOOL: ToolFacts =
    ToolFacts { name: "odoo_execute", family: "records", class: Class::Execute, risk: Risk::High };

fn effect(operation: Operation, model: &str, method: &str) -> RecordEffect {
    let alias = ConnectionAlias::default_alias();
    let model = ModelName::parse(model).unwrap();
    RecordEffect::new(&alias, &model, operation, MethodName::parse(method).unwrap())
}

fn read(model: &str) -> RecordEffect {
    effect(Operation::Read, model, "search_read").bounded(10)
}

fn fields(names: &[&str]) -> Vec<FieldName> {
    names.iter().map(|name| FieldName::parse(name).unwrap()).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
fn giving(effect: RecordEffect, values: Value) -> RecordEffect {
    let values = values.as_object().unwrap().clone();
    let names: Vec<&str> = values.keys().map(String::as_str).collect();
    effect.writing(fields(&names)).with_values(Arc::from([values]))
}

fn create(model: &str, values: Value) -> RecordEffect {
    giving(effect(Operation::Create, model, "create"), values)
}

fn write(model: &str, values: Value) -> RecordEffect {
    giving(effect(Operation::Write, model, "write").with_ids(&[7]), values)
}

fn unlink(model: &str) -> RecordEffect {
    effect(Operation::Unlink, model, "unlink").with_ids(&[7])
}

fn execute(model: &str, method: &str) -> RecordEffect {
    effect(Operation::Execute, model, method).with_ids(&[7])
}

#[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
fn within(effect: RecordEffect, context: Value) -> RecordEffect {
    effect.in_context(Arc::new(context.as_object().unwrap().clone()))
}

/// Uses as `how model field`.
fn using(mut effect: RecordEffect, uses: &[&str]) -> RecordEffect {
    let uses = uses.iter().map(|told| {
        let [how, model, field] = told.split(' ').collect::<Vec<_>>()[..] else { panic!("{told}") };
        let how = match how {
            "reads" => Use::Read,
            "shows" => Use::ReadThrough,
            "by" => Use::Filter,
            _ => Use::Write,
        };
        FieldUse { model: ModelName::parse(model).unwrap(), field: FieldName::parse(field).unwrap(), how }
    });
    effect.uses = uses.collect();
    effect
}

fn part(mut effect: RecordEffect, part: Part) -> RecordEffect {
    effect.part = part;
    effect
}

fn facts(effects: &[RecordEffect], unfolded: bool) -> CallFacts {
    CallFacts {
        caller: Caller::local(Arrival::Stdio),
        tool: TOOL,
        class: TOOL.class,
        dry_run: false,
        arguments: Arc::default(),
        effects: effects.iter().cloned().map(Effect::Records).collect(),
        at: "2026-11-21T10:00:00Z".parse().unwrap(),
        found: Found { unfolded, ..Found::default() },
    }
}

#[track_caller]
fn policy(text: &Value) -> Arc<Policy> {
    match Policy::load(text.to_string().as_bytes(), &Names(&["odoo_execute"])) {
        Ok(policy) => Arc::new(policy),
        Err(error) => panic!("{error}: {text}"),
    }
}

fn told(policy: &Arc<Policy>, facts: &CallFacts) -> String {
    match policy.decide(facts) {
        Decision::Allow(_) => "allow".to_owned(),
        Decision::Deny(denial) => match denial.kind {
            DenialKind::UnknownField => format!("unknown field {}", denial.rule.0),
            DenialKind::NotFound => format!("not found {}", denial.rule.0),
            _ => format!("deny {}", denial.rule.0),
        },
        Decision::Ask(ask) => format!("ask {}", ask.rules[0].0),
        Decision::Needs(Needs::Definitions) => "definitions".to_owned(),
        Decision::Needs(Needs::Records { questions, .. }) => {
            let told = questions.iter().map(|question| {
                format!("{} {:?} {}", question.model, &question.ids[..], json!(&question.domain[..]))
            });
            format!("records {}", told.collect::<Vec<_>>().join("; "))
        }
    }
}

/// A policy that allows every tool, with this section of models; effects that are unfolded.
#[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
#[track_caller]
fn check(models: Value, effects: impl Borrow<RecordEffect>, expected: &str) {
    let text = json!({"version": "1", "default": "allow", "models": models});
    check_policy(&text, effects, expected);
}

#[track_caller]
fn check_policy(text: &Value, effects: impl Borrow<RecordEffect>, expected: &str) {
    let effects = [effects.borrow().clone()];
    assert_eq!(told(&policy(text), &facts(&effects, true)), expected, "{text} {effects:?}");
}

fn without_models() -> Value {
    json!({"version": "1", "default": "allow"})
}

#[test]
fn the_section_is_closed_and_a_star_opens_it() {
    check(json!({"sale.order": {}}), read("sale.order"), "allow");
    check(json!({"sale.order": {}}), read("res.partner"), "deny /models");
    check(json!({}), read("sale.order"), "deny /models");
    check(json!({"sale.*": {}}), read("sale.order.line"), "allow");
    check(json!({"sale.*": {}}), read("purchase.order"), "deny /models");
    check(json!({"*": {}}), read("res.partner"), "allow");
    check_policy(&without_models(), read("res.partner"), "allow");
}

#[test]
fn only_reading_is_allowed_unless_operations_are_named() {
    for changing in [
        create("res.partner", json!({"name": "x"})),
        write("res.partner", json!({"name": "x"})),
        unlink("res.partner"),
        execute("res.partner", "action_confirm"),
        effect(Operation::Mail, "res.partner", "message_post").with_ids(&[7]),
        effect(Operation::Report, "res.partner", "render").with_ids(&[7]),
    ] {
        check(json!({"res.partner": {}}), &changing, "deny /models/res.partner");
        check(json!({"*": {}}), &changing, "deny /models/*");
        check(
            json!({"res.partner": {"ops": ["read", "create", "write", "unlink", "execute", "mail", "report"], "methods": {"allow": ["*"]}}}),
            &changing,
            "allow",
        );
    }
    check(json!({"res.partner": {"ops": ["write"]}}), read("res.partner"), "deny /models/res.partner");
    check(json!({"res.partner": {"ops": []}}), read("res.partner"), "deny /models/res.partner");
}

#[test]
fn all_matching_rules_hold() {
    let models = json!({"*": {"ops": ["read"]}, "sale.order": {"ops": ["read", "write"]}});
    check(models.clone(), write("sale.order", json!({"note": "x"})), "deny /models/*");
    check(models, read("sale.order"), "allow");
    let models = json!({"sale.*": {"ops": ["read", "write"]}, "*.order": {"ops": ["write", "unlink"]}});
    check(models.clone(), write("sale.order", json!({"note": "x"})), "allow");
    check(models.clone(), read("sale.order"), "deny /models/*.order");
    check(models, unlink("sale.order"), "deny /models/sale.*");
}

#[test]
fn an_unknown_method_needs_a_name() {
    let with =
        |methods: Value| json!({"sale.order": {"ops": ["execute", "unlink", "create"], "methods": methods}});
    let confirm = || execute("sale.order", "action_confirm");
    check(json!({"sale.order": {"ops": ["execute"]}}), confirm(), "deny /models/sale.order");
    check(with(json!({"allow": ["action_cancel"]})), confirm(), "deny /models/sale.order");
    check(with(json!({"allow": ["action_*"]})), confirm(), "allow");
    check(
        with(json!({"approve": ["action_confirm"]})),
        confirm(),
        "ask /models/sale.order/methods/approve/0",
    );
    check(
        with(json!({"allow": ["action_*"], "deny": ["action_confirm"]})),
        confirm(),
        "deny /models/sale.order/methods/deny/0",
    );
    check(
        with(json!({"allow": ["action_confirm"], "approve": ["action_*"]})),
        confirm(),
        "ask /models/sale.order/methods/approve/0",
    );
    // What is forbidden by name is forbidden, whatever the table says the method does.
    check(with(json!({"deny": ["unlink"]})), unlink("sale.order"), "deny /models/sale.order/methods/deny/0");
    check(
        with(json!({"approve": ["unlink"]})),
        unlink("sale.order"),
        "ask /models/sale.order/methods/approve/0",
    );
    check(with(json!({"deny": ["copy"]})), unlink("sale.order"), "allow");
}

#[test]
fn code_and_rights_are_closed_to_patterns() {
    let all =
        json!({"*": {"ops": ["read", "create", "write", "unlink", "execute"], "methods": {"allow": ["*"]}}});
    let pattern = json!({"ir.*": {"ops": ["read", "write"]}, "res.*": {"ops": ["read", "write"]}, "base.*": {"ops": ["read", "write"]}});
    for model in [
        "ir.actions.server",
        "ir.cron",
        "base.automation",
        "ir.model.access",
        "ir.rule",
        "res.users",
        "res.groups",
    ] {
        let change = write(model, json!({"name": "x"}));
        check(all.clone(), &change, "deny ");
        check(pattern.clone(), &change, "deny ");
        check_policy(&without_models(), &change, "deny ");
        check(json!({model: {"ops": ["read", "write"]}}), &change, "allow");
        check(json!({model: {"ops": ["read"]}}), &change, &format!("deny /models/{model}"));
        check(all.clone(), read(model), "allow");
    }
    check_policy(&without_models(), execute("ir.cron", "method_direct_trigger"), "deny ");
    check_policy(&without_models(), part(unlink("ir.rule"), Part::Nested), "deny ");
}

#[test]
fn secrets_are_closed_to_reading_as_well() {
    for model in ["ir.config_parameter", "ir.mail_server", "res.users.apikeys"] {
        check(json!({"*": {}}), read(model), "deny ");
        check_policy(&without_models(), read(model), "deny ");
        check(json!({model: {}}), read(model), "allow");
        for how in ["reads", "shows", "by", "writes"] {
            let used = using(read("mail.mail"), &[&format!("{how} {model} name")]);
            check(json!({"*": {}}), &used, "deny ");
            check_policy(&without_models(), &used, "deny ");
        }
    }
    // Rights may be looked at by way of a field, and not changed.
    check_policy(&without_models(), using(read("sale.order"), &["shows res.users login"]), "allow");
    check_policy(&without_models(), using(read("sale.order"), &["by res.users login"]), "allow");
    let through = using(write("hr.employee", json!({"login": "x"})), &["writes res.users login"]);
    check_policy(&without_models(), &through, "deny ");
}

#[test]
fn an_exact_name_in_any_body_opens() {
    let text = json!({
        "version": "1", "default": "allow",
        "grants": {"local": {"inherit": true, "models": {"ir.cron": {"ops": ["write"]}}}},
    });
    check_policy(&text, write("ir.cron", json!({"name": "x"})), "allow");
    check_policy(&text, write("ir.rule", json!({"name": "x"})), "deny ");
    check_policy(&text, write("res.partner", json!({"name": "x"})), "deny /grants/local/models");
    let text = json!({
        "version": "1", "default": "allow", "models": {"*": {"ops": ["read"]}},
        "grants": {"local": {"inherit": true, "models": {"res.partner": {"ops": ["write", "read"]}}}},
    });
    check_policy(&text, write("res.partner", json!({"name": "x"})), "deny /models/*");
    check_policy(&text, read("res.partner"), "allow");
    check_policy(&text, read("sale.order"), "deny /grants/local/models");
}

#[test]
fn a_rule_in_shadow_only_says_what_it_would_do() {
    let models = json!({"sale.order": {"mode": "shadow", "ops": [], "fields": {"*": {"read": "deny"}}, "domain": [["id", "=", 1]]}});
    check(models.clone(), write("sale.order", json!({"note": "x"})), "allow");
    check(models.clone(), read("sale.order").reading(&fields(&["note"])), "allow");
    check(models.clone(), create("sale.order", json!({"note": "x"})), "allow");
    let text = json!({"version": "1", "default": "allow", "models": models});
    let policy = policy(&text);
    let Decision::Allow(permit) = policy.decide(&facts(&[unlink("sale.order")], true)) else { panic!() };
    assert_eq!(permit.shadow()[0].0.as_ref(), "/models/sale.order");
    assert!(!permit.redacts(&ModelName::parse("sale.order").unwrap()));
    assert!(permit.read_domains(&ModelName::parse("sale.order").unwrap()).is_empty());
}

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
fn records_of_other_models_are_not_reached_around_their_domain() {
    let models = json!({"*": {"ops": ["read", "write"]}, "res.partner": {"ops": ["read", "write"], "domain": [["company_id", "=", 1]]}});
    let rule = "deny /models/res.partner/domain";
    check(models.clone(), using(read("sale.order"), &["shows res.partner email"]), rule);
    check(models.clone(), using(read("res.partner"), &["shows res.partner email"]), rule);
    check(models.clone(), using(write("sale.order", json!({"x": 1})), &["writes res.partner email"]), rule);
    check(models.clone(), using(read("sale.order"), &["by res.partner display_name"]), "allow");
    check(models, read("res.partner").reading(&fields(&["email"])), "allow");
}

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
    let safe = json!({"lang": "fr_FR", "tz": "UTC", "active_test": false, "allowed_company_ids": [1], "bin_size": true, "uid": 1, "company_id": 1});
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

fn scoped() -> Value {
    json!({"crm.lead": {
        "ops": ["read", "create", "write", "unlink", "execute", "mail"],
        "methods": {"allow": ["action_set_won", "copy"], "approve": ["action_set_lost"]},
        "domain": [["company_id", "in", [1, 3]], ["type", "=", "lead"]],
    }})
}

const DOMAIN: &str = r#"[["company_id","in",[1,3]],["type","=","lead"]]"#;

#[test]
fn a_create_has_to_prove_the_domain() {
    let rule = "deny /models/crm.lead/domain";
    check(scoped(), create("crm.lead", json!({"company_id": 3, "type": "lead"})), "allow");
    check(scoped(), create("crm.lead", json!({"company_id": 2, "type": "lead"})), rule);
    check(scoped(), create("crm.lead", json!({"company_id": 3})), rule);
    check(scoped(), create("crm.lead", json!({})), rule);
    check(scoped(), create("crm.lead", json!({"company_id": "3", "type": "lead"})), rule);
    check(scoped(), effect(Operation::Create, "crm.lead", "name_create"), rule);
    let two: Arc<[_]> = [json!({"company_id": 3, "type": "lead"}), json!({"company_id": 3})]
        .iter()
        .map(|one| one.as_object().unwrap().clone())
        .collect();
    check(scoped(), create("crm.lead", json!({})).with_values(two), rule);
    check(scoped(), part(create("crm.lead", json!({"name": "x"})), Part::Nested), rule);
}

#[test]
fn a_write_keeps_its_records_and_asks_for_them() {
    let asked = format!("records crm.lead [7] {DOMAIN}");
    let rule = "deny /models/crm.lead/domain";
    check(scoped(), write("crm.lead", json!({"name": "x"})), &asked);
    check(scoped(), write("crm.lead", json!({"company_id": 1})), &asked);
    check(scoped(), write("crm.lead", json!({"company_id": 2})), rule);
    check(scoped(), write("crm.lead", json!({"company_id": 1, "type": "opportunity"})), rule);
    check(scoped(), part(write("crm.lead", json!({"name": "x"})), Part::Nested), &asked);
    check(scoped(), giving(effect(Operation::Write, "crm.lead", "write"), json!({"name": "x"})), rule);
    check(
        scoped(),
        write("crm.lead", json!({})).writing(fields(&["type"])).with_values(Arc::default()),
        rule,
    );
    check(scoped(), unlink("crm.lead"), &asked);
    check(scoped(), part(effect(Operation::Unlink, "crm.lead", "unlink"), Part::Nested), rule);
}

#[test]
fn a_method_keeps_to_the_records_or_has_to_be_named() {
    let asked = format!("records crm.lead [7] {DOMAIN}");
    check(scoped(), execute("crm.lead", "action_set_won"), &asked);
    check(scoped(), execute("crm.lead", "action_set_lost"), &asked);
    check(scoped(), effect(Operation::Mail, "crm.lead", "message_post").with_ids(&[7]), &asked);
    check(scoped(), effect(Operation::Execute, "crm.lead", "action_set_won"), "allow");
    check(
        scoped(),
        effect(Operation::Execute, "crm.lead", "action_set_lost"),
        "deny /models/crm.lead/domain",
    );
    check(scoped(), effect(Operation::Execute, "crm.lead", "action_set_won").with_ids(&[]), "allow");
    check(scoped(), effect(Operation::Mail, "crm.lead", "message_notify"), "deny /models/crm.lead/domain");
    // Reading is narrowed when it is sent; what a change reads beside it is not.
    check(scoped(), effect(Operation::Read, "crm.lead", "read").with_ids(&[7]), "allow");
    check(
        scoped(),
        part(effect(Operation::Read, "crm.lead", "web_save").with_ids(&[9]), Part::Auxiliary),
        &format!("records crm.lead [9] {DOMAIN}"),
    );
    let copy = giving(
        effect(Operation::Create, "crm.lead", "copy").with_ids(&[7]),
        json!({"company_id": 1, "type": "lead"}),
    );
    check(scoped(), copy, &asked);
}

#[test]
fn each_operation_may_have_a_domain_of_its_own() {
    let models = json!({"crm.lead": {"ops": ["read", "create", "write", "unlink", "execute"], "methods": {"approve": ["*"]}, "domain": {"write": [["a", "=", 1]], "unlink": [["b", "=", 2]]}}});
    check(models.clone(), write("crm.lead", json!({"name": "x"})), r#"records crm.lead [7] [["a","=",1]]"#);
    check(models.clone(), unlink("crm.lead"), r#"records crm.lead [7] [["b","=",2]]"#);
    check(models.clone(), execute("crm.lead", "x"), r#"records crm.lead [7] [["a","=",1]]"#);
    check(models.clone(), write("crm.lead", json!({"a": 2})), "deny /models/crm.lead/domain/write");
    check(models.clone(), effect(Operation::Execute, "crm.lead", "x"), "deny /models/crm.lead/domain/write");
    check(models.clone(), create("crm.lead", json!({"a": 2})), "allow");
    check(models, read("crm.lead"), "allow");
}

#[test]
fn domains_of_all_bodies_and_rules_are_joined() {
    let text = json!({
        "version": "1", "default": "allow",
        "models": {"*": {"ops": ["write"], "domain": ["|", ["a", "=", 1], ["b", "=", null]]}},
        "grants": {"local": {"inherit": true, "models": {"crm.lead": {"ops": ["write"], "domain": [["c", "=", 3]]}}}},
    });
    let change = write("crm.lead", json!({"name": "x"}));
    check_policy(&text, &change, r#"records crm.lead [7] ["|",["a","=",1],["b","=",false],["c","=",3]]"#);
    check_policy(&text, write("crm.lead", json!({"c": 4})), "deny /grants/local/models/crm.lead/domain");
    let mut facts = facts(&[change], true);
    facts.found.records = Some(Arc::from([RecordAnswer::AllWithin]));
    assert_eq!(told(&policy(&text), &facts), "allow");
    facts.found.records = Some(Arc::from([RecordAnswer::SomeOutside]));
    assert_eq!(told(&policy(&text), &facts), "not found /models/*/domain");
    facts.found.records = Some(Arc::from([]));
    assert_eq!(told(&policy(&text), &facts), "not found /models/*/domain");
}

#[test]
fn records_of_one_model_are_asked_about_at_once() {
    let text = json!({"version": "1", "default": "allow", "models": scoped()});
    let line = |id: i64| part(write("crm.lead", json!({"name": "x"})).with_ids(&[id, 7]), Part::Nested);
    let effects = [line(9), part(unlink("crm.lead"), Part::Nested), line(8), line(9)];
    let both = format!("records crm.lead [7, 8, 9] {DOMAIN}; crm.lead [7] {DOMAIN}");
    assert_eq!(told(&policy(&text), &facts(&effects, true)), both);
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
