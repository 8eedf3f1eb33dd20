//! From what `export_data` answers to typed cells.

use jiff::civil::{Date, DateTime};
use serde_json::Value;

use crate::{odoo::FieldType, sheets::Cell};

/// A value as the type of its field has it. What does not fit the type, such as a masked value, stays
/// the text it is.
pub(super) fn cell(kind: &FieldType, value: Value) -> Cell {
    match (kind, value) {
        (_, Value::Null) => Cell::Empty,
        (FieldType::Boolean, Value::Bool(value)) => Cell::Boolean(value),
        (_, Value::Bool(false)) => Cell::Empty,
        (_, Value::Bool(true)) => Cell::Boolean(true),
        (_, Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cell::Integer(whole),
            (None, Some(number)) => Cell::Number(number),
            (None, None) => Cell::Text(number.to_string()),
        },
        (_, Value::String(text)) if text.is_empty() => Cell::Empty,
        (kind, Value::String(text)) => of_text(kind, text),
        (_, other) => Cell::Text(other.to_string()),
    }
}

fn of_text(kind: &FieldType, text: String) -> Cell {
    let typed = match kind {
        FieldType::Date => text.parse::<Date>().ok().map(Cell::Date),
        FieldType::Datetime => moment(&text).map(Cell::DateTime),
        FieldType::Integer | FieldType::Many2oneReference => text.parse().ok().map(Cell::Integer),
        FieldType::Float | FieldType::Monetary => {
            text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Cell::Number)
        }
        _ => None,
    };
    typed.unwrap_or(Cell::Text(text))
}

/// `2026-02-28 07:05:09`, with a fraction in some versions.
fn moment(text: &str) -> Option<DateTime> {
    text.replacen(' ', "T", 1).parse().ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: FieldType, value: Value, expected: Cell) {
        assert_eq!(cell(&kind, value), expected);
    }

    #[test]
    fn values_take_the_type_of_their_field() {
        check(FieldType::Char, json!("=1+1"), Cell::Text("=1+1".to_owned()));
        check(FieldType::Char, json!("12"), Cell::Text("12".to_owned()));
        check(FieldType::Char, json!(false), Cell::Empty);
        check(FieldType::Boolean, json!(false), Cell::Boolean(false));
        check(FieldType::Integer, json!("12"), Cell::Integer(12));
        check(FieldType::Monetary, json!(12.5), Cell::Number(12.5));
        check(FieldType::Float, json!(3), Cell::Integer(3));
        check(FieldType::Float, json!("NaN"), Cell::Text("NaN".to_owned()));
        check(FieldType::Date, json!("2026-02-28"), Cell::Date(date(2026, 2, 28)));
        check(
            FieldType::Datetime,
            json!("2026-02-28 07:05:09"),
            Cell::DateTime(datetime(2026, 2, 28, 7, 5, 9, 0)),
        );
        check(FieldType::Datetime, json!("•••"), Cell::Text("•••".to_owned()));
        check(FieldType::Many2one, json!(["a", 1]), Cell::Text("[\"a\",1]".to_owned()));
    }
}
