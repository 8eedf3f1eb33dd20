//! What the add-on for tests brings: methods that steps of a pipeline call, and the posting of bills.

use serde_json::{Value, json};

use super::{Answer, Call, account};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::{Env, truthy},
        errors::{OdooError, Result},
        orm::write as writing,
    },
};

/// The context a step was given; anything else fails as `dict(ctx, ...)` does.
fn context(call: &Call) -> Result<JsonObject> {
    match call.get("ctx") {
        Some(Value::Object(members)) => Ok(members.clone()),
        _ => Err(OdooError::attribute("'str' object has no attribute 'get'")),
    }
}

/// Notes the call where tests can look it up.
fn noted(env: &mut Env<'_>, call: &Call, method: &str) -> Result<JsonObject> {
    let members = context(call)?;
    let of = |name: &str| members.get(name).cloned().unwrap_or(Value::Bool(false));
    let values = JsonObject::from_iter([
        ("method".to_owned(), json!(method)),
        ("source_model".to_owned(), of("source_model")),
        ("source_id".to_owned(), of("source_id")),
        ("context".to_owned(), json!(Value::Object(members.clone()).to_string())),
    ]);
    writing::create(env, "ai.test.call", values)?;
    Ok(members)
}

fn answered(mut members: JsonObject, more: &[(&str, Value)]) -> Answer {
    for (name, value) in more {
        members.insert((*name).to_owned(), value.clone());
    }
    Value::Object(members).into()
}

pub(super) fn step_note(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    Ok(answered(noted(env, call, "step_note")?, &[("note", json!("seen by Odoo"))]))
}

pub(super) fn step_count(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let members = noted(env, call, "step_count")?;
    let before = members.get("count").and_then(Value::as_i64).unwrap_or_default();
    Ok(answered(members, &[("count", json!(before.saturating_add(1)))]))
}

pub(super) fn step_abort(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let more = [("abort", json!(true)), ("abort_reason", json!("the step asked to stop"))];
    Ok(answered(noted(env, call, "step_abort")?, &more))
}

pub(super) fn step_raise(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    noted(env, call, "step_raise")?;
    Err(OdooError::user("the test step fails on purpose"))
}

pub(super) fn step_grow(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let members = noted(env, call, "step_grow")?;
    let bytes = members.get("grow_bytes").and_then(Value::as_u64).unwrap_or_default();
    let filler = "x".repeat(usize::try_from(bytes).unwrap_or_default());
    Ok(answered(members, &[("filler", json!(filler))]))
}

pub(super) fn step_silent(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    noted(env, call, "step_silent")?;
    Ok(json!(true).into())
}

pub(super) fn step_other_record(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let more = [("source_id", json!(1)), ("source_res_id", json!(1)), ("source_model", json!("res.users"))];
    Ok(answered(noted(env, call, "step_other_record")?, &more))
}

/// Posts drafts of vendor bills, as far as nobody has to look at them first.
pub(super) fn post_vendor_bill(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    for id in &call.ids {
        if !env.db.exists(call.model, *id) {
            return Err(OdooError::missing(call.model, *id, env.uid));
        }
        if !matches!(env.text(call.model, *id, "move_type").as_str(), "in_invoice" | "in_refund") {
            return Err(OdooError::user("Only vendor bills are posted here."));
        }
        if env.text(call.model, *id, "state") != "draft" {
            return Err(OdooError::user("Only drafts are posted here."));
        }
        if truthy(&env.value(call.model, *id, "ai_needs_review")) {
            return Err(OdooError::user("This bill needs a review first."));
        }
    }
    account::action_post(env, call)?;
    for id in &call.ids {
        let log = env.text(call.model, *id, "ai_post_log") + "posted by the pipeline\n";
        env.db.set(call.model, *id, [("ai_post_log", json!(log))]);
    }
    Ok(json!(true).into())
}
