//! The buttons of an invoice.

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

pub(super) fn action_post(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    check(env, call)?;
    for id in &call.ids {
        if env.text(call.model, *id, "state") != "draft" {
            if env.is_14() {
                continue;
            }
            let name = env.text(call.model, *id, "name");
            return Err(OdooError::user(format!("The entry {name} (id {id}) must be in draft.")));
        }
        let is_invoice = env.text(call.model, *id, "move_type") != "entry";
        if is_invoice && env.ids(call.model, *id, "invoice_line_ids").is_empty() {
            return Err(OdooError::user(match env.is_14() {
                true => "You need to add a line before posting.",
                false => "Even magicians can't post nothing!",
            }));
        }
        // 14 takes the date of the day.
        let is_bill = matches!(env.text(call.model, *id, "move_type").as_str(), "in_invoice" | "in_refund");
        if is_bill && !env.is_14() && env.text(call.model, *id, "invoice_date").is_empty() {
            return Err(OdooError::user("The Bill/Refund date is required to validate this document."));
        }
        post(env, call, *id);
    }
    Ok(if env.is_14() { Answer::Records(call.model, call.ids.clone()) } else { json!(false).into() })
}

fn post(env: &mut Env<'_>, call: &Call, id: i64) {
    let today = env.today();
    let year = today.get(..4).unwrap_or("2026").to_owned();
    let kind = env.text(call.model, id, "move_type");
    let prefix = match kind.as_str() {
        "out_invoice" => "INV",
        "out_refund" => "RINV",
        "in_invoice" => "BILL",
        "in_refund" => "RBILL",
        _ => "MISC",
    };
    let mut values = vec![("state", json!("posted")), ("posted_before", json!(true))];
    let name = env.text(call.model, id, "name");
    if name.is_empty() || name == "/" {
        let number = env.db.next_number(&format!("{prefix}/{year}"));
        values.push(("name", format!("{prefix}/{year}/{number:05}").into()));
    }
    for date in ["invoice_date", "invoice_date_due"] {
        if env.text(call.model, id, date).is_empty() && kind != "entry" {
            values.push((date, today.clone().into()));
        }
    }
    env.db.set(call.model, id, values);
}

pub(super) fn button_draft(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    check(env, call)?;
    for id in &call.ids {
        let is_draft = env.text(call.model, *id, "state") == "draft";
        if is_draft && !env.is_14() {
            return Err(OdooError::user("Only posted/cancelled journal entries can be reset to draft."));
        }
        env.db.set(call.model, *id, [("state", json!("draft"))]);
    }
    Ok(Answer::Nothing)
}

pub(super) fn button_cancel(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    check(env, call)?;
    for id in &call.ids {
        env.db.set(call.model, *id, [("state", json!("cancel"))]);
    }
    Ok(Answer::Nothing)
}

pub(super) fn action_register_payment(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    check(env, call)?;
    let all_posted = call.ids.iter().all(|id| env.text(call.model, *id, "state") == "posted");
    if !all_posted && !env.is_14() {
        return Err(OdooError::user("You can only register payment for posted journal entries."));
    }
    let mut action = json!({
        "name": if env.is_14() { "Register Payment" } else { "Pay" },
        "res_model": "account.payment.register",
        "view_mode": "form",
        "context": {"active_model": "account.move", "active_ids": call.ids},
        "target": "new",
        "type": "ir.actions.act_window",
    });
    if let (false, Some(members)) = (env.is_14(), action.as_object_mut()) {
        members.insert("views".to_owned(), json!([[false, "form"]]));
    }
    Ok(Value::Object(action.as_object().cloned().unwrap_or_default()).into())
}
