//! What a caller is told of what a run knows: a list of what is shown, so that raw answers, other
//! bills and numbers of people stay inside.

use serde_json::{Value, json};

use super::context::RunContext;
use crate::{facts::JsonObject, identifiers::masked_extraction};

pub(super) fn of(context: &RunContext) -> JsonObject {
    let mut data = JsonObject::new();
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            data.insert(name.to_owned(), value);
        }
    };
    if let Some(bill) = &context.bill {
        add(
            "move",
            json!({"id": bill.id, "name": bill.name, "move_type": bill.move_type, "state": bill.state}),
        );
    }
    add("budget", shown(&context.budget));
    if let Some(found) = &context.extraction {
        add("vision_summary", vision_summary(context));
        add("extracted_data", masked_extraction(&found.data));
        add("field_confidence", json!(found.confidence));
        add("pdf_sanitize", found.sanitized.clone());
        if !found.problems.is_empty() {
            add("extraction_problems", json!(found.problems));
        }
        if found.suspicious_instructions {
            add("suspicious_instructions", json!(true));
        }
    }
    if let Some(escalation) = &context.escalation {
        add("escalated", json!(escalation.escalated));
        add("escalation_reason", json!(escalation.reason));
        add("first_pass_model", json!(escalation.first_pass_model));
        add("first_pass_state", json!(escalation.first_pass_state));
        add("escalation_failed", json!(escalation.failed));
    }
    add("bg_normalize", context.normalized.clone().unwrap_or_default());
    add("log_id", json!(context.logged.as_ref().map(|logged| logged.call_id.clone())));
    add("writeback", shown(&context.write_back));
    add("posting", shown(&context.posting));
    if !context.plugins.is_empty() {
        add("plugins", json!(context.plugins));
    }
    data
}

/// The reading in a few numbers.
pub(super) fn vision_summary(context: &RunContext) -> Value {
    let Some(found) = &context.extraction else { return Value::Null };
    json!({
        "state": "success",
        "model": found.model,
        "pages": found.pages,
        "duration_ms": found.duration_ms,
        "cost_known": found.cost_known,
        "cost_eur_millicents": found.cost_eur,
        "reused": found.reused,
        "prompt_version": found.prompt_version,
    })
}

fn shown(part: &Option<impl serde::Serialize>) -> Value {
    part.as_ref().and_then(|part| serde_json::to_value(part).ok()).unwrap_or_default()
}
