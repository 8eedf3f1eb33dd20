//! Values as Odoo writes them: `false` for nothing, `[id, "name"]` for a linked record.

use serde_json::{Map, Value};

/// The id of a linked record: a number, `[id, "name"]` or `{"id": ...}`. Zero and `false` are none.
pub fn id(row: &Map<String, Value>, field: &str) -> Option<i64> {
    let value = row.get(field)?;
    let number = match value {
        Value::Array(pair) => pair.first()?.as_i64(),
        Value::Object(record) => record.get("id")?.as_i64(),
        other => other.as_i64(),
    };
    number.filter(|id| *id > 0)
}

/// Text without spaces around it; an empty one and `false` are none.
pub fn text(row: &Map<String, Value>, field: &str) -> Option<String> {
    let text = row.get(field)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A number, also one that is written as text.
pub fn number(row: &Map<String, Value>, field: &str) -> Option<f64> {
    let number = match row.get(field)? {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    f64::is_finite(number).then_some(number)
}

/// Is this field `true`?
pub fn flag(row: &Map<String, Value>, field: &str) -> bool {
    row.get(field).and_then(Value::as_bool).unwrap_or(false)
}

/// The objects of a list; whatever else stands in it is left out.
pub fn list<'a>(row: &'a Map<String, Value>, field: &str) -> Vec<&'a Map<String, Value>> {
    row.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odoo_writes_nothing_as_false() {
        let row = json!({
            "linked": [7, "Seven"], "number": 8, "record": {"id": 9}, "none": false, "zero": 0,
            "text": "  a ", "blank": " ", "written": "12.5", "infinite": "inf", "yes": true,
            "rows": [{"a": 1}, 2],
        });
        let row = row.as_object().unwrap();
        assert_eq!(
            ["linked", "number", "record", "none", "zero", "absent"].map(|field| id(row, field)),
            [Some(7), Some(8), Some(9), None, None, None]
        );
        assert_eq!(text(row, "text").as_deref(), Some("a"));
        assert_eq!((text(row, "blank"), text(row, "none")), (None, None));
        assert_eq!((number(row, "written"), number(row, "infinite")), (Some(12.5), None));
        assert!(flag(row, "yes") && !flag(row, "none"));
        assert_eq!(list(row, "rows").len(), 1);
    }
}
