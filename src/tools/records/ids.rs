//! Record ids as an argument: at least one, and not endlessly many.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub(in crate::tools) use crate::odoo::kind_of;
use crate::odoo::record_ids;

/// Most records one call may name; longer work is done in several calls.
pub(in crate::tools) const IDS_MAX: usize = 1000;

/// Ids of records, at most `MAX`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::tools) struct Ids<const MAX: usize = IDS_MAX>(Vec<i64>);

impl<const MAX: usize> Ids<MAX> {
    pub(in crate::tools) fn parse(value: &Value) -> Result<Self, String> {
        let ids = record_ids(value, MAX)?;
        if ids.is_empty() {
            return Err("`ids` is empty: name at least one record".to_owned());
        }
        Ok(Self(ids))
    }

    pub(in crate::tools) fn as_slice(&self) -> &[i64] {
        &self.0
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
