//! A list of field names as an argument.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::facts::FieldName;

/// More fields than this are a dump, not a question.
const FIELDS_MAX: usize = 200;

/// Field names in the order given, without repetition; empty where the tool chooses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::tools) struct FieldNames(Vec<FieldName>);

impl FieldNames {
    pub(in crate::tools) fn as_slice(&self) -> &[FieldName] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for FieldNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Option::<Vec<FieldName>>::deserialize(deserializer)?.unwrap_or_default();
        let mut names: Vec<FieldName> = Vec::with_capacity(given.len().min(FIELDS_MAX));
        for name in given {
            if !names.contains(&name) {
                names.push(name);
            }
            if names.len() > FIELDS_MAX {
                return Err(serde::de::Error::custom(format!("`fields` holds more than {FIELDS_MAX} names")));
            }
        }
        Ok(Self(names))
    }
}

impl JsonSchema for FieldNames {
    fn schema_name() -> Cow<'static, str> {
        "FieldNames".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string" } })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_checked_at_the_door() {
        let names: FieldNames = serde_json::from_value(json!(["name", "email", "name"])).unwrap();
        assert_eq!(names.as_slice().len(), 2);
        for bad in
            [json!("name"), json!([1]), json!(["a b"]), json!(["partner_id.name"]), json!([""]), json!({})]
        {
            assert!(serde_json::from_value::<FieldNames>(bad.clone()).is_err(), "{bad}");
        }
    }
}
