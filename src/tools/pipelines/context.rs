//! The context that travels through the steps of a run: what a caller may add, what steps may change,
//! and how large it may become.

use serde_json::{Value, json};

use crate::{
    facts::{JsonObject, ModelName},
    tools::ArgumentsError,
};

/// What a caller may add, as JSON: the fields of a document with its lines.
const EXTRA_BYTES_MAX: usize = 64 * 1024;
/// The whole context, as JSON. It is sent with every step, and the last one is part of the answer.
const CONTEXT_BYTES_MAX: usize = 256 * 1024;
/// Members within members that are looked through for secrets.
const DEEP_MAX: usize = 16;

/// Members that say what the run is about. They are set once, and stay.
const FIXED: &[&str] =
    &["source_model", "source_id", "source_res_id", "tenant_code", "tenant_tier", "pipeline"];
/// Members that steps may set and callers may not: they open gates, or end the run.
const OF_STEPS: &[&str] = &[
    "matched_skill_ids",
    "matched_skill_scores",
    "log",
    "result",
    "abort",
    "abort_reason",
    "mcp_data",
    "mcp_abort",
];
/// Words in the name of a member that holds a secret.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "secrets",
    "token",
    "apikey",
    "authorization",
    "credential",
    "credentials",
];
const SECRET_NAMES: &[&str] = &["api_key", "private_key"];

/// What the run is about.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) model: &'a ModelName,
    pub(super) id: i64,
    pub(super) pipeline: &'a str,
    pub(super) tenant_code: &'a str,
    pub(super) tenant_tier: &'a str,
}

/// Refuses what a caller may not add.
pub(super) fn check_extra(extra: &JsonObject) -> Result<(), ArgumentsError> {
    let refused = |message: String, hint: &str| Err(ArgumentsError { message, hint: Some(hint.to_owned()) });
    if let Some(name) =
        extra.keys().find(|name| FIXED.contains(&name.as_str()) || OF_STEPS.contains(&name.as_str()))
    {
        return refused(
            format!("`{name}` in `extra_ctx` is reserved"),
            "the run sets it itself; use the arguments of the tool, or a name of your own",
        );
    }
    if let Some(name) = extra.keys().find(|name| !name.starts_with(|c: char| c.is_alphabetic() || c == '_')) {
        return refused(
            format!("`{name}` in `extra_ctx` does not begin with a letter"),
            "choose another name",
        );
    }
    if let Some(name) = secret_in(extra, 0) {
        return refused(
            format!("`{name}` in `extra_ctx` looks like a secret"),
            "steps run with the connection's own rights and need none; a context is stored and logged",
        );
    }
    if bytes_of(extra) > EXTRA_BYTES_MAX {
        return refused(
            format!("`extra_ctx` is larger than {EXTRA_BYTES_MAX} bytes"),
            "send what the steps need, and let them read the rest in Odoo",
        );
    }
    Ok(())
}

/// Refuses fields of a document that no context may carry.
pub(super) fn check_fields(fields: &JsonObject) -> Result<(), ArgumentsError> {
    let why = if secret_in(fields, 0).is_some() {
        "`composite_fields` holds what looks like a secret".to_owned()
    } else if bytes_of(fields) > EXTRA_BYTES_MAX {
        format!("`composite_fields` is larger than {EXTRA_BYTES_MAX} bytes")
    } else {
        return Ok(());
    };
    Err(ArgumentsError { message: why, hint: None })
}

fn secret_in(members: &JsonObject, depth: usize) -> Option<&str> {
    members.iter().find_map(|(name, value)| {
        let lower = name.to_lowercase();
        let is_secret = SECRET_NAMES.contains(&lower.as_str())
            || lower.split(['_', '-', '.']).any(|word| SECRET_WORDS.contains(&word));
        if is_secret { Some(name.as_str()) } else { secret_within(value, depth + 1) }
    })
}

fn secret_within(value: &Value, depth: usize) -> Option<&str> {
    match value {
        _ if depth > DEEP_MAX => None,
        Value::Object(members) => secret_in(members, depth),
        Value::Array(items) => items.iter().find_map(|item| secret_within(item, depth + 1)),
        _ => None,
    }
}

/// The context of the first step.
pub(super) fn begin(subject: &Subject<'_>, composite_fields: &JsonObject, extra: &JsonObject) -> JsonObject {
    let whole = json!({
        "source_model": subject.model,
        "source_id": subject.id,
        // Steps of older add-ons look for the record under this name.
        "source_res_id": subject.id,
        "pipeline": subject.pipeline,
        "tenant_code": subject.tenant_code,
        "tenant_tier": subject.tenant_tier,
        "composite_fields": composite_fields,
        "matched_skill_ids": [],
        "matched_skill_scores": {},
        "log": [],
        "result": {},
        "abort": false,
    });
    let mut context = match whole {
        Value::Object(members) => members,
        _ => JsonObject::new(),
    };
    context.extend(extra.clone());
    context
}

