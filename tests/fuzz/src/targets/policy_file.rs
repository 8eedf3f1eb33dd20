//! Any bytes as a policy file: refused with a place for each problem, or accepted with one meaning.

use std::sync::{Arc, LazyLock};

use odoo_mcp::{
    facts::CallFacts,
    policy::{Decision, Policy},
};
use serde_json::{Value, json};

use super::{CATALOG, arguments};
use crate::second_reader;

/// Calls that every accepted file has to decide.
static CALLS: LazyLock<Vec<CallFacts>> = LazyLock::new(|| {
    [
        (
            "odoo_search_read",
            json!({"model": "res.partner", "domain": [["name", "=", "x"]], "fields": ["name"]}),
        ),
        ("odoo_read", json!({"model": "ir.cron", "ids": [1]})),
        ("odoo_write", json!({"model": "res.partner", "ids": [1, 2], "values": {"name": "x", "color": 3}})),
        ("odoo_create", json!({"model": "sale.order", "values": {"order_line": [[0, 0, {"name": "x"}]]}})),
        ("odoo_unlink", json!({"model": "res.partner", "ids": [1]})),
        ("odoo_execute", json!({"model": "sale.order", "method": "action_confirm", "ids": [1]})),
    ]
    .into_iter()
    .filter_map(|(name, arguments)| arguments::facts_of(CATALOG.find(name)?, arguments.as_object()?.clone()))
    .collect()
});

pub fn run(data: &[u8]) {
    let policy = match Policy::load(data, &*CATALOG) {
        Ok(policy) => Arc::new(policy),
        Err(error) => {
            assert!(!error.problems.is_empty(), "refused without a reason");
            for problem in &error.problems {
                assert!(!problem.message.is_empty(), "a problem without a word");
                let pointer = &problem.pointer;
                assert!(pointer.is_empty() || pointer.starts_with('/'), "no pointer: `{pointer}`");
            }
            return;
        }
    };
    let value: Value = serde_json::from_slice(data).expect("an accepted policy is JSON");
    let seen = second_reader::read(data);
    assert!(!seen.duplicate, "an accepted policy has a key twice");
    let again = load(&value);
    let turned = load(&turned(&value));
    for facts in CALLS.iter() {
        let decision = policy.decide(facts);
        assert_eq!(word(&decision), word(&again.decide(facts)), "written again, it decides differently");
        assert_eq!(kind(&decision), kind(&turned.decide(facts)), "the order of keys changes a decision");
        if let Decision::Deny(denial) = &decision {
            let rule = &*denial.rule.0;
            let built_in = rule.starts_with("/built-in") || rule == "/default" || rule.starts_with("/pause");
            assert!(built_in || value.pointer(rule).is_some(), "a rule that is not in the file: `{rule}`");
        }
    }
}

fn load(value: &Value) -> Arc<Policy> {
    let text = serde_json::to_vec(value).expect("JSON can be written");
    Arc::new(Policy::load(&text, &*CATALOG).expect("an accepted policy is accepted again"))
}

fn kind(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow(_) => "allow",
        Decision::Deny(_) => "deny",
        Decision::Needs(_) => "needs",
        Decision::Ask(_) => "ask",
    }
}

fn word(decision: &Decision) -> (&'static str, String) {
    let rule = match decision {
        Decision::Allow(permit) => permit.rule().0.to_string(),
        Decision::Deny(denial) => denial.rule.0.to_string(),
        Decision::Ask(ask) => ask.rules.iter().map(|rule| rule.0.to_string()).collect(),
        Decision::Needs(_) => String::new(),
    };
    (kind(decision), rule)
}

/// The same document with the keys of every object the other way round.
fn turned(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .rev()
            .map(|(key, member)| (key.clone(), turned(member)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(turned).collect(),
        other => other.clone(),
    }
}
