//! One connection's client: picks the route, signs in once, bounds and retries.

use std::sync::Arc;

use serde_json::Value;

use super::{Call, ClientState, ModelSchema, OdooError, Page, PageQuery, SignIn, VersionState};
use crate::facts::{Definition, Limits, ModelName};

/// Talks to one Odoo database. Making one sends nothing.
#[derive(Debug)]
pub struct OdooClient {
    definition: Arc<Definition>,
    limits: Limits,
}

impl OdooClient {
    pub fn new(definition: Arc<Definition>, limits: Limits) -> Self {
        Self { definition, limits }
    }

    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Signs in now and says who we are there.
    pub async fn sign_in(&self) -> Result<Arc<SignIn>, OdooError> {
        Err(self.unfinished())
    }

    pub async fn call(&self, call: Call) -> Result<Value, OdooError> {
        let _ = (call, self.limits);
        Err(self.unfinished())
    }

    /// Rows and total, in one request where the route allows it.
    pub async fn page(&self, query: &PageQuery) -> Result<Page, OdooError> {
        let _ = query;
        Err(self.unfinished())
    }

    /// Field definitions of a model, cached.
    pub async fn schema(&self, model: &ModelName) -> Result<Arc<ModelSchema>, OdooError> {
        let _ = model;
        Err(self.unfinished())
    }

    /// What is known without asking the server.
    pub fn state(&self) -> ClientState {
        ClientState::default()
    }

    pub async fn version(&self) -> VersionState {
        VersionState::Unreachable { why: "skeleton".to_owned() }
    }

    fn unfinished(&self) -> OdooError {
        OdooError::Setup { why: "skeleton".to_owned(), hint: None }
    }
}
