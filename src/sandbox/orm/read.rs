//! Reading: values in the form Odoo gives them to clients.

use serde_json::{Value, json};

use super::translations;
use crate::{
    facts::JsonObject,
    sandbox::{
        env::{Env, truthy},
        errors::{OdooError, Result},
        field::{Field, Kind},
    },
};

/// Checks field names, or takes all of them.
pub(crate) fn fields(env: &Env<'_>, model: &str, names: Option<&[String]>) -> Result<Vec<&'static Field>> {
    let schema = env.model(model)?;
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        return Ok(schema.fields.clone());
    };
    names
        .iter()
        .map(|name| schema.field(name).ok_or_else(|| OdooError::unknown_field(env.version(), model, name)))
        .collect()
}

/// Reads records; ids that do not exist are left out.
pub(crate) fn read(
    env: &Env<'_>,
    model: &str,
    ids: &[i64],
    fields: &[&'static Field],
    names: bool,
) -> Vec<Value> {
    ids.iter()
        .filter(|id| env.db.exists(model, **id))
        .map(|id| {
            let mut record = JsonObject::new();
            record.insert("id".to_owned(), Value::from(*id));
            for field in fields {
                record.insert(field.name.to_owned(), shown(env, model, *id, field, names));
            }
            Value::Object(record)
        })
        .collect()
}

/// One value as `read` shows it; `names` turns a many2one into its pair.
pub(crate) fn shown(env: &Env<'_>, model: &str, id: i64, field: &'static Field, names: bool) -> Value {
    let mut value = env.value_of(model, id, field);
    if let (true, Some(lang)) = (field.translated, translations::language(env)) {
        value = translations::shown(env, model, id, field, value, lang);
    }
    match field.kind {
        Kind::Many2one(other) => match value.as_i64() {
            Some(related) if names => json!([related, env.display_name(other, related)]),
            Some(related) => Value::from(related),
            None => Value::Bool(false),
        },
        Kind::One2many { model: other, .. } | Kind::Many2many(other) => {
            let ids = value.as_array().cloned().unwrap_or_default();
            let seen =
                |id: &Value| id.as_i64().is_some_and(|id| !env.active_test() || env.is_active(other, id));
            Value::Array(ids.into_iter().filter(seen).collect())
        }
        Kind::Binary => {
            let wants_size = ["bin_size", &format!("bin_size_{}", field.name)]
                .iter()
                .any(|key| env.context.get(*key).is_some_and(truthy));
            match value {
                Value::String(text) if wants_size => Value::from(human_size(decoded_size(&text))),
                other => other,
            }
        }
        _ => value,
    }
}

/// How many bytes a base64 text stands for.
pub(crate) fn decoded_size(base64: &str) -> usize {
    let padding = base64.bytes().rev().take_while(|byte| *byte == b'=').count();
    (base64.len() / 4 * 3).saturating_sub(padding)
}

/// A size as `bin_size` shows it.
fn human_size(bytes: usize) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "Kb", "Mb"] {
        if size < 1024.0 {
            return format!("{size:.2} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.2} Gb")
}

/// `fields_get`.
pub(crate) fn describe(
    env: &Env<'_>,
    model: &str,
    names: Option<&[String]>,
    attributes: Option<&[String]>,
) -> Result<Value> {
    let schema = env.model(model)?;
    let mut described = JsonObject::new();
    for field in &schema.fields {
        if names.is_some_and(|names| !names.is_empty() && !names.iter().any(|name| name == field.name)) {
            continue;
        }
        let mut all = description(env, field);
        if let ("res.users", "name" | "email" | "phone") = (model, field.name) {
            let related = if env.is_14() {
                json!(["partner_id", field.name])
            } else {
                json!(format!("partner_id.{}", field.name))
            };
            all.insert("related".to_owned(), related);
        }
        if let Some(wanted) = attributes.filter(|wanted| !wanted.is_empty()) {
            all.retain(|key, _| wanted.contains(key));
        }
        described.insert(field.name.to_owned(), Value::Object(all));
    }
    Ok(Value::Object(described))
}

/// What some computed fields are computed from; the others say nothing of it here.
fn depends(field: &str) -> Value {
    match field {
        "complete_name" => json!(["name", "parent_id.name"]),
        "email_formatted" => json!(["name", "email"]),
        "email_normalized" => json!(["email"]),
        _ => json!([]),
    }
}

fn description(env: &Env<'_>, field: &Field) -> JsonObject {
    let mut all = JsonObject::new();
    let mut put = |key: &str, value: Value| {
        all.insert(key.to_owned(), value);
    };
    put("type", field.type_name().into());
    put("change_default", false.into());
    put("company_dependent", field.company_dependent.into());
    put("depends", depends(field.name));
    put("manual", false.into());
    put("readonly", field.readonly.into());
    put("required", field.required.into());
    put("searchable", field.searchable.into());
    put("sortable", field.sortable().into());
    put("store", field.stored.into());
    put("string", field.label.into());
    match field.kind {
        Kind::Char => {
            put("translate", field.translated.into());
            put("trim", true.into());
        }
        Kind::Text => put("translate", field.translated.into()),
        Kind::Html => {
            put("translate", field.translated.into());
            put("sanitize", true.into());
            put("sanitize_tags", true.into());
        }
        Kind::Selection(options) => {
            put("selection", Value::Array(options.iter().map(|(key, label)| json!([key, label])).collect()));
        }
        Kind::Monetary { currency } => put("currency_field", currency.into()),
        Kind::Many2one(other) | Kind::Many2many(other) => {
            put("relation", other.into());
            put("domain", json!([]));
            put("context", json!({}));
        }
        Kind::One2many { model, inverse } => {
            put("relation", model.into());
            put("relation_field", inverse.into());
            put("domain", json!([]));
            put("context", json!({}));
        }
        Kind::Binary => put("attachment", true.into()),
        Kind::Integer | Kind::Float | Kind::Boolean | Kind::Date | Kind::Datetime | Kind::ReferenceId => {}
    }
    if let Some((total, after_point)) = field.digits {
        put("digits", json!([total, after_point]));
    }
    let sums = matches!(field.kind, Kind::Float | Kind::Monetary { .. } | Kind::Integer)
        && field.name != "id"
        && field.stored;
    if sums {
        put(if env.is_14() { "group_operator" } else { "aggregator" }, "sum".into());
    }
    if !env.is_14() {
        put("name", field.name.into());
        put("exportable", true.into());
        put(
            "groupable",
            (field.stored && !matches!(field.kind, Kind::One2many { .. } | Kind::Binary)).into(),
        );
        put("default_export_compatible", false.into());
    }
    all.sort_keys();
    all
}
