//! Each sentence of the contract about models, fields and records that is decided without Odoo.

mod conditions;
mod fields;
mod opening;
mod records;

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
        Decision::Needs(Needs::Currencies { .. }) => "currencies".to_owned(),
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
