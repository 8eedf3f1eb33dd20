//! All connections by alias.
//!
//! Definitions come from the environment, the settings file and the sealed store; the first two win
//! over a saved one of the same alias. Opening reads no secret, no keyring and no network.

mod certificates;
mod connect;
mod databases;
mod digests;
mod overview;
mod own;
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
pub use own::{OwnRequest, OwnRow, OwnState};
pub use permitted::PermittedConnections;
pub use record::{FILE as CONNECTIONS_FILE, ProtocolName};
pub use request::{ConnectRequest, SecretKind};

use super::{OdooClient, OdooError, web::WebSessions};
use crate::{
    config::{Config, ConnectSettings},
    facts::{ConnectionAlias, Definition, Limits, Origin},
    store::{Cabinet, SealKeys, StateDir},
};
use own::{OwnShelf, OwnView};
use shelf::Shelf;

/// The registry. Tools reach it through [`PermittedConnections`] only. A clone is the same registry; one
/// that was [`Connections::seen_by`] a user also has that user's own connections.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    /// Known at start: environment, settings, sandbox.
    fixed: Arc<RwLock<BTreeMap<ConnectionAlias, Arc<OdooClient>>>>,
    /// Made by tools; shared with other processes of the same state directory.
    shelf: Option<Arc<Shelf>>,
    /// Web sessions of callers, in this process alone.
    web: Arc<WebSessions>,
    settings: Arc<ConnectSettings>,
    limits: Limits,
    /// Connections of single users, and the set of the user who is looking.
    own_shelf: Option<Arc<OwnShelf>>,
    own: Option<OwnView>,
}

impl Connections {
    /// The connections of the settings, and the saved ones of the state directory.
    ///
    /// Fails only for a sealing key that is none; damaged files are told when they are needed.
    pub fn open(config: &Config, state: &StateDir) -> Result<Self, OdooError> {
        let shelf = Arc::new(Shelf::new(state.shared(), seal_keys(config, state)?, config.odoo));
        let connections = Self {
            fixed: Arc::default(),
            shelf: Some(shelf),
            web: Arc::default(),
            settings: Arc::new(config.connect.clone()),
            limits: config.odoo,
            own_shelf: None,
            own: None,
        };
        for definition in &config.connections {
            connections.add(definition.clone(), config.odoo);
        }
        Ok(connections)
    }

    /// The same with connections of single users, which lie in the cabinet.
    #[must_use]
    pub fn keeping_own_in(mut self, cabinet: &Cabinet) -> Self {
        if let Some(shelf) = &self.shelf {
            self.own_shelf = Some(Arc::new(OwnShelf::new(cabinet, Arc::clone(shelf), self.limits)));
        }
        self
    }

    /// Adds a definition that is known at start; nothing is sent.
    pub fn add(&self, definition: Definition, limits: Limits) {
        let alias = definition.alias.clone();
        let client = Arc::new(OdooClient::new(Arc::new(definition), limits));
        self.fixed.write().unwrap_or_else(PoisonError::into_inner).insert(alias, client);
    }

    /// A shared connection, or one of the user who is looking.
    pub fn get(&self, alias: &ConnectionAlias) -> Result<Arc<OdooClient>, OdooError> {
        let own = self.own.as_ref().filter(|own| own.has(alias));
        match (self.shared_client(alias)?, own) {
            (Some(client), None) => Ok(client),
            (None, Some(own)) => own.client(alias)?.ok_or_else(|| self.unknown(alias)),
            (None, None) => Err(self.unknown(alias)),
            // A shared one came later. What the user meant cannot be told, so neither is used.
            (Some(_), Some(_)) => Err(OdooError::ConnectionRefused {
                code: "alias_is_shared",
                why: format!("`{alias}` is a connection of your own, and now also one that everybody shares"),
                hint: Some(
                    "delete your own with `user_connection_delete` and make it again by another name"
                        .to_owned(),
                ),
            }),
        }
    }

    fn shared_client(&self, alias: &ConnectionAlias) -> Result<Option<Arc<OdooClient>>, OdooError> {
        match (self.fixed_client(alias), &self.shelf) {
            (Some(client), _) => Ok(Some(client)),
            (None, Some(shelf)) => shelf.client(alias),
            (None, None) => Ok(None),
        }
    }

    fn has_shared(&self, alias: &ConnectionAlias) -> Result<bool, OdooError> {
        if self.fixed_client(alias).is_some() {
            return Ok(true);
        }
        Ok(match &self.shelf {
            Some(shelf) => shelf.record(alias)?.is_some(),
            None => false,
        })
    }

    /// Every alias that the user who is looking can name, sorted.
    pub fn aliases(&self) -> Vec<ConnectionAlias> {
        let mut aliases = self.shared_aliases();
        aliases.extend(self.own_aliases());
        aliases.sort();
        aliases.dedup();
        aliases
    }

    fn shared_aliases(&self) -> Vec<ConnectionAlias> {
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
                Origin::Settings | Origin::Saved | Origin::Own => "the settings file",
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
