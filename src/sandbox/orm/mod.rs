//! Records as Odoo's ORM shows them: values and relations of one record; searching, reading and writing are files of their own.

pub(crate) mod attachments;
pub(crate) mod commands;
pub(crate) mod compute;
pub(crate) mod defaults;
pub(crate) mod delete;
mod documents;
pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod terms;
pub(crate) mod translations;
pub(crate) mod values;
mod websites;
pub(crate) mod write;

use serde_json::Value;

use super::{
    env::{Env, truthy},
    field::{Field, Kind},
};

impl Env<'_> {
    /// A value as stored or computed: many2one as its id, x2many as ids, everything empty as `false`.
    pub(crate) fn value(&self, model: &str, id: i64, field: &str) -> Value {
        match self.field(model, field) {
            Some(field) => self.value_of(model, id, field),
            None => Value::Bool(false),
        }
    }

    pub(crate) fn value_of(&self, model: &str, id: i64, field: &'static Field) -> Value {
        if field.name == "id" {
            return Value::from(id);
        }
        if let Some(computed) = compute::value(self, model, id, field) {
            return computed;
        }
        if let Kind::One2many { model: other, inverse } = field.kind {
            return Value::from(self.lines(model, id, other, inverse));
        }
        let stored = self.db.get(model, id).and_then(|record| record.get(field.name)).cloned();
        stored.unwrap_or_else(|| empty(field))
    }

    /// Text of a field, empty when there is none.
    pub(crate) fn text(&self, model: &str, id: i64, field: &str) -> String {
        match self.value(model, id, field) {
            Value::String(text) => text,
            _ => String::new(),
        }
    }

    pub(crate) fn number(&self, model: &str, id: i64, field: &str) -> f64 {
        self.value(model, id, field).as_f64().unwrap_or_default()
    }

    /// The id a many2one holds.
    pub(crate) fn link(&self, model: &str, id: i64, field: &str) -> Option<i64> {
        self.value(model, id, field).as_i64()
    }

    /// The ids on the other side of a relation, archived ones included.
    pub(crate) fn related(&self, model: &str, id: i64, field: &'static Field) -> Vec<i64> {
        match self.value_of(model, id, field) {
            Value::Array(ids) => ids.iter().filter_map(Value::as_i64).collect(),
            other => other.as_i64().into_iter().collect(),
        }
    }

    pub(crate) fn ids(&self, model: &str, id: i64, field: &str) -> Vec<i64> {
        self.field(model, field).map(|field| self.related(model, id, field)).unwrap_or_default()
    }

    pub(crate) fn is_active(&self, model: &str, id: i64) -> bool {
        self.field(model, "active").is_none() || truthy(&self.value(model, id, "active"))
    }

    /// Records whose many2one points here, in the order of their model.
    fn lines(&self, model: &str, id: i64, other: &str, inverse: &str) -> Vec<i64> {
        let by_reference =
            self.field(other, inverse).is_some_and(|field| matches!(field.kind, Kind::ReferenceId));
        let mut found: Vec<i64> = self
            .db
            .ids(other)
            .into_iter()
            .filter(|line| {
                let record = self.db.get(other, *line);
                let stored = |name: &str| record.and_then(|record| record.get(name));
                let here = stored(inverse).and_then(Value::as_i64) == Some(id);
                here && (!by_reference
                    || stored("model").or(stored("res_model")).and_then(Value::as_str) == Some(model))
            })
            .collect();
        search::sort_by_default(self, other, &mut found);
        found
    }

    pub(crate) fn display_name(&self, model: &str, id: i64) -> String {
        compute::display_name(self, model, id)
    }
}

/// What a field without a value shows.
pub(crate) fn empty(field: &Field) -> Value {
    match field.kind {
        Kind::Integer | Kind::ReferenceId => Value::from(0),
        Kind::Float | Kind::Monetary { .. } => Value::from(0.0),
        Kind::One2many { .. } | Kind::Many2many(_) => Value::Array(Vec::new()),
        _ => Value::Bool(false),
    }
}
