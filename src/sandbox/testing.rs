//! An environment over fresh data, for unit tests.

use serde_json::{Value, json};

use super::{
    data,
    database::Database,
    env::{ADMIN, Env},
    errors::Result,
    field::SandboxVersion,
    methods::{self, Arguments, Binding},
    models::Schema,
};
use crate::facts::JsonObject;

pub(crate) const BOTH: [SandboxVersion; 2] = [SandboxVersion::V14, SandboxVersion::V19];

/// Fresh data and the calls made on it.
pub(crate) struct Bench {
    pub(crate) db: Database,
    schema: Schema,
}

impl Bench {
    pub(crate) fn new(version: SandboxVersion) -> Self {
        Self { db: data::load(version), schema: Schema::new(version) }
    }

    pub(crate) fn env(&mut self) -> Env<'_> {
        Env { db: &mut self.db, schema: &self.schema, uid: ADMIN, sudo: false, context: JsonObject::new() }
    }

    /// Calls a method the way `/jsonrpc` does.
    pub(crate) fn call(&mut self, model: &str, method: &str, args: Value, kwargs: Value) -> Result<Value> {
        let arguments = Arguments {
            ids: None,
            args: args.as_array().cloned().unwrap_or_default(),
            kwargs: kwargs.as_object().cloned().unwrap_or_default(),
        };
        let version = self.schema.version;
        let answer = methods::run(&mut self.env(), model, method, arguments, Binding::Rpc)?;
        Ok(answer.into_result(version).unwrap_or(Value::Null))
    }

    pub(crate) fn search(&mut self, model: &str, domain: Value) -> Result<Vec<i64>> {
        let found = self.call(model, "search", json!([domain]), json!({"order": "id"}))?;
        Ok(found.as_array().into_iter().flatten().filter_map(Value::as_i64).collect())
    }
}
