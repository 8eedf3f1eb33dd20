//! Values to write, checked for their shape at the door and against the field definitions before they leave.

use std::{borrow::Cow, collections::BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ids::kind_of;
use crate::facts::{FieldName, JsonObject};

/// Records one create may make: Odoo makes them in one transaction, which others wait for.
pub(super) const NEW_RECORDS_MAX: usize = 500;
/// The widest models have about 300 fields.
const VALUES_MAX: usize = 400;

/// Field name to value, for one record; never empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values(JsonObject);

impl Values {
    pub(super) fn parse(value: Value) -> Result<Self, String> {
        match value {
            Value::Object(values) => {
                check_names(&values)?;
                if values.is_empty() {
                    return Err("`values` is empty: nothing would change".to_owned());
                }
                Ok(Self(values))
            }
            other => Err(format!("`values` is an object of field names and values, not {}", kind_of(&other))),
        }
    }

    pub(super) fn as_object(&self) -> &JsonObject {
        &self.0
    }

    pub(super) fn field_names(&self) -> Vec<FieldName> {
        field_names([&self.0])
    }
}

/// The values of the records to make: one object, or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewRecords(Vec<JsonObject>);

impl NewRecords {
    pub(super) fn parse(value: Value) -> Result<Self, String> {
        let records = match value {
            Value::Object(values) => vec![values],
            Value::Array(items) => items.into_iter().map(into_values).collect::<Result<Vec<_>, _>>()?,
            other => {
                return Err(format!("`values` is an object or a list of objects, not {}", kind_of(&other)));
            }
        };
        if records.is_empty() {
            return Err("`values` is an empty list: there is nothing to create".to_owned());
        }
        if records.len() > NEW_RECORDS_MAX {
            return Err(format!(
                "`values` holds {} records; at most {NEW_RECORDS_MAX} per call",
                records.len()
            ));
        }
        records.iter().try_for_each(check_names)?;
        Ok(Self(records))
    }

    pub(super) fn as_slice(&self) -> &[JsonObject] {
        &self.0
    }

    pub(super) fn field_names(&self) -> Vec<FieldName> {
        field_names(&self.0)
    }
}

fn into_values(item: Value) -> Result<JsonObject, String> {
    match item {
        Value::Object(values) => Ok(values),
        other => Err(format!("`values` is a list of objects; it holds {}", kind_of(&other))),
    }
}

fn check_names(values: &JsonObject) -> Result<(), String> {
    if values.len() > VALUES_MAX {
        return Err(format!("`values` names {} fields; at most {VALUES_MAX}", values.len()));
    }
    for name in values.keys() {
        FieldName::parse(name).map_err(|error| error.to_string())?;
        if name == "id" {
            return Err("`id` cannot be written: Odoo gives it".to_owned());
        }
    }
    Ok(())
}

fn field_names<'a>(records: impl IntoIterator<Item = &'a JsonObject>) -> Vec<FieldName> {
    let names: BTreeSet<FieldName> = records
        .into_iter()
        .flat_map(JsonObject::keys)
        .filter_map(|name| FieldName::parse(name).ok())
        .collect();
    names.into_iter().collect()
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Values {
    fn schema_name() -> Cow<'static, str> {
        "Values".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

impl<'de> Deserialize<'de> for NewRecords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for NewRecords {
    fn schema_name() -> Cow<'static, str> {
        "NewRecords".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "array"], "items": { "type": "object" } })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_record_or_many() {
        assert_eq!(NewRecords::parse(json!({"name": "A"})).unwrap().as_slice().len(), 1);
        let two = NewRecords::parse(json!([{"name": "A"}, {"email": "b"}])).unwrap();
        assert_eq!(two.field_names().iter().map(FieldName::as_str).collect::<Vec<_>>(), ["email", "name"]);
        assert!(NewRecords::parse(json!({})).is_ok(), "a record of defaults only");
    }

    #[test]
    fn what_is_no_set_of_values_is_refused() {
        for bad in
            [json!([]), json!(null), json!("x"), json!([1]), json!([[]]), json!({"a b": 1}), json!({"id": 1})]
        {
            assert!(NewRecords::parse(bad.clone()).is_err(), "{bad}");
        }
        for bad in
            [json!({}), json!([]), json!([{"name": "A"}]), json!({"": 1}), json!({"id": 3, "name": "x"})]
        {
            assert!(Values::parse(bad.clone()).is_err(), "{bad}");
        }
        assert!(NewRecords::parse(Value::Array(vec![json!({}); NEW_RECORDS_MAX + 1])).is_err());
    }
}
