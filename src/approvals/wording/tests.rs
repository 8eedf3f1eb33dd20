//! Questions as a person reads them.

use std::sync::Arc;

use serde_json::json;

use super::{super::preview::RecordPreview, *};
use crate::facts::{
    Arrival, Caller, Class, ConnectionAlias, FieldName, Found, MethodName, ModelName, Risk, ToolFacts,
};

fn effect(operation: Operation, method: &'static str, ids: &[i64], values: &[Value]) -> RecordEffect {
    let alias = ConnectionAlias::parse("shop").unwrap();
    let model = ModelName::parse("sale.order").unwrap();
    let mut effect = RecordEffect::new(&alias, &model, operation, MethodName::known(method));
    if !ids.is_empty() {
        effect = effect.with_ids(ids);
    }
    let values: Vec<JsonObject> = values.iter().map(|values| values.as_object().unwrap().clone()).collect();
    let written = values.iter().flat_map(|values| values.keys());
    let written = written.map(|name| FieldName::parse(name).unwrap()).collect();
    effect.writing(written).with_values(values.into())
}

fn facts(effects: Vec<RecordEffect>, arguments: Value) -> CallFacts {
    CallFacts {
        caller: Caller::local(Arrival::Stdio),
        tool: ToolFacts { name: "odoo_write", family: "records", class: Class::Write, risk: Risk::Medium },
        class: Class::Write,
        dry_run: false,
        arguments: Arc::new(arguments.as_object().unwrap().clone()),
        effects: effects.into_iter().map(Effect::Records).collect(),
        at: jiff::Timestamp::UNIX_EPOCH,
        found: Found::default(),
    }
}

fn record(id: i64, name: Option<&str>, values: Value) -> RecordPreview {
    RecordPreview {
        effect: 0,
        connection: ConnectionAlias::parse("shop").unwrap(),
        model: ModelName::parse("sale.order").unwrap(),
        id,
        exists: true,
        name: name.map(str::to_owned),
        write_date: None,
        values: values.as_object().unwrap().clone(),
    }
}

fn worded(facts: &CallFacts, records: Vec<RecordPreview>) -> String {
    let rules = [RuleId(Arc::from("/tools/odoo_write"))];
    let left = [(Arc::from("orders"), "7".to_owned())];
    question_text(facts, &rules, "Look first.", &Preview { records, more: 0 }, &left)
}

#[test]
fn a_write_shows_before_and_after() {
    let values = json!({"client_order_ref": "new", "partner_id": 9, "note": false});
    let facts = facts(vec![effect(Operation::Write, "write", &[12], &[values])], json!({}));
    let before = json!({"client_order_ref": "old", "partner_id": [7, "Azure"], "amount_total": 1250.5,
        "currency_id": [1, "EUR"], "note": "x"});
    let text = worded(&facts, vec![record(12, Some("S00012"), before)]);
    assert_eq!(
        text,
        "May `odoo_write` go ahead for local (grant local)?\n\
         \n\
         change 1 record of sale.order (connection shop)\n  \
         \"S00012\" (id 12), amount_total 1250.5 EUR\n    \
         client_order_ref: \"old\" -> \"new\"\n    \
         partner_id: \"Azure\" (id 7) -> 9\n    \
         note: \"x\" -> false\n\
         \n\
         Left of the limit orders: 7\n\
         Asked by the rule /tools/odoo_write\n\
         Reason: Look first."
    );
}

#[test]
fn what_the_caller_may_not_see_is_not_told() {
    let values = json!({"client_order_ref": "new", "password": "hunter2", "note": {"api_key": "abc"}});
    let facts = facts(vec![effect(Operation::Write, "write", &[12], &[values])], json!({}));
    let text = worded(&facts, vec![record(12, None, json!({"password": "old-secret"}))]);
    for part in
        ["client_order_ref: (not shown) -> \"new\"", "password: (not shown) -> (not shown)", "  id 12\n"]
    {
        assert!(text.contains(part), "{text}");
    }
    for secret in ["hunter2", "old-secret", "abc"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn records_cannot_write_the_question() {
    let name = "x\"\n\nAsked by the rule /none\u{202e}\u{200b}\nMay";
    let values = json!({"client_order_ref": "\u{1b}[2J\nAsked by nobody"});
    let facts = facts(vec![effect(Operation::Write, "write", &[12], &[values])], json!({}));
    let text = worded(&facts, vec![record(12, Some(name), json!({"client_order_ref": "a\nb"}))]);
    assert_eq!(text.lines().count(), 9, "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    assert!(text.contains("\"x'  Asked by the rule /none May\" (id 12)"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("Asked by the rule")).count(), 1);
}

#[test]
fn what_hides_in_the_call_is_told() {
    let mut line = effect(Operation::Unlink, "unlink", &[5, 6], &[]);
    line.part = Part::Nested;
    line.model = ModelName::parse("sale.order.line").unwrap();
    let helper = effect(Operation::Read, "read", &[12], &[]).auxiliary();
    let main = effect(Operation::Write, "write", &[12], &[json!({"order_line": [[2, 5], [2, 6]]})]);
    let context = Arc::new(json!({"default_state": "sale", "lang": "x"}).as_object().unwrap().clone());
    let text = worded(&facts(vec![main.in_context(context), line, helper], json!({})), Vec::new());
    for part in [
        "along with it: DELETE 2 records of sale.order.line",
        "order_line: [[2,5],[2,6]]",
        "state (by default): \"sale\"",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("read "), "{text}");
}

#[test]
fn a_method_is_told_with_its_arguments() {
    let arguments = json!({"method": "action_confirm", "args": [[12], {"token": "canary"}]});
    let text =
        worded(&facts(vec![effect(Operation::Execute, "action_confirm", &[12], &[])], arguments), Vec::new());
    assert!(text.contains("run `action_confirm` on 1 record of sale.order"), "{text}");
    assert!(text.contains("Arguments: {\"method\":\"action_confirm\"") && !text.contains("canary"), "{text}");
}

#[test]
fn many_records_and_long_texts_stay_readable() {
    let ids: Vec<i64> = (1..=500).collect();
    let facts_of_many = facts(vec![effect(Operation::Unlink, "unlink", &ids, &[])], json!({}));
    let records = ids.iter().take(200).map(|id| record(*id, Some("S"), json!({}))).collect();
    let text = worded(&facts_of_many, records);
    assert!(
        text.contains("DELETE 500 records") && text.contains("and 490 records that are not shown"),
        "{text}"
    );

    let values: JsonObject = (0..400).map(|n| (format!("field_{n}"), json!("y".repeat(5_000)))).collect();
    let created = vec![Value::Object(values); 60];
    let text =
        worded(&facts(vec![effect(Operation::Create, "create", &[], &created)], json!({})), Vec::new());
    assert!(text.chars().count() < QUESTION_CHARS_MAX + 100, "{}", text.len());
    assert!(text.contains("create 60 × sale.order") && text.contains("was cut here"), "{text}");
}

#[test]
fn a_record_that_is_not_there_is_said_to_be_missing() {
    let facts = facts(vec![effect(Operation::Write, "write", &[12], &[json!({"note": "x"})])], json!({}));
    let mut gone = record(12, None, json!({}));
    gone.exists = false;
    let text = worded(&facts, vec![gone]);
    assert!(text.contains("id 12: no such record") && text.contains("note: \"x\""), "{text}");
}
