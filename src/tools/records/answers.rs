//! What Odoo's own methods answer, taken apart. Versions differ in how they wrap the same thing.

use serde_json::Value;

use crate::{facts::JsonObject, tools::ToolError};

/// A list of records.
pub(super) fn rows(answer: Value) -> Result<Vec<JsonObject>, ToolError> {
    let Value::Array(items) = answer else { return Err(unexpected("no list of records")) };
    items
        .into_iter()
        .map(|item| match item {
            Value::Object(row) => Ok(row),
            _ => Err(unexpected("a record that is no object")),
        })
        .collect()
}

/// Ids of new records: `5` or `[5, 6]`.
pub(super) fn ids(answer: &Value) -> Result<Vec<i64>, ToolError> {
    match answer {
        Value::Number(number) => number.as_i64().map(|id| vec![id]).ok_or_else(|| unexpected("no id")),
        Value::Array(items) => {
            items.iter().map(|item| item.as_i64().ok_or_else(|| unexpected("no id"))).collect()
        }
        _ => Err(unexpected("no ids")),
    }
}

fn unexpected(what: &'static str) -> ToolError {
    ToolError::Internal { detail: what.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn new_ids_come_in_two_shapes() {
        assert_eq!(ids(&json!(5)).unwrap(), [5]);
        assert_eq!(ids(&json!([5, 6])).unwrap(), [5, 6]);
        for bad in [json!(false), json!("5"), json!([false]), json!(null)] {
            assert!(ids(&bad).is_err(), "{bad}");
        }
        assert!(rows(json!({})).is_err());
        assert!(rows(json!([1])).is_err());
    }
}
