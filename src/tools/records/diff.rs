//! What a write changes: before and after, field by field, real changes only.

use serde_json::{Value, json};

use super::rows::bytes_of;
use crate::{
    facts::JsonObject,
    odoo::{FieldType, ModelSchema},
};

/// Longer values are told by their size: a diff is for looking at, not for copying from.
const VALUE_BYTES_MAX: usize = 2_000;
/// Parts of names whose values nobody needs to see again.
const HIDDEN: [&str; 4] = ["password", "secret", "token", "api_key"];

/// One row per record and field: `id`, `field`, `before`, `after`.
pub(super) fn between(id: i64, before: &JsonObject, after: &JsonObject, names: &[&str]) -> Vec<JsonObject> {
    names
        .iter()
        .filter_map(|name| {
            let (old, new) = (before.get(*name)?, after.get(*name)?);
            (!same(old, new)).then(|| change(id, name, old, new))
        })
        .collect()
}

/// The same for values that were not written yet.
pub(super) fn planned(
    schema: &ModelSchema,
    id: i64,
    before: &JsonObject,
    values: &JsonObject,
) -> Vec<JsonObject> {
    values
        .iter()
        .filter_map(|(name, value)| {
            let old = before.get(name)?;
            let new = match schema.fields.get(name).map(|field| &field.kind) {
                Some(FieldType::One2many | FieldType::Many2many) => after_commands(old, value),
                Some(FieldType::Binary | FieldType::Image) => content_size(value),
                _ => value.clone(),
            };
            (!same(old, &new)).then(|| change(id, name, old, &new))
        })
        .collect()
}

fn change(id: i64, name: &str, before: &Value, after: &Value) -> JsonObject {
    let mut row = JsonObject::new();
    row.insert("id".to_owned(), json!(id));
    row.insert("field".to_owned(), json!(name));
    row.insert("before".to_owned(), shown(name, before));
    row.insert("after".to_owned(), shown(name, after));
    row
}

/// A value as a diff shows it.
pub(super) fn shown(name: &str, value: &Value) -> Value {
    if HIDDEN.iter().any(|part| name.contains(part)) && !is_empty(value) {
        return json!("(not shown)");
    }
    match value {
        short if bytes_of(short) <= VALUE_BYTES_MAX => short.clone(),
        Value::String(text) => json!({ "characters": text.chars().count() }),
        Value::Array(items) => json!({ "items": items.len() }),
        other => json!({ "bytes": bytes_of(other) }),
    }
}

/// Equal to Odoo: a pair is its id, an empty text is `false`, 5 is 5.0.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (bare(a), bare(b)) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Bool(false), other) | (other, Value::Bool(false)) => is_empty(other),
        (a, b) => a == b,
    }
}

/// A many2one pair as its id.
fn bare(value: &Value) -> &Value {
    match value {
        Value::Array(items) => match items.as_slice() {
            [id @ Value::Number(_), Value::String(_)] => id,
            _ => value,
        },
        _ => value,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn content_size(value: &Value) -> Value {
    match value.as_str() {
        // Four characters of base64 hold three bytes.
        Some(text) => json!({ "bytes": text.len() / 4 * 3 }),
        None => value.clone(),
    }
}

/// The ids of an x2many after its commands; records to be made or changed are shown as they were given.
fn after_commands(before: &Value, commands: &Value) -> Value {
    let Some(commands) = commands.as_array() else { return commands.clone() };
    if commands.iter().all(Value::is_number) {
        return Value::Array(commands.clone());
    }
    let mut items: Vec<Value> = before.as_array().cloned().unwrap_or_default();
    for command in commands {
        let parts = command.as_array().map(Vec::as_slice).unwrap_or_default();
        match (parts.first().and_then(Value::as_i64), parts.get(1), parts.get(2)) {
            (Some(0), _, Some(values)) => items.push(json!({ "new": values })),
            (Some(1), Some(id), Some(values)) => items.push(json!({ "id": id, "changed": values })),
            (Some(2 | 3), Some(id), _) => items.retain(|item| item != id),
            (Some(4), Some(id), _) if !items.contains(id) => items.push(id.clone()),
            (Some(5), _, _) => items.clear(),
            (Some(6), _, Some(Value::Array(ids))) => items.clone_from(ids),
            _ => {}
        }
    }
    Value::Array(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> JsonObject {
        value.as_object().unwrap().clone()
    }

    #[track_caller]
    fn check_commands(before: Value, commands: Value, after: Value) {
        assert_eq!(after_commands(&before, &commands), after);
    }

    #[test]
    fn only_real_changes_are_told() {
        let before = object(
            json!({"name": "A", "email": false, "country_id": [75, "France"], "credit": 5, "vat": "X"}),
        );
        let after = object(
            json!({"name": "B", "email": "", "country_id": [75, "Frankreich"], "credit": 5.0, "vat": false}),
        );
        let rows = between(7, &before, &after, &["name", "email", "country_id", "credit", "vat", "gone"]);
        assert_eq!(
            json!(rows),
            json!([
                {"id": 7, "field": "name", "before": "A", "after": "B"},
                {"id": 7, "field": "vat", "before": "X", "after": false},
            ])
        );
    }

    #[test]
    fn commands_are_followed() {
        check_commands(json!([1, 2]), json!([[6, 0, [3]]]), json!([3]));
        check_commands(json!([1, 2]), json!([[4, 3, 0], [3, 1, 0], [4, 2, 0]]), json!([2, 3]));
        check_commands(
            json!([1]),
            json!([[5, 0, 0], [0, 0, {"name": "x"}]]),
            json!([{"new": {"name": "x"}}]),
        );
        check_commands(json!([1]), json!([2, 3]), json!([2, 3]));
        check_commands(json!([1]), json!([[9], "odd"]), json!([1]));
    }

    #[test]
    fn secrets_and_long_values_are_not_repeated() {
        let rows = between(
            1,
            &object(json!({"password": "", "note": "x"})),
            &object(json!({"password": "hunter2", "note": "y".repeat(5000)})),
            &["password", "note"],
        );
        let text = json!(rows).to_string();
        assert!(!text.contains("hunter2") && text.len() < 300, "{text}");
    }
}
