//! Which models are open, to what, and by whose word.

use super::*;

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
