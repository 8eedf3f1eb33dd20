//! Methods that make and change records.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Asked, arguments::names_of, effects::is_true, refuse};
use crate::{
    facts::{JsonObject, Operation, RecordEffect},
    odoo::OdooError,
};

impl Asked<'_> {
    pub(super) fn creating(&self, records: Vec<JsonObject>) -> RecordEffect {
        let count = records.len() as u64;
        self.doing(Operation::Create).writing(names_of(&records)).with_values(records.into()).bounded(count)
    }

    pub(super) fn writing(&self, values: Vec<JsonObject>) -> RecordEffect {
        self.on(self.doing(Operation::Write)).writing(names_of(&values)).with_values(values.into())
    }

    /// Contacts and users read an address out of the name.
    pub(super) fn name_to_create(&self) -> Result<JsonObject, OdooError> {
        let Some(Value::String(name)) = self.arguments.one(&["name"], 0)? else {
            return Err(refuse("`name` is text"));
        };
        let mut values = JsonObject::new();
        values.insert("name".to_owned(), json!(name));
        if name.contains('@') && matches!(self.target.model.as_str(), "res.partner" | "res.users") {
            values.insert("email".to_owned(), json!(name));
        }
        Ok(values)
    }

    /// The records are read whole, and made again with some values changed.
    pub(super) fn copied(&self) -> Result<Vec<RecordEffect>, OdooError> {
        let changed = match self.arguments.one(&["default"], 0)? {
            None | Some(Value::Bool(false)) => JsonObject::new(),
            Some(_) => self.arguments.object(&["default"], 0)?,
        };
        let create = self.on(self.doing(Operation::Create)).writing(names_of([&changed]));
        // What other records show here is not copied, only where it comes from.
        let read = self.on(self.doing(Operation::Read)).choosing_fields().auxiliary();
        Ok(vec![create.with_values(Arc::from([changed])), read])
    }

    /// A write, or without records a create; then a look at the result, or at another record.
    pub(super) fn saved(&self) -> Result<Vec<RecordEffect>, OdooError> {
        let values = vec![self.arguments.object(&["vals", "values"], 0)?];
        let change = if self.has_ids() { self.writing(values) } else { self.creating(values) };
        let read = self.doing(Operation::Read).auxiliary();
        let read = match self.arguments.one(&["next_id"], 2)? {
            Some(next) if is_true(next) => {
                let ids = crate::odoo::record_ids(next, 1).map_err(refuse)?;
                read.with_ids(&ids).bounded(1)
            }
            _ if self.has_ids() => self.on(read),
            _ => read.bounded(1),
        };
        Ok(vec![change, self.with_specification(read, 1)?])
    }

    pub(super) fn translated(&self) -> Result<RecordEffect, OdooError> {
        let field = self.named_field()?;
        let texts = self.arguments.one(&["translations"], 1)?.cloned().unwrap_or_default();
        let mut values = JsonObject::new();
        values.insert(field.as_str().to_owned(), texts);
        Ok(self.writing(vec![values]))
    }

    pub(super) fn executed_and_written(&self, parameters: &[&str]) -> Result<Vec<RecordEffect>, OdooError> {
        let mut effects = vec![self.on_records(), self.writing(self.arguments.objects(parameters, 0)?)];
        if self.target.method.as_str() == "web_save_multi" {
            let read = self.on(self.doing(Operation::Read)).auxiliary();
            effects.push(self.with_specification(read, 1)?);
        }
        Ok(effects)
    }
}

pub(super) fn active(value: Value) -> JsonObject {
    std::iter::once(("active".to_owned(), value)).collect()
}
