//! Random arguments for every tool: an error, or a call whose effects can be judged.
//!
//! Input: `{"tool": …, "arguments": {…}}`.

use std::sync::{Arc, LazyLock};

use odoo_mcp::{
    facts::{Arrival, CallFacts, Caller, Class, Effect, Found, JsonObject, Operation},
    policy::{Decision, Policy},
    tools::Helpers,
};
use serde_json::{Value, json};

use super::CATALOG;

/// A policy that says something about everything.
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let text = json!({"version": "1", "default": "allow", "tools": {"odoo_unlink": {"action": "deny"}}});
    Arc::new(Policy::load(text.to_string().as_bytes(), &*CATALOG).expect("the policy loads"))
});

pub fn run(data: &[u8]) {
    let Ok(Value::Object(mut input)) = serde_json::from_slice::<Value>(data) else { return };
    let Some(tool) = input.get("tool").and_then(Value::as_str).and_then(|name| CATALOG.find(name)) else {
        return;
    };
    let Some(Value::Object(arguments)) = input.remove("arguments") else { return };
    let Some(facts) = facts_of(tool, arguments) else { return };
    check(&facts);
}

pub fn facts_of(tool: odoo_mcp::tools::Found, arguments: JsonObject) -> Option<CallFacts> {
    let caller = Caller::local(Arrival::Stdio);
    let request = match tool.entry.decode(arguments.clone()) {
        Ok(request) => request,
        Err(error) => {
            assert!(!error.message.is_empty(), "an error without a word");
            return None;
        }
    };
    let effects: Arc<[Effect]> = request.effects(&caller, &Helpers::default()).into();
    assert_eq!(*effects, *request.effects(&caller, &Helpers::default()), "the same call, other effects");
    Some(CallFacts {
        caller,
        tool: tool.facts(),
        class: request.class(),
        dry_run: request.is_rehearsal(),
        arguments: Arc::new(arguments),
        effects,
        at: jiff::Timestamp::UNIX_EPOCH,
        found: Found::default(),
    })
}

pub fn check(facts: &CallFacts) {
    for effect in &*facts.effects {
        let Effect::Records(record) = effect else { continue };
        assert!(
            record.operation == Operation::Read || facts.class != Class::Read || facts.dry_run,
            "a reading call that does {:?}: {record:?}",
            record.operation
        );
        assert!(record.ids.iter().flatten().all(|id| *id > 0), "an id that is none: {record:?}");
        serde_json::to_value(effect).expect("an effect can be written");
    }
    let unlinks = facts.effects.iter().any(|effect| match effect {
        Effect::Records(record) => record.operation == Operation::Unlink,
        _ => false,
    });
    let first = POLICY.decide(facts);
    if unlinks {
        assert!(!matches!(first, Decision::Allow(_)), "a deletion got past the rule that forbids it");
    }
    // The same facts, the same decision.
    assert_eq!(std::mem::discriminant(&first), std::mem::discriminant(&POLICY.decide(facts)));
}
