//! Record scope: proofs, questions, and ways around.

use super::*;

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
