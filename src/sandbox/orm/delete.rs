//! Deleting records: what goes along, what is let go, and what stands in the way.

use serde_json::Value;

use super::values;
use crate::sandbox::{
    access::{self, Operation},
    env::Env,
    errors::{OdooError, Result},
};

/// Records that go with the one they belong to.
const CASCADES: &[(&str, &str)] = &[
    ("sale.order.line", "order_id"),
    ("account.move.line", "move_id"),
    ("product.product", "product_tmpl_id"),
    ("res.partner.category", "parent_id"),
    ("product.category", "parent_id"),
    ("ir.model.fields", "model_id"),
];

/// Links that hold a record although they may be empty.
const RESTRICTS: &[(&str, &str)] = &[
    ("account.move", "partner_id"),
    ("account.move.line", "partner_id"),
    ("account.move.line", "product_id"),
    ("account.move.line", "account_id"),
    ("sale.order.line", "product_id"),
    ("res.partner", "state_id"),
    ("res.partner", "country_id"),
    ("crm.lead", "stage_id"),
];

pub(crate) fn unlink(env: &mut Env<'_>, model: &'static str, ids: &[i64]) -> Result<()> {
    access::check(env, model, Operation::Unlink)?;
    for id in ids {
        if !env.db.exists(model, *id) {
            return Err(OdooError::missing(model, *id, env.uid));
        }
        access::check_record(env, model, *id, Operation::Unlink)?;
        check_state(env, model, *id)?;
    }
    for id in ids {
        remove(env, model, *id)?;
    }
    Ok(())
}

fn check_state(env: &Env<'_>, model: &str, id: i64) -> Result<()> {
    let state = env.text(model, id, "state");
    if model == "res.partner" && !env.is_14() {
        let in_books = env
            .db
            .ids("account.move")
            .into_iter()
            .any(|entry| env.link("account.move", entry, "partner_id") == Some(id));
        if in_books {
            return Err(OdooError::user("The partner cannot be deleted because it is used in Accounting"));
        }
    }
    match (model, state.as_str()) {
        ("sale.order", "sale" | "done" | "sent") => Err(OdooError::user(
            "You can not delete a sent quotation or a confirmed sales order. You must first cancel it.",
        )),
        ("account.move", "posted") => Err(OdooError::user(if env.is_14() {
            "You cannot delete an entry which has been posted once."
        } else {
            "You can't delete a posted journal item. Don’t play games with your accounting records; reset the journal entry to draft before deleting it."
        })),
        ("ir.module.module", "installed") => {
            Err(OdooError::user("You are trying to remove a module that is installed or will be installed."))
        }
        ("res.users", _) if id <= crate::sandbox::env::ADMIN => Err(OdooError::user(
            "You can not remove the admin user as it is used internally for resources created by Odoo (updates, module installation, ...)",
        )),
        _ => Ok(()),
    }
}

fn remove(env: &mut Env<'_>, model: &'static str, id: i64) -> Result<()> {
    for (other, field) in env.schema.pointing_at(model) {
        let stored = |env: &Env<'_>, record: i64| {
            env.db.get(other, record).and_then(|values| values.get(field.name)).and_then(Value::as_i64)
        };
        let holders: Vec<i64> =
            env.db.ids(other).into_iter().filter(|record| stored(env, *record) == Some(id)).collect();
        if holders.is_empty() || matches!(field.name, "create_uid" | "write_uid") {
            continue;
        }
        let link = (other, field.name);
        if CASCADES.contains(&link) {
            for holder in holders {
                if env.db.exists(other, holder) {
                    remove(env, other, holder)?;
                }
            }
        } else if field.required || RESTRICTS.contains(&link) {
            return Err(values::foreign_key(env, other, field));
        } else {
            for holder in holders {
                env.db.set(other, holder, [(field.name, Value::Bool(false))]);
            }
        }
    }
    drop_from_lists(env, model, id);
    env.db.remove(model, id);
    Ok(())
}

/// Takes the id out of every many2many that holds it.
fn drop_from_lists(env: &mut Env<'_>, model: &'static str, id: i64) {
    for name in env.schema.names() {
        let Some(schema) = env.schema.get(name) else { continue };
        for field in schema.fields.iter().filter(|field| field.is_x2many() && field.relation() == Some(model))
        {
            let mut changed = Vec::new();
            for record in env.db.ids(name) {
                let stored = env
                    .db
                    .get(name, record)
                    .and_then(|values| values.get(field.name))
                    .and_then(Value::as_array);
                if let Some(ids) = stored.filter(|ids| ids.contains(&Value::from(id))) {
                    let kept: Vec<Value> =
                        ids.iter().filter(|held| held.as_i64() != Some(id)).cloned().collect();
                    changed.push((record, Value::Array(kept)));
                }
            }
            for (record, kept) in changed {
                env.db.set(name, record, [(field.name, kept)]);
            }
        }
    }
}
