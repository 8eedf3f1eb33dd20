//! Finding an argument, by place or by any name it has had.
//!
//! Names changed between versions (`args` became `domain`), so all of them are looked at; where two
//! say something, both count, because nobody knows which one an override reads.

use serde_json::Value;

use super::refuse;
use crate::{
    facts::{FieldName, JsonObject},
    odoo::{OdooError, kind_of},
};

/// The arguments behind the records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'a> {
    pub(super) positional: &'a [Value],
    pub(super) named: &'a JsonObject,
}

impl<'a> Arguments<'a> {
    /// Every value given for a parameter; null counts as absent.
    pub(super) fn all(&self, names: &[&str], place: usize) -> Vec<&'a Value> {
        let named = self.named;
        let by_name = names.iter().filter_map(|name| named.get(*name));
        self.positional.get(place).into_iter().chain(by_name).filter(|value| !value.is_null()).collect()
    }

    /// The only value given for a parameter.
    pub(super) fn one(&self, names: &[&str], place: usize) -> Result<Option<&'a Value>, OdooError> {
        match self.all(names, place).as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(refuse(format!("`{}` is given twice", names.first().copied().unwrap_or_default()))),
        }
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&'a Value> {
        self.named.get(name).filter(|value| !value.is_null())
    }

    /// Values of one record.
    pub(super) fn object(&self, names: &[&str], place: usize) -> Result<JsonObject, OdooError> {
        let name = names.first().copied().unwrap_or_default();
        match self.one(names, place)? {
            Some(Value::Object(values)) => checked_names(values.clone()),
            Some(other) => Err(refuse(format!(
                "`{name}` is an object of field names and values, not {}",
                kind_of(other)
            ))),
            None => Err(refuse(format!("`{name}` is missing"))),
        }
    }

    /// Values of several records: an object, or a list of them.
    pub(super) fn objects(&self, names: &[&str], place: usize) -> Result<Vec<JsonObject>, OdooError> {
        let name = names.first().copied().unwrap_or_default();
        let no_object = |other: &Value| {
            refuse(format!("`{name}` is an object or a list of objects; it holds {}", kind_of(other)))
        };
        match self.one(names, place)? {
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::Object(values) => checked_names(values.clone()),
                    other => Err(no_object(other)),
                })
                .collect(),
            Some(Value::Object(values)) => Ok(vec![checked_names(values.clone())?]),
            Some(other) => Err(no_object(other)),
            None => Err(refuse(format!("`{name}` is missing"))),
        }
    }

    /// Most rows to come back; nothing, zero and `false` mean no bound.
    pub(super) fn limit(&self, place: usize, otherwise: Option<u64>) -> Option<u64> {
        match self.all(&["limit"], place).as_slice() {
            [] if self.named.contains_key("limit") || self.positional.len() > place => None,
            [] => otherwise,
            given => given.iter().map(|value| value.as_u64().filter(|rows| *rows > 0)).max_by_key(
                // No bound is the largest one.
                |rows| rows.unwrap_or(u64::MAX),
            )?,
        }
    }
}

fn checked_names(values: JsonObject) -> Result<JsonObject, OdooError> {
    for name in values.keys() {
        FieldName::parse(name)?;
    }
    Ok(values)
}

/// Sorted names of the fields among values.
pub(super) fn names_of<'a>(records: impl IntoIterator<Item = &'a JsonObject>) -> Vec<FieldName> {
    let names: std::collections::BTreeSet<FieldName> = records
        .into_iter()
        .flat_map(JsonObject::keys)
        .filter_map(|name| FieldName::parse(name).ok())
        .collect();
    names.into_iter().collect()
}
