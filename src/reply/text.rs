//! The text form of a result: complete on its own, and short.
//!
//! A list of objects becomes a table with its columns named once; everything else is `name: value`.

use serde_json::Value;

use crate::facts::JsonObject;

/// Any structured result as compact text.
pub fn compact_text(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(object) => write_object(&mut text, object),
        other => write_cell(&mut text, other, true),
    }
    while text.ends_with('\n') {
        text.pop();
    }
    text
}

fn write_object(text: &mut String, object: &JsonObject) {
    for (key, value) in object {
        match value {
            Value::Array(items) if is_table(items) => {
                text.push_str(key);
                text.push_str(":\n");
                write_table(text, items);
            }
            other => {
                text.push_str(key);
                text.push_str(": ");
                write_cell(text, other, true);
                text.push('\n');
            }
        }
    }
}

fn is_table(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(Value::is_object)
}

fn write_table(text: &mut String, rows: &[Value]) {
    let mut columns: Vec<&str> = Vec::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for key in row.keys() {
            if !columns.contains(&key.as_str()) {
                columns.push(key);
            }
        }
    }
    text.push_str(&columns.join("|"));
    text.push('\n');
    for row in rows.iter().filter_map(Value::as_object) {
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                text.push('|');
            }
            if let Some(value) = row.get(*column) {
                write_cell(text, value, false);
            }
        }
        text.push('\n');
    }
}

/// A value in a table cell or after a name. Text that could be mistaken for structure is quoted.
fn write_cell(text: &mut String, value: &Value, wide: bool) {
    match value {
        Value::String(plain) if is_plain(plain, wide) => text.push_str(plain),
        Value::Array(items) if is_reference(items) => write_reference(text, items, wide),
        other => text.push_str(&other.to_string()),
    }
}

fn is_plain(text: &str, wide: bool) -> bool {
    let looks_like_json = text.is_empty()
        || text.starts_with(['"', '[', '{'])
        || matches!(text, "true" | "false" | "null")
        || text.parse::<f64>().is_ok();
    !looks_like_json && !text.chars().any(|c| c.is_control() || (!wide && c == '|')) && text.trim() == text
}

/// `[id, "name"]`, as a many2one is read.
fn is_reference(items: &[Value]) -> bool {
    matches!(items, [Value::Number(_), Value::String(_)])
}

fn write_reference(text: &mut String, items: &[Value], wide: bool) {
    if let [id, Value::String(name)] = items {
        text.push_str(&id.to_string());
        text.push(' ');
        if is_plain(name, wide) {
            text.push_str(name);
        } else {
            text.push_str(&Value::String(name.clone()).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_become_a_table() {
        let text = compact_text(&json!({
            "records": [
                {"id": 1, "name": "A|B", "country_id": [2, "France"], "email": false},
                {"id": 2, "name": "two\nlines", "country_id": false},
            ],
            "total": 2,
        }));
        assert_eq!(
            text,
            "records:\nid|name|country_id|email\n1|\"A|B\"|2 France|false\n2|\"two\\nlines\"|false|\ntotal: 2"
        );
    }
}
