//! The surroundings of one call: who asks, in which context, on which records.

use serde_json::Value;

use super::{
    database::Database,
    errors::{OdooError, Result},
    field::{Field, SandboxVersion},
    models::{ModelSchema, Schema},
};
use crate::facts::JsonObject;

/// Ids of the users every sandbox has.
pub(crate) const ADMIN: i64 = 2;

#[derive(Debug)]
pub(crate) struct Env<'a> {
    pub(crate) db: &'a mut Database,
    pub(crate) schema: &'a Schema,
    pub(crate) uid: i64,
    /// Whether access rules are off, as for the system's own reads.
    pub(crate) sudo: bool,
    pub(crate) context: JsonObject,
}

impl Env<'_> {
    pub(crate) fn version(&self) -> SandboxVersion {
        self.schema.version
    }

    pub(crate) fn is_14(&self) -> bool {
        self.version() == SandboxVersion::V14
    }

    pub(crate) fn model(&self, name: &str) -> Result<&ModelSchema> {
        self.schema.get(name).ok_or_else(|| OdooError::unknown_model(name))
    }

    /// The name of a known model, with the lifetime of the tables.
    pub(crate) fn name_of(&self, name: &str) -> Result<&'static str> {
        Ok(self.model(name)?.model.name)
    }

    pub(crate) fn field(&self, model: &str, field: &str) -> Option<&'static Field> {
        self.schema.field(model, field)
    }

    /// Archived records are left out unless the context says `active_test: false`.
    pub(crate) fn active_test(&self) -> bool {
        self.context.get("active_test").is_none_or(truthy)
    }

    /// Runs `work` without access rules.
    pub(crate) fn as_system<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.sudo, true);
        let answer = work(self);
        self.sudo = before;
        answer
    }

    /// The companies whose records are in view, the first being the current one.
    pub(crate) fn allowed_companies(&self) -> Vec<i64> {
        if let Some(asked) = self.context.get("allowed_company_ids").and_then(Value::as_array) {
            let ids: Vec<i64> = asked.iter().filter_map(Value::as_i64).collect();
            if !ids.is_empty() {
                return ids;
            }
        }
        let ids = self
            .db
            .get("res.users", self.uid)
            .and_then(|user| user.get("company_ids"))
            .and_then(Value::as_array);
        ids.map_or_else(|| vec![self.company()], |ids| ids.iter().filter_map(Value::as_i64).collect())
    }

    pub(crate) fn company(&self) -> i64 {
        if let Some(first) =
            self.context.get("allowed_company_ids").and_then(|ids| ids.get(0)).and_then(Value::as_i64)
        {
            return first;
        }
        self.db
            .get("res.users", self.uid)
            .and_then(|user| user.get("company_id"))
            .and_then(Value::as_i64)
            .unwrap_or(1)
    }

    /// The present, as Odoo stores it: UTC without a zone.
    pub(crate) fn now(&self) -> String {
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    pub(crate) fn day_after_today(&self, days: i64) -> String {
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        today.saturating_add(jiff::Span::new().days(days)).strftime("%Y-%m-%d").to_string()
    }

    pub(crate) fn today(&self) -> String {
        jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
    }
}

/// Truth as Python sees it.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}
