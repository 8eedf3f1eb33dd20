//! The facts that rules looked at, for the log: enough to decide the call again, and nothing that the
//! caller may not see.

use serde_json::Value;

use super::{
    Deciding, Held,
    look::{each_value, first_connection, main_effects, records},
    models,
    seen::Seen,
};
use crate::{
    facts::{CallFacts, FieldName, JsonObject},
    policy::{
        BreakerPlan, Scope, Shown,
        file::document::Step,
        plan::{Plan, ReadPath, Source},
    },
};

/// Longer texts are left out: a log line is no place for documents.
const TEXT_BYTES_MAX: usize = 1_000;
/// Values of one path; the rest is left out.
const VALUES_MAX: usize = 100;
/// What arguments are called that hold a secret, or a part of it.
const SECRET_WORDS: [&str; 6] = ["password", "secret", "token", "api_key", "apikey", "credential"];

/// Each path that rules for this tool look at, with the values it leads to.
pub(in crate::policy) fn evidence(plan: &Plan, facts: &CallFacts) -> JsonObject {
    let mut evidence = JsonObject::new();
    let Some(choice) = plan.choose(&facts.caller) else { return evidence };
    let cx = Deciding::new(plan, facts, choice);
    for held in &cx.bodies {
        for read in held.rules.iter().flat_map(|rule| &rule.reads) {
            note(&cx, held, read, &mut evidence);
        }
        let models = main_effects(facts).map(|effect| effect.model.as_str());
        for rule in models.flat_map(|model| held.body.models.rules_for(model)) {
            rule.reads.iter().for_each(|read| note(&cx, held, read, &mut evidence));
        }
    }
    evidence
}

fn note<'a>(cx: &Deciding<'a>, held: &Held<'a>, read: &ReadPath, evidence: &mut JsonObject) {
    if evidence.contains_key(&*read.text) || !may_be_told(cx, read) {
        return;
    }
    let view = cx.view(held, None);
    let mut values = Vec::new();
    let mut see = |value: Option<Seen<'_>>| {
        if let Some(value) = value.and_then(plain)
            && values.len() < VALUES_MAX
        {
            values.push(value);
        }
    };
    if matches!(read.source, Source::Odoo(_)) {
        for effect in main_effects(cx.facts) {
            each_value(&read.steps, view.of(Some(effect)).seen(&read.source), &mut see);
        }
    } else {
        each_value(&read.steps, view.seen(&read.source), &mut see);
    }
    let value = match values.len() {
        0 => return,
        1 => values.swap_remove(0),
        _ => Value::Array(values),
    };
    evidence.insert(read.text.to_string(), value);
}

/// No secrets, and no field that comes back otherwise than it is, whichever argument names it.
fn may_be_told(cx: &Deciding<'_>, read: &ReadPath) -> bool {
    let bodies = cx.plan.bodies(cx.choice);
    let keys = read.steps.iter().filter_map(|step| match step {
        Step::Key(key) => Some(&**key),
        Step::Every | Step::Some => None,
    });
    for key in keys {
        let lower = key.to_ascii_lowercase();
        if SECRET_WORDS.iter().any(|word| lower.contains(word)) {
            return false;
        }
        let Ok(field) = FieldName::parse(key) else { continue };
        let hidden = |effect: &crate::facts::RecordEffect| {
            models::shown(bodies, &effect.model, &field) != Shown::Plain
        };
        if matches!(read.source, Source::Args | Source::Odoo(_)) && records(cx.facts).any(hidden) {
            return false;
        }
    }
    true
}

/// Single values only: what objects hold is told by the paths that lead into them.
fn plain(value: Seen<'_>) -> Option<Value> {
    match value {
        Seen::Text(text) => short(text),
        Seen::Json(Value::String(text)) => short(text),
        Seen::Whole(number) => Some(number.into()),
        Seen::Id(number) => Some(number.into()),
        Seen::Flag(flag) => Some(flag.into()),
        Seen::Json(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => Some(value.clone()),
        Seen::Json(_) | Seen::Object(_) | Seen::List(_) | Seen::Absent => None,
    }
}

fn short(text: &str) -> Option<Value> {
    (text.len() <= TEXT_BYTES_MAX).then(|| text.into())
}

/// The breakers of the bodies that hold; those of the top level for a caller without any.
pub(in crate::policy) fn breakers(plan: &Plan, facts: &CallFacts) -> Vec<BreakerPlan> {
    let choice = plan.choose(&facts.caller);
    let bodies = choice.map(|choice| plan.bodies(choice));
    let stranger = bodies.is_none().then_some(&plan.top);
    let bodies = bodies.into_iter().flat_map(super::Bodies::each).chain(stranger);
    let caller = &facts.caller;
    let plan_of = |breaker: &crate::policy::file::document::Breaker| BreakerPlan {
        rule: breaker.at.clone(),
        on: breaker.on,
        scope: Scope {
            grant: breaker.scopes.grant.then(|| caller.grant.clone()),
            user: breaker.scopes.user.then(|| caller.user.clone()),
            client: if breaker.scopes.client { caller.client.clone() } else { None },
            connection: if breaker.scopes.connection { first_connection(facts).cloned() } else { None },
            tool: breaker.scopes.tool.then_some(facts.tool.name),
        },
        max: breaker.max,
        window_seconds: breaker.window_seconds,
        pause_seconds: breaker.pause_seconds,
    };
    bodies.flat_map(|body| &body.breakers).map(plan_of).collect()
}
