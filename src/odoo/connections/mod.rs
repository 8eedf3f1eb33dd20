//! All connections by alias.
//!
//! Definitions come from the environment, the settings file and the sealed store; the first two win
//! over a saved one of the same alias. Opening reads no secret, no keyring and no network.

mod certificates;
mod connect;
mod databases;
mod digests;
mod overview;
mod permitted;
mod record;
mod references;
mod request;
mod shelf;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

pub use certificates::{CertificateReport, PinReport, PinStatus, Repinned};
pub use connect::Connected;
pub(in crate::odoo) use digests::Digests;
pub use overview::{CheckResult, Overview, Row};
pub use permitted::PermittedConnections;
pub use record::ProtocolName;
pub use request::{ConnectRequest, SecretKind};

use super::{OdooClient, OdooError, web::WebSessions};
use crate::{
    config::{Config, ConnectSettings},
    facts::{ConnectionAlias, Definition, Limits, Origin},
    store::{SealKeys, StateDir},
};
use shelf::Shelf;

/// The registry. Tools reach it through [`PermittedConnections`] only.
#[derive(Debug, Default)]
pub struct Connections {
    /// Known at start: environment, settings, sandbox.
    fixed: RwLock<BTreeMap<ConnectionAlias, Arc<OdooClient>>>,
    /// Made by tools; shared with other processes of the same state directory.
    shelf: Option<Arc<Shelf>>,
    /// Web sessions of callers, in this process alone.
    web: WebSessions,
    settings: ConnectSettings,
    limits: Limits,
}

impl Connections {
    /// The connections of the settings, and the saved ones of the state directory.
    ///
    /// Fails only for a sealing key that is none; damaged files are told when they are needed.
    pub fn open(config: &Config, state: &StateDir) -> Result<Self, OdooError> {
        let connections = Self {
            fixed: RwLock::default(),
            shelf: Some(Arc::new(Shelf::new(state.clone(), seal_keys(config, state)?, config.odoo))),
            web: WebSessions::default(),
            settings: config.connect.clone(),
            limits: config.odoo,
        };
        for definition in &config.connections {
            connections.add(definition.clone(), config.odoo);
        }
        Ok(connections)
    }

    /// Adds a definition that is known at start; nothing is sent.
    pub fn add(&self, definition: Definition, limits: Limits) {
        let alias = definition.alias.clone();
        let client = Arc::new(OdooClient::new(Arc::new(definition), limits));
        self.fixed.write().unwrap_or_else(PoisonError::into_inner).insert(alias, client);
    }

    pub fn get(&self, alias: &ConnectionAlias) -> Result<Arc<OdooClient>, OdooError> {
        if let Some(client) = self.fixed_client(alias) {
            return Ok(client);
        }
        if let Some(shelf) = &self.shelf
            && let Some(client) = shelf.client(alias)?
        {
            return Ok(client);
        }
        Err(self.unknown(alias))
    }

    /// Every alias, sorted.
    pub fn aliases(&self) -> Vec<ConnectionAlias> {
        let mut aliases: Vec<_> =
            self.fixed.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        if let Some(shelf) = &self.shelf {
            aliases.extend(shelf.aliases());
        }
        aliases.sort();
        aliases.dedup();
        aliases
    }

    pub(in crate::odoo) fn web_sessions(&self) -> &WebSessions {
        &self.web
    }

    fn fixed_client(&self, alias: &ConnectionAlias) -> Option<Arc<OdooClient>> {
        self.fixed.read().unwrap_or_else(PoisonError::into_inner).get(alias).cloned()
    }

    fn fixed_clients(&self) -> Vec<Arc<OdooClient>> {
        self.fixed.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn unknown(&self, alias: &ConnectionAlias) -> OdooError {
        OdooError::UnknownConnection { alias: alias.clone(), known: self.aliases() }
    }

    /// The store that changes go to, after a look at who owns the alias.
    fn shelf_for(&self, alias: &ConnectionAlias) -> Result<&Arc<Shelf>, OdooError> {
        if let Some(client) = self.fixed_client(alias) {
            let place = match client.definition().origin {
                Origin::Environment => "the environment of this process",
                Origin::Sandbox => "the built-in practice Odoo",
                Origin::Settings | Origin::Saved => "the settings file",
            };
            return Err(OdooError::ConnectionRefused {
                code: "connection_is_fixed",
                why: format!("connection `{alias}` comes from {place} and cannot be changed by a tool"),
                hint: Some("choose another alias, or ask the operator to change the settings".to_owned()),
            });
        }
        self.shelf.as_ref().ok_or_else(|| OdooError::Setup {
            why: "this process has no state directory, so it cannot save connections".to_owned(),
            hint: None,
        })
    }
}

/// Where the key is that seals the secrets of a state directory.
pub fn seal_keys(config: &Config, state: &StateDir) -> Result<SealKeys, OdooError> {
    if let Some(key) = &config.seal_key {
        return SealKeys::given(key).map_err(|error| OdooError::Setup {
            why: format!("the sealing key of the settings cannot be used: {error}"),
            hint: Some("make one with `openssl rand -base64 32` and keep it safe".to_owned()),
        });
    }
    #[cfg(feature = "os-keyring")]
    if config.connect.os_keyring {
        return Ok(SealKeys::in_keyring());
    }
    Ok(SealKeys::in_file(state))
}
