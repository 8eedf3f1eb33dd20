//! Record ids as callers write them: one number, a list, a list as text, lists in lists.
//!
//! What comes out is positive, without repetition, in the order given, not empty and not endless.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Most records one call may name; longer work is done in several calls.
pub(super) const IDS_MAX: usize = 1000;
/// Lists in lists: pairs and groups come nested once or twice, never deeper on purpose.
const NESTING_MAX: usize = 4;
/// Odoo keeps ids as 32-bit integers; a larger one makes the database fail instead of not finding it.
const ID_MAX: i64 = i32::MAX as i64;
/// Longest text that is read as a list of ids: ten digits and a comma for each.
const TEXT_BYTES_MAX: usize = IDS_MAX * 12;

/// Ids of records, at most `MAX`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Ids<const MAX: usize = IDS_MAX>(Vec<i64>);

impl<const MAX: usize> Ids<MAX> {
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let mut ids = Vec::new();
        collect(value, NESTING_MAX, &mut ids)?;
        let ids = without_repetition(ids);
        if ids.is_empty() {
            return Err("`ids` is empty: name at least one record".to_owned());
        }
        if ids.len() > MAX {
            return Err(format!("`ids` holds {} records; at most {MAX} per call", ids.len()));
        }
        Ok(Self(ids))
    }

    pub(super) fn as_slice(&self) -> &[i64] {
        &self.0
    }
}

fn collect(value: &Value, depth: usize, ids: &mut Vec<i64>) -> Result<(), String> {
    match value {
        Value::Number(number) => {
            let id = number.as_i64().filter(|id| (1..=ID_MAX).contains(id));
            ids.push(
                id.ok_or_else(|| format!("`{number}` is no record id: ids are whole numbers from 1 up"))?,
            );
            Ok(())
        }
        Value::Array(_) if depth == 0 => Err("`ids` is nested too deeply".to_owned()),
        Value::Array(items) => items.iter().try_for_each(|item| collect(item, depth - 1, ids)),
        Value::String(text) if depth == NESTING_MAX => collect_text(text, ids),
        other => Err(format!("`ids` takes record ids, not {}", kind_of(other))),
    }
}

/// `[1, 2]` or `1, 2`, as text.
fn collect_text(text: &str, ids: &mut Vec<i64>) -> Result<(), String> {
    let refused = || "`ids` is text that holds no list of record ids; write [1, 2]".to_owned();
    if text.len() > TEXT_BYTES_MAX {
        return Err(refused());
    }
    let trimmed = text.trim();
    let list =
        if trimmed.starts_with('[') { Cow::Borrowed(trimmed) } else { Cow::Owned(format!("[{trimmed}]")) };
    let value: Value = serde_json::from_str(&list).map_err(|_| refused())?;
    collect(&value, NESTING_MAX - 1, ids)
}

fn without_repetition(ids: Vec<i64>) -> Vec<i64> {
    let mut seen = std::collections::HashSet::with_capacity(ids.len());
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}

/// What a JSON value is, in words.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Ids<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<const MAX: usize> JsonSchema for Ids<MAX> {
    fn schema_name() -> Cow<'static, str> {
        "Ids".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "integer" } })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(given: &Value, expected: &[i64]) {
        assert_eq!(Ids::<IDS_MAX>::parse(given).unwrap().as_slice(), expected, "{given}");
    }

    #[track_caller]
    fn check_refused(given: &Value, piece: &str) {
        let error = Ids::<5>::parse(given).unwrap_err();
        assert!(error.contains(piece), "{given}: {error}");
    }

    #[test]
    fn the_ways_to_name_records() {
        check(&json!(7), &[7]);
        check(&json!([3, 1, 3, 2]), &[3, 1, 2]);
        check(&json!("[1, 2]"), &[1, 2]);
        check(&json!(" 1,2 "), &[1, 2]);
        check(&json!([[1, 2], [2, 3]]), &[1, 2, 3]);
    }

    #[test]
    fn everything_else_is_refused() {
        check_refused(&json!([]), "empty");
        check_refused(&json!(""), "empty");
        check_refused(&json!([[], []]), "empty");
        check_refused(&json!(0), "whole numbers");
        check_refused(&json!([-1]), "whole numbers");
        check_refused(&json!(1.5), "whole numbers");
        check_refused(&json!(4_294_967_296_i64), "whole numbers");
        check_refused(&json!([true]), "true or false");
        check_refused(&json!(null), "null");
        check_refused(&json!([1, null]), "null");
        check_refused(&json!([75, "France"]), "text");
        check_refused(&json!({ "id": 1 }), "an object");
        check_refused(&json!("all"), "no list");
        check_refused(&json!("1; 2"), "no list");
        check_refused(&json!([1, 2, 3, 4, 5, 6]), "at most 5");
        check_refused(&json!([[[[[1]]]]]), "deeply");
    }
}
