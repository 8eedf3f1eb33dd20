//! Record ids as callers write them: one number, a list, a list as text, lists in lists.
//!
//! Whatever is no positive whole number is refused: Odoo itself makes the records `5` and `7` of the
//! text `57`, and what becomes of those differs by method and version.

use std::borrow::Cow;

use serde_json::Value;

/// Lists in lists: pairs and groups come nested once or twice, never deeper on purpose.
const NESTING_MAX: usize = 4;
/// Odoo keeps ids as 32-bit integers; a larger one makes the database fail instead of not finding it.
const ID_MAX: i64 = i32::MAX as i64;
/// Longest id as text, with a comma.
const ID_TEXT_BYTES: usize = 12;

/// The ids, positive, without repetition, in the order given; at most `max`, perhaps none.
pub fn record_ids(value: &Value, max: usize) -> Result<Vec<i64>, String> {
    let mut ids = Vec::new();
    collect(value, NESTING_MAX, max, &mut ids)?;
    let ids = without_repetition(ids);
    if ids.len() > max {
        return Err(format!("`ids` holds {} records; at most {max} per call", ids.len()));
    }
    Ok(ids)
}

/// A single id, as Odoo keeps it.
pub(super) fn record_id(value: &Value) -> Option<i64> {
    value.as_i64().filter(|id| (1..=ID_MAX).contains(id))
}

fn collect(value: &Value, depth: usize, max: usize, ids: &mut Vec<i64>) -> Result<(), String> {
    match value {
        Value::Number(number) => {
            ids.push(
                record_id(value)
                    .ok_or_else(|| format!("`{number}` is no record id: ids are whole numbers from 1 up"))?,
            );
            Ok(())
        }
        Value::Array(_) if depth == 0 => Err("`ids` is nested too deeply".to_owned()),
        Value::Array(items) => items.iter().try_for_each(|item| collect(item, depth - 1, max, ids)),
        Value::String(text) if depth == NESTING_MAX => collect_text(text, max, ids),
        other => Err(format!("`ids` takes record ids, not {}", kind_of(other))),
    }
}

/// `[1, 2]` or `1, 2`, as text.
fn collect_text(text: &str, max: usize, ids: &mut Vec<i64>) -> Result<(), String> {
    let refused = || "`ids` is text that holds no list of record ids; write [1, 2]".to_owned();
    if text.len() > max.saturating_mul(ID_TEXT_BYTES) {
        return Err(refused());
    }
    let trimmed = text.trim();
    let list =
        if trimmed.starts_with('[') { Cow::Borrowed(trimmed) } else { Cow::Owned(format!("[{trimmed}]")) };
    let value: Value = serde_json::from_str(&list).map_err(|_| refused())?;
    collect(&value, NESTING_MAX - 1, max, ids)
}

fn without_repetition(ids: Vec<i64>) -> Vec<i64> {
    let mut seen = std::collections::HashSet::with_capacity(ids.len());
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}

/// What a JSON value is, in words.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
