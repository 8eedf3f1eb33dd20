//! A client that does what its permit says, and nothing else.

use std::sync::Arc;

use serde_json::Value;

use super::{Call, ClientState, ModelSchema, OdooClient, OdooError, Page, PageQuery, VersionState};
use crate::{
    facts::{ModelName, Operation},
    policy::Permit,
};

/// The only way from a tool to Odoo: the second check, where the bytes leave.
#[derive(Debug)]
pub struct PermittedOdoo<'a> {
    permit: &'a Permit,
    client: Arc<OdooClient>,
}

impl<'a> PermittedOdoo<'a> {
    pub(crate) fn new(permit: &'a Permit, client: Arc<OdooClient>) -> Result<Self, OdooError> {
        let connection = &client.definition().alias;
        if permit.reaches_connection(connection) {
            Ok(Self { permit, client })
        } else {
            Err(OdooError::NotPermitted { what: format!("connection {connection}") })
        }
    }

    /// Calls a method that the permit's effects cover.
    pub async fn call(&self, call: Call) -> Result<Value, OdooError> {
        let operation = Operation::of_method(call.method.as_str(), call.ids.is_some());
        self.check(&call.model, operation, call.ids.as_deref())?;
        self.client.call(call).await
    }

    /// Rows and total of a search.
    pub async fn page(&self, query: &PageQuery) -> Result<Page, OdooError> {
        self.check(&query.model, Operation::Read, None)?;
        self.client.page(query).await
    }

    /// Field definitions: no record data, so every model of the connection.
    pub async fn schema(&self, model: &ModelName) -> Result<Arc<ModelSchema>, OdooError> {
        self.client.schema(model).await
    }

    pub async fn version(&self) -> VersionState {
        self.client.version().await
    }

    /// What is known of the connection without asking the server.
    pub fn state(&self) -> ClientState {
        self.client.state()
    }

    fn check(&self, model: &ModelName, operation: Operation, ids: Option<&[i64]>) -> Result<(), OdooError> {
        let connection = &self.client.definition().alias;
        if self.permit.covers(connection, model, operation, ids) {
            Ok(())
        } else {
            Err(OdooError::NotPermitted { what: format!("{} on {model}", operation.as_str()) })
        }
    }
}
