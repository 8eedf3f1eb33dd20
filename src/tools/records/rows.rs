//! Rows made to fit an answer: whole rows leave from the end, and only a single row that is too
//! large by itself has its long members replaced by a note of what they were.
//!
//! Text is never cut: half a text looks like a whole one.

use serde_json::{Value, json};

use crate::facts::JsonObject;

/// Room for the members around the rows: totals, offsets, notes.
const WRAPPER_BYTES: usize = 400;
/// Members smaller than this stay, also in a row that is too large.
const LONG_MEMBER_BYTES: usize = 400;

/// Rows that fit.
#[derive(Debug, Default)]
pub(in crate::tools) struct Fitting {
    pub(in crate::tools) rows: Vec<JsonObject>,
    /// Rows that had to stay out, all from the end.
    pub(in crate::tools) left_out: usize,
    /// Fields that were replaced by a marker, in the order of their size.
    pub(in crate::tools) shortened: Vec<String>,
}

/// As many rows from the front as fit into `max_bytes` of JSON, at least one.
pub(in crate::tools) fn fit(rows: Vec<JsonObject>, max_bytes: usize) -> Fitting {
    let room = max_bytes.saturating_sub(WRAPPER_BYTES);
    let count = rows.len();
    let mut fitting = Fitting::default();
    let mut used = 0;
    for mut row in rows {
        let mut bytes = bytes_of_row(&row);
        if fitting.rows.is_empty() && bytes > room {
            fitting.shortened = shorten(&mut row, room);
            bytes = bytes_of_row(&row);
        }
        if !fitting.rows.is_empty() && used + bytes > room {
            break;
        }
        used += bytes;
        fitting.rows.push(row);
    }
    fitting.left_out = count - fitting.rows.len();
    fitting
}

/// What a reader has to know about shortened rows.
pub(in crate::tools) fn note_on_shortened(shortened: &[String]) -> Option<String> {
    (!shortened.is_empty()).then(|| {
        format!(
            "too large for one answer and replaced by their size: {}; read one id with `fields` naming \
             just one of them and a larger `max_bytes` (up to {})",
            shortened.join(", "),
            super::budget::ANSWER_BYTES_MAX,
        )
    })
}

/// Several notes as one, or none.
pub(in crate::tools) fn joined_notes<const N: usize>(notes: [Option<String>; N]) -> Option<String> {
    let said: Vec<String> = notes.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}

pub(in crate::tools) fn bytes_of_all(rows: &[JsonObject]) -> usize {
    rows.iter().map(bytes_of_row).sum()
}

fn bytes_of_row(row: &JsonObject) -> usize {
    // The row, a comma and nothing else.
    serde_json::to_string(row).map_or(0, |text| text.len() + 1)
}

pub(in crate::tools) fn bytes_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        other => serde_json::to_string(other).map_or(0, |text| text.len()),
    }
}

/// Replaces the largest members, largest first, until the row fits.
fn shorten(row: &mut JsonObject, room: usize) -> Vec<String> {
    let mut sizes: Vec<(usize, String)> =
        row.iter().map(|(name, value)| (bytes_of(value), name.clone())).collect();
    sizes.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let mut shortened = Vec::new();
    for (bytes, name) in sizes {
        if bytes < LONG_MEMBER_BYTES || bytes_of_row(row) <= room {
            break;
        }
        if let Some(value) = row.get_mut(&name) {
            *value = marker(value);
            shortened.push(name);
        }
    }
    shortened
}

fn marker(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "omitted": "text", "characters": text.chars().count() }),
        Value::Array(items) => json!({ "omitted": "list", "items": items.len() }),
        other => json!({ "omitted": "value", "bytes": bytes_of(other) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, text: &str) -> JsonObject {
        match json!({ "id": id, "text": text }) {
            Value::Object(row) => row,
            _ => unreachable!(),
        }
    }

    #[test]
    fn rows_leave_from_the_end() {
        let rows = (1..=10).map(|id| row(id, &"x".repeat(100))).collect();
        let fitting = fit(rows, 1_000);
        assert_eq!(fitting.rows.len(), 5);
        assert_eq!(fitting.left_out, 5);
        assert!(fitting.shortened.is_empty());
    }

    #[test]
    fn one_row_that_is_too_large_says_what_it_held() {
        let fitting = fit(vec![row(1, &"é".repeat(5_000)), row(2, "")], 1_000);
        assert_eq!(fitting.shortened, ["text"]);
        assert_eq!(fitting.rows[0]["text"], json!({ "omitted": "text", "characters": 5_000 }));
        assert_eq!(fitting.rows.len(), 2, "what follows may still fit");
        assert!(note_on_shortened(&fitting.shortened).unwrap().contains("text"));
    }

    #[test]
    fn a_row_of_many_small_members_is_kept_whole() {
        let wide: JsonObject = (0..200).map(|n| (format!("f{n}"), json!("some words"))).collect();
        let fitting = fit(vec![wide.clone()], 1_000);
        assert_eq!(fitting.rows, [wide]);
    }
}
