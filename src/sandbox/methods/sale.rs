//! The buttons of a sales order.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::sandbox::{
    access::{self, Operation},
    env::Env,
    errors::{OdooError, Result},
};

fn check(env: &Env<'_>, call: &Call) -> Result<()> {
    access::check(env, call.model, Operation::Write)?;
    for id in &call.ids {
        if !env.db.exists(call.model, *id) {
            return Err(OdooError::missing(call.model, *id, env.uid));
        }
        access::check_record(env, call.model, *id, Operation::Write)?;
    }
    Ok(())
}

fn set_state(env: &mut Env<'_>, call: &Call, id: i64, state: &str) {
    let now = Value::from(env.now());
    env.db.set(
        call.model,
        id,
        [("state", Value::from(state)), ("write_date", now), ("write_uid", Value::from(env.uid))],
    );
}

pub(super) fn action_confirm(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    check(env, call)?;
    for id in &call.ids {
        let state = env.text(call.model, *id, "state");
        let message = match (env.is_14(), state.as_str()) {
            (true, "cancel" | "done") => {
                "It is not allowed to confirm an order in the following states: cancel, done"
            }
            (false, "sale" | "cancel") => "Some orders are not in a state requiring confirmation.",
            _ => continue,
        };
        return Err(OdooError::user(message));
    }
    for id in &call.ids {
        set_state(env, call, *id, "sale");
        let now = Value::from(env.now());
        env.db.set(call.model, *id, [("date_order", now)]);
    }
    Ok(json!(true).into())
}

pub(super) fn action_cancel(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    check(env, call)?;
    for id in &call.ids {
        set_state(env, call, *id, "cancel");
    }
    Ok(json!(true).into())
}

pub(super) fn action_draft(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    check(env, call)?;
    for id in &call.ids {
        if matches!(env.text(call.model, *id, "state").as_str(), "cancel" | "sent") {
            set_state(env, call, *id, "draft");
        }
    }
    Ok(json!(true).into())
}

pub(super) fn action_quotation_send(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    check(env, call)?;
    Ok(json!({
        "type": "ir.actions.act_window",
        "view_mode": "form",
        "res_model": "mail.compose.message",
        "views": [[false, "form"]],
        "view_id": false,
        "target": "new",
        "context": {"default_model": "sale.order", "default_composition_mode": "comment"},
    })
    .into())
}
