//! The actions that Odoo's buttons return: what the web client would open next.

use serde_json::Value;

use crate::facts::JsonObject;

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
pub(super) fn from_result(result: &Value) -> Option<JsonObject> {
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

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_action_is_trimmed() {
        let wizard = json!({
            "type": "ir.actions.act_window", "name": "Pay", "res_model": "account.payment.register", "res_id": false,
            "view_mode": "form", "views": [[false, "form"]], "target": "new", "context": {"active_ids": [3]}, "help": "…",
        });
        assert_eq!(
            Value::Object(from_result(&wizard).unwrap()),
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
            json!([{"type": "ir.actions.act_url"}]),
            json!({}),
        ] {
            assert!(from_result(&other).is_none(), "{other}");
        }
    }
}
