//! Which currency an amount is in: by code, by id, or that of the company.

use serde_json::{Value, json};

use super::look::list;

/// What every connection of the generator answers about its currencies.
pub(super) fn table() -> Value {
    json!({
        "codes": {"1": "EUR", "2": "USD"},
        "companies": {"1": "EUR", "2": "USD", "3": "CHF"},
        "own_company": 1,
    })
}

/// The codes that a path names; nothing for one that nobody can tell.
pub(super) fn named(path: &str, unit: &str, effects: &[&Value], plain: &Value) -> Vec<Option<String>> {
    let (root, field) = path.rsplit_once('.').unwrap();
    let mut codes = Vec::new();
    for effect in effects {
        let nothing = [json!({})];
        let values = list(effect, "values");
        for values in if values.is_empty() { &nothing } else { values } {
            let currency = if root == "args" { plain["args"].get(field) } else { values.get(field) };
            codes.push(match currency {
                Some(Value::String(code)) => Some(code.clone()),
                Some(id) => within("codes", id),
                None => company(values, effect).and_then(|company| within("companies", &company)),
            });
        }
    }
    if effects.is_empty() && root == "args" {
        codes.push(match plain["args"].get(field) {
            None => Some(unit.to_owned()),
            Some(currency) => currency.as_str().map(str::to_owned),
        });
    }
    codes
}

fn company(values: &Value, effect: &Value) -> Option<Value> {
    let is_set = |value: &&Value| **value != Value::Null && **value != json!(false);
    if let Some(company) = values.get("company_id").filter(is_set) {
        return Some(company.clone());
    }
    match effect["context"].get("allowed_company_ids").filter(is_set) {
        None => Some(table()["own_company"].clone()),
        Some(allowed) => {
            let allowed = allowed.as_array()?;
            Some(allowed.first().unwrap_or(&table()["own_company"]).clone())
        }
    }
}

fn within(column: &str, id: &Value) -> Option<String> {
    let id = id.as_i64()?.to_string();
    table()[column].get(id)?.as_str().map(str::to_owned)
}