/// What a step made of the context.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) context: JsonObject,
    /// Members that the step changed and may not.
    pub(super) kept: Vec<&'static str>,
}

/// The context after a step, or why it is not taken over.
pub(super) fn take_over(before: &JsonObject, mut answered: JsonObject) -> Result<Taken, String> {
    let mut kept = Vec::new();
    for name in FIXED {
        let Some(own) = before.get(*name) else { continue };
        if answered.get(*name) != Some(own) {
            kept.push(*name);
            answered.insert((*name).to_owned(), own.clone());
        }
    }
    let bytes = bytes_of(&answered);
    if bytes > CONTEXT_BYTES_MAX {
        return Err(format!("its context is {bytes} bytes, and no more than {CONTEXT_BYTES_MAX} go on"));
    }
    if let Some(name) = secret_in(&answered, 0) {
        return Err(format!("its context holds `{name}`, which looks like a secret"));
    }
    Ok(Taken { context: answered, kept })
}

/// The context with what the steps of this program know; nothing where that is too large or names what
/// looks like a secret.
pub(super) fn with_data(before: &JsonObject, data: JsonObject) -> Option<JsonObject> {
    let mut context = before.clone();
    context.insert("mcp_data".to_owned(), Value::Object(data));
    take_over(before, context).ok().map(|taken| taken.context)
}

/// Why the run ends here, if a step asked for that.
pub(super) fn asked_to_stop(context: &JsonObject) -> Option<String> {
    let is_set = |name: &str| match context.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(_) => true,
    };
    if !is_set("abort") && !is_set("mcp_abort") {
        return None;
    }
    let reason = context.get("abort_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty());
    Some(reason.unwrap_or("a step asked to stop").to_owned())
}

fn bytes_of(members: &JsonObject) -> usize {
    serde_json::to_vec(members).map_or(usize::MAX, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> JsonObject {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn callers_add_what_is_theirs() {
        assert!(check_extra(&object(json!({"note": "x", "lines": [{"a": 1}], "tokens_used": 7}))).is_ok());
        for name in FIXED.iter().chain(OF_STEPS) {
            assert!(check_extra(&object(json!({*name: 1}))).is_err(), "{name}");
        }
        for bad in [
            json!({"7": 1}),
            json!({"": 1}),
            json!({"api_key": "x"}),
            json!({"a": {"Password": "x"}}),
            json!({"a": [{"access_token": "x"}]}),
            json!({"a": "x".repeat(EXTRA_BYTES_MAX)}),
        ] {
            assert!(check_extra(&object(bad.clone())).is_err(), "{}", bad.to_string().len());
        }
    }

    #[test]
    fn what_the_run_is_about_stays() {
        let model = ModelName::parse("res.partner").unwrap();
        let subject =
            Subject { model: &model, id: 7, pipeline: "p", tenant_code: "t", tenant_tier: "business" };
        let before = begin(&subject, &JsonObject::new(), &object(json!({"note": 1})));
        assert_eq!((before["source_id"].as_i64(), before["source_res_id"].as_i64()), (Some(7), Some(7)));
        let answered = object(json!({"source_id": 1, "note": 2, "matched_skill_ids": [4]}));
        let taken = take_over(&before, answered).unwrap();
        assert_eq!(taken.context["source_id"], 7);
        assert_eq!(taken.context["tenant_code"], "t", "what is left out is put back");
        assert_eq!((&taken.context["note"], &taken.context["matched_skill_ids"]), (&json!(2), &json!([4])));
        assert!(taken.kept.contains(&"source_id"));
        assert!(take_over(&before, before.clone()).unwrap().kept.is_empty());
        assert!(take_over(&before, object(json!({"x": "x".repeat(CONTEXT_BYTES_MAX)}))).is_err());
        assert!(take_over(&before, object(json!({"password": "x"}))).is_err());
    }

    #[test]
    fn a_step_ends_the_run_by_saying_so() {
        assert_eq!(asked_to_stop(&object(json!({"abort": false}))), None);
        assert_eq!(asked_to_stop(&JsonObject::new()), None);
        assert_eq!(
            asked_to_stop(&object(json!({"abort": true, "abort_reason": "why"}))),
            Some("why".to_owned())
        );
        assert!(asked_to_stop(&object(json!({"mcp_abort": 1}))).is_some());
    }
}
