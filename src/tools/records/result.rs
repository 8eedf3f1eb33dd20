//! What methods return, made readable: actions of buttons, and records as text.

use serde_json::{Value, json};

use crate::facts::{JsonObject, ModelName};

/// What a caller needs to follow an action; views, help and flags are the web client's business.
const USEFUL: [&str; 14] = [
    "type",
    "name",
    "res_model",
    "res_id",
    "view_mode",
    "target",
    "domain",
    "context",
    "url",
    "tag",
    "params",
    "report_name",
    "report_type",
    "id",
];

/// The useful members of an action, if this is one.
pub(super) fn action(result: &Value) -> Option<JsonObject> {
    let members = result.as_object()?;
    members.get("type")?.as_str().filter(|kind| kind.starts_with("ir.actions."))?;
    let useful = USEFUL.iter().filter_map(|name| members.get_key_value(*name));
    Some(
        useful
            .filter(|(_, value)| says_something(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// Absent, `false` and empty mean the same to Odoo.
pub(super) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// Records come as `[1, 2]` from new servers and as the text `res.partner(1, 2)` from old ones.
pub(super) fn with_ids(result: Value) -> Value {
    match result.as_str().and_then(ids_of_text) {
        Some(ids) => json!(ids),
        None => result,
    }
}

fn ids_of_text(text: &str) -> Option<Vec<i64>> {
    let (model, rest) = text.split_once('(')?;
    // Without a dot it is more likely a sentence than the name of a model.
    ModelName::parse(model).ok().filter(|model| model.as_str().contains('.'))?;
    let inside = rest.strip_suffix(')')?;
    let inside = inside.strip_suffix(',').unwrap_or(inside);
    if inside.is_empty() {
        return Some(Vec::new());
    }
    inside.split(", ").map(|id| id.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_trimmed() {
        let wizard = json!({
            "type": "ir.actions.act_window", "name": "Pay", "res_model": "account.payment.register",
            "res_id": false, "view_mode": "form", "views": [[false, "form"]], "target": "new",
            "context": {"active_ids": [3]}, "help": "…",
        });
        assert_eq!(
            Value::Object(action(&wizard).unwrap()),
            json!({
                "type": "ir.actions.act_window", "name": "Pay", "res_model": "account.payment.register",
                "view_mode": "form", "target": "new", "context": {"active_ids": [3]},
            })
        );
    }

    #[test]
    fn other_answers_are_no_actions() {
        for other in [
            json!(true),
            json!({"type": "char"}),
            json!({"type": 5}),
            json!([{"type": "ir.actions.x"}]),
            json!({}),
        ] {
            assert!(action(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn records_as_text_become_ids() {
        assert_eq!(with_ids(json!("res.partner(1,)")), json!([1]));
        assert_eq!(with_ids(json!("res.partner(1, 2)")), json!([1, 2]));
        assert_eq!(with_ids(json!("account.move()")), json!([]));
        for other in
            ["res.partner", "partner(1)", "res.partner(x)", "see res.partner(1,)", "res.partner(1,) too", ""]
        {
            assert_eq!(with_ids(json!(other)), json!(other));
        }
    }
}
