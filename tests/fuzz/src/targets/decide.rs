//! Arbitrary facts under one policy that says something of everything: decided twice alike, explained
//! alike, in as many rounds as there are kinds of questions, and without a value that is masked.
//!
//! Input: `{"tool": …, "args": {…}, "effects": […], "grant": …, "at": …}`; what is left out is usual.

use std::sync::{Arc, LazyLock};

use odoo_mcp::{
    facts::{
        Approval, Arrival, CallFacts, Caller, ConnectionAlias, Effect, FieldName, FieldUse, Found, GrantName,
        JsonObject, MethodName, ModelName, Operation, Part, RecordAnswer, RecordEffect, Use, UserName,
    },
    policy::{Decision, Needs, Policy},
};
use serde_json::Value;

use super::CATALOG;

const TEXT: &str = include_str!("rich_policy.json");
/// Stands in every field that the policy hides, and nowhere else.
const CANARY: &str = "canary-4f1d";
/// Definitions, currencies, records, a person, and the end.
const ROUNDS_MAX: usize = 5;

static FILE: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(TEXT).expect("the policy is JSON"));
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    Arc::new(Policy::load(TEXT.as_bytes(), &*CATALOG).unwrap_or_else(|error| panic!("{error}")))
});

pub fn run(data: &[u8]) {
    let Ok(input) = serde_json::from_slice::<Value>(data) else { return };
    let Some(mut facts) = facts(&input) else { return };
    let within = input.get("outside").is_none();
    for _ in 0..ROUNDS_MAX {
        let decision = POLICY.decide(&facts);
        let told = word(&decision);
        assert!(!told.contains(CANARY), "a hidden value in a decision: {told}");
        assert_eq!(told, word(&POLICY.decide(&facts)), "the same facts, another decision");
        assert_eq!(told, word(&POLICY.explain(&facts).decision), "explained otherwise than decided");
        let evidence = serde_json::to_string(&POLICY.evidence(&facts)).expect("evidence is JSON");
        assert!(!evidence.contains(CANARY), "a hidden value in the log: {evidence}");
        match decision {
            Decision::Needs(Needs::Definitions) => facts.found.unfolded = true,
            Decision::Needs(Needs::Currencies { .. }) => facts.found.currencies = Some(Arc::default()),
            Decision::Needs(Needs::Records { questions, .. }) => {
                let answer = if within { RecordAnswer::AllWithin } else { RecordAnswer::SomeOutside };
                facts.found.records = Some(questions.iter().map(|_| answer).collect());
            }
            Decision::Ask(_) => {
                facts.found.approval = Some(Approval { id: Arc::from("1"), by: Arc::from("user:boss") });
            }
            Decision::Deny(denial) => {
                assert!(FILE.pointer(&denial.rule.0).is_some(), "no such rule: `{}`", denial.rule.0);
                return;
            }
            Decision::Allow(permit) => {
                let listed = POLICY.might_allow(&facts.caller, &facts.tool);
                assert!(listed, "allowed, and not listed");
                assert_eq!(permit.effects(), &*facts.effects, "a permit for something else");
                return;
            }
        }
    }
    panic!("the decision comes to no end");
}

fn word(decision: &Decision) -> String {
    match decision {
        Decision::Allow(permit) => {
            format!("allow {:?} {:?} {:?}", permit.rule(), permit.charges(), permit.shadow())
        }
        Decision::Deny(denial) => format!("{denial:?}"),
        Decision::Ask(ask) => format!("ask {:?} {} {:?} {:?}", ask.rules, ask.reason, ask.terms, ask.charges),
        Decision::Needs(needs) => format!("{needs:?}"),
    }
}

fn text<'a>(value: &'a Value, key: &str, usual: &'a str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or(usual)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn facts(input: &Value) -> Option<CallFacts> {
    let tool = CATALOG.find(text(input, "tool", "odoo_execute"))?.facts();
    let caller = Caller {
        user: UserName::parse(text(input, "user", "anna")).ok()?,
        grant: GrantName::parse(text(input, "grant", "local")).ok()?,
        groups: list(input, "groups").iter().filter_map(Value::as_str).map(Arc::from).collect(),
        ..Caller::local(Arrival::Stdio)
    };
    Some(CallFacts {
        caller,
        tool,
        class: tool.class,
        dry_run: input.get("dry_run") == Some(&Value::Bool(true)),
        arguments: Arc::new(input.get("args").and_then(Value::as_object).cloned().unwrap_or_default()),
        effects: list(input, "effects").iter().map(effect).collect::<Option<_>>()?,
        at: text(input, "at", "2026-11-20T10:00:00Z").parse().ok()?,
        found: Found { unfolded: input.get("unfolded").is_some(), ..Found::default() },
    })
}

fn effect(value: &Value) -> Option<Effect> {
    let alias = ConnectionAlias::parse(text(value, "connection", "erp")).ok()?;
    let model = ModelName::parse(text(value, "model", "crm.lead")).ok()?;
    let method = MethodName::parse(text(value, "method", "write")).ok()?;
    let ids = value.get("ids").and_then(Value::as_array);
    let ids: Option<Vec<i64>> = ids.map(|ids| ids.iter().filter_map(Value::as_i64).collect());
    let operation = match text(value, "op", "") {
        "report" => Operation::Report,
        "read" => Operation::Read,
        _ => Operation::of_method(method.as_str(), ids.is_some()),
    };
    let mut effect = RecordEffect::new(&alias, &model, operation, method);
    let names = |key: &str| -> Vec<FieldName> {
        let names = list(value, key).iter().filter_map(Value::as_str);
        names.filter_map(|name| FieldName::parse(name).ok()).collect()
    };
    effect.ids = ids;
    effect.part = match text(value, "part", "main") {
        "nested" => Part::Nested,
        "auxiliary" => Part::Auxiliary,
        _ => Part::Main,
    };
    effect.fields_read = names("read");
    effect.fields_filtered = names("filter").iter().map(|name| name.as_str().to_owned()).collect();
    effect.reads_every_field = value.get("every").is_some();
    effect.row_bound = value.get("row_bound").and_then(Value::as_u64);
    effect.context = Arc::new(value.get("context").and_then(Value::as_object).cloned().unwrap_or_default());
    let objects = list(value, "values").iter().filter_map(Value::as_object);
    effect.values = objects.cloned().map(with_canaries).collect();
    effect.fields_written = effect
        .values
        .iter()
        .flat_map(|values| values.keys())
        .filter_map(|name| FieldName::parse(name).ok())
        .collect();
    effect.uses = list(value, "uses").iter().filter_map(field_use).collect();
    Some(Effect::Records(effect))
}

/// What the policy hides is written as the canary, whatever the input says.
fn with_canaries(mut values: JsonObject) -> JsonObject {
    for (name, value) in &mut values {
        if name.contains("bank") {
            *value = CANARY.into();
        }
    }
    values
}

fn field_use(value: &Value) -> Option<FieldUse> {
    let how = match text(value, "how", "read") {
        "filter" => Use::Filter,
        "write" => Use::Write,
        "read_through" => Use::ReadThrough,
        _ => Use::Read,
    };
    let model = ModelName::parse(text(value, "model", "res.partner")).ok()?;
    Some(FieldUse { model, field: FieldName::parse(text(value, "field", "name")).ok()?, how })
}
