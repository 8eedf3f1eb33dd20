//! Archiving, which is writing `active`.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::{
    facts::JsonObject,
    sandbox::{env::Env, errors::Result, orm::write as writing},
};

fn set_active(env: &mut Env<'_>, call: &Call, ids: &[i64], active: bool) -> Result<()> {
    if env.field(call.model, "active").is_none() {
        return Ok(());
    }
    writing::write(env, call.model, ids, JsonObject::from_iter([("active".to_owned(), Value::Bool(active))]))
}

pub(super) fn action_archive(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    set_active(env, call, &call.ids, false)?;
    Ok(outcome(env))
}

pub(super) fn action_unarchive(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    set_active(env, call, &call.ids, true)?;
    Ok(outcome(env))
}

pub(super) fn toggle_active(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    for id in &call.ids {
        let active = env.is_active(call.model, *id);
        set_active(env, call, &[*id], !active)?;
    }
    Ok(Answer::Nothing)
}

fn outcome(_env: &Env<'_>) -> Answer {
    let _ = json!(null);
    Answer::Nothing
}
