//! All connections by alias.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{OdooClient, OdooError};
use crate::{
    facts::{ConnectionAlias, Definition, Limits},
    policy::Permit,
};

/// The registry. Definitions come from the environment, the settings file and the sealed store.
#[derive(Debug, Default)]
pub struct Connections {
    clients: RwLock<BTreeMap<ConnectionAlias, Arc<OdooClient>>>,
}

impl Connections {
    /// Adds a definition that is known at start; nothing is sent.
    pub fn add(&self, definition: Definition, limits: Limits) {
        let alias = definition.alias.clone();
        let client = Arc::new(OdooClient::new(Arc::new(definition), limits));
        self.clients.write().unwrap_or_else(PoisonError::into_inner).insert(alias, client);
    }

    pub fn get(&self, alias: &ConnectionAlias) -> Result<Arc<OdooClient>, OdooError> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        clients.get(alias).cloned().ok_or_else(|| OdooError::UnknownConnection {
            alias: alias.clone(),
            known: clients.keys().cloned().collect(),
        })
    }
}

/// The registry as a tool sees it: only the connection changes its permit names.
#[derive(Debug)]
pub struct PermittedConnections<'a> {
    permit: &'a Permit,
    connections: &'a Connections,
}

impl<'a> PermittedConnections<'a> {
    pub(crate) fn new(permit: &'a Permit, connections: &'a Connections) -> Self {
        Self { permit, connections }
    }

    pub fn aliases(&self) -> Vec<ConnectionAlias> {
        let _ = self.permit;
        self.connections.clients.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}
