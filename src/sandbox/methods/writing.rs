//! Creating, changing, copying and deleting.

use serde_json::{Value, json};

use super::{Answer, Call, reading};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::Env,
        errors::{OdooError, Result},
        field::Kind,
        orm::{delete, write as writing},
    },
};

pub(super) fn create(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    match call.get("vals_list") {
        Some(Value::Object(values)) => {
            Ok(Answer::Value(json!(writing::create(env, call.model, values.clone())?)))
        }
        Some(Value::Array(items)) => {
            let mut ids = Vec::new();
            for item in items {
                let values = item.as_object().ok_or_else(not_a_dict)?;
                ids.push(writing::create(env, call.model, values.clone())?);
            }
            Ok(Answer::Value(json!(ids)))
        }
        _ => Err(not_a_dict()),
    }
}

fn not_a_dict() -> OdooError {
    OdooError::attribute("'str' object has no attribute 'get'")
}

pub(super) fn write(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let Some(values) = call.get("vals").and_then(Value::as_object) else {
        return Err(not_a_dict());
    };
    writing::write(env, call.model, &call.ids, values.clone())?;
    Ok(json!(true).into())
}

pub(super) fn unlink(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    delete::unlink(env, call.model, &call.ids)?;
    Ok(json!(true).into())
}

pub(super) fn web_save(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let values = call.object("vals");
    let ids = if call.ids.is_empty() {
        vec![writing::create(env, call.model, values)?]
    } else {
        writing::write(env, call.model, &call.ids, values)?;
        call.ids.clone()
    };
    Ok(Value::Array(reading::specified(env, call.model, &ids, &call.object("specification"))).into())
}

/// Fields a copy does not take over, besides what is computed.
const NOT_COPIED: &[&str] = &[
    "id",
    "display_name",
    "create_uid",
    "create_date",
    "write_uid",
    "write_date",
    "__last_update",
    "message_ids",
    "message_follower_ids",
    "access_token",
    "invoice_ids",
    "login",
    "state",
    "payment_state",
    "posted_before",
    "invoice_date",
    "invoice_date_due",
    "payment_reference",
    "sale_order_ids",
    "opportunity_ids",
    "user_ids",
    "child_ids",
    "order_ids",
    "barcode",
    "date_order",
    "product_variant_ids",
    "line_ids",
    "qty_delivered",
    "qty_invoiced",
    "signed_by",
    "signed_on",
    "signature",
    "commitment_date",
    "validity_date",
];

pub(super) fn copy(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let mut copies = Vec::new();
    for id in &call.ids {
        if !env.db.exists(call.model, *id) {
            return Err(OdooError::missing(call.model, *id, env.uid));
        }
        copies.push(copy_one(env, call.model, *id, &call.object("default"))?);
    }
    if env.is_14() {
        return Ok(copies.first().map_or(Answer::Nothing, |id| json!(id).into()));
    }
    Ok(Answer::Records(call.model, copies))
}

fn copy_one(env: &mut Env<'_>, model: &'static str, id: i64, changes: &JsonObject) -> Result<i64> {
    let mut values = copied_values(env, model, id)?;
    values.extend(changes.clone());
    if matches!(model, "sale.order" | "account.move") {
        if !changes.contains_key("name") {
            values.remove("name");
        }
    } else if !changes.contains_key("name")
        && let Some(Value::String(name)) = values.get_mut("name")
    {
        name.push_str(" (copy)");
    }
    writing::create(env, model, values)
}

fn copied_values(env: &Env<'_>, model: &str, id: i64) -> Result<JsonObject> {
    let mut values = JsonObject::new();
    for field in &env.model(model)?.fields {
        if NOT_COPIED.contains(&field.name) || !field.stored {
            continue;
        }
        match field.kind {
            Kind::One2many { model: other, inverse } => {
                let owned = env.field(other, inverse).is_some_and(|field| field.required);
                if !owned {
                    continue;
                }
                let mut lines = Vec::new();
                for line in env.ids(model, id, field.name) {
                    let mut inner = copied_values(env, other, line)?;
                    inner.remove(inverse);
                    lines.push(json!([0, 0, inner]));
                }
                values.insert(field.name.to_owned(), Value::Array(lines));
            }
            _ if field.readonly && field.name != "name" => {}
            Kind::Many2many(_) => {
                values.insert(field.name.to_owned(), json!([[6, 0, env.value_of(model, id, field)]]));
            }
            _ => {
                values.insert(field.name.to_owned(), env.value_of(model, id, field));
            }
        }
    }
    Ok(values)
}
