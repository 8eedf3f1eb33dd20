//! A request of a plugin as the log of calls keeps it: names that are names, and numbers.

use serde_json::Value;

use crate::facts::{FieldName, MethodName, ModelName, PluginRequest};

/// What was asked, before anybody looked at it. What is no name is left out.
pub(super) fn of(plugin: &str, request: Option<&Value>) -> PluginRequest {
    let member = |key: &str| request.and_then(|request| request.get(key));
    let text = |key: &str| member(key).and_then(Value::as_str).unwrap_or_default();
    let fields: Vec<FieldName> = match (member("fields"), member("values")) {
        (Some(Value::Array(names)), _) => {
            names.iter().filter_map(|name| FieldName::parse(name.as_str()?).ok()).collect()
        }
        (_, Some(Value::Object(values))) => {
            values.keys().filter_map(|name| FieldName::parse(name).ok()).collect()
        }
        _ => Vec::new(),
    };
    let ids: Vec<i64> =
        member("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_i64).collect();
    PluginRequest {
        plugin: plugin.to_owned(),
        capability: kind(text("capability")),
        model: ModelName::parse(text("model")).ok(),
        method: MethodName::parse(text("method")).ok(),
        count: (!ids.is_empty()).then_some(ids.len() as u64),
        fields,
        ids,
        outcome: "unanswered".to_owned(),
    }
}

fn kind(asked: &str) -> &'static str {
    let known = ["odoo.read", "odoo.write", "odoo.call", "ledger.read", "http"];
    known.into_iter().find(|known| *known == asked).unwrap_or("unknown")
}

/// Rows of an answer that has rows.
pub(super) fn rows(answer: &Value) -> Option<u64> {
    answer.as_array().map(|rows| rows.len() as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_numbers_are_kept_and_values_are_not() {
        let asked = json!({"capability": "odoo.read", "model": "res.partner", "fields": ["id", "na me", 5],
            "domain": [["vat", "=", "BG-secret"]], "limit": 2});
        let kept = serde_json::to_value(of("hint", Some(&asked))).unwrap();
        let expected = json!({"plugin": "hint", "capability": "odoo.read", "model": "res.partner",
            "fields": ["id"], "outcome": "unanswered"});
        assert_eq!(kept, expected);
        let asked = json!({"capability": "odoo.write", "model": "account.move", "ids": [42, "x"],
            "values": {"narration": "secret"}});
        let kept = serde_json::to_value(of("hint", Some(&asked))).unwrap();
        let expected = json!({"plugin": "hint", "capability": "odoo.write", "model": "account.move",
            "fields": ["narration"], "ids": [42], "count": 1, "outcome": "unanswered"});
        assert_eq!(kept, expected);
        for odd in [None, Some(json!([])), Some(json!({"capability": "rm -rf", "model": "a\nb"}))] {
            let kept = of("hint", odd.as_ref());
            assert_eq!((kept.capability, kept.model), ("unknown", None));
        }
        assert_eq!((rows(&json!([1, 2])), rows(&json!(true))), (Some(2), None));
    }
}
