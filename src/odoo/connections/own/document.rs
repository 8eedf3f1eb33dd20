//! What is kept of a user's connections.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::record::SavedConnection;
use crate::{
    facts::{ConnectionAlias, Secret},
    odoo::OdooError,
    store::{SealKeys, parse_document, write_document},
};

/// Grows when an older program would misread it.
const VERSION: u64 = 1;

/// All connections of one user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnDocument {
    pub(super) connections: Vec<OwnConnection>,
    /// The one that calls mean when they name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) active: Option<ConnectionAlias>,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnConnection {
    pub(super) saved: SavedConnection,
    /// When the login was last seen to work.
    pub(super) tested_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ssh: Option<Ssh>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) portainer: Option<Portainer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) web: Option<Web>,
}

/// The machine behind the Odoo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ssh {
    pub(super) host: String,
    pub(super) user: String,
    pub(super) port: u16,
}

/// What runs its containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Portainer {
    pub(super) url: String,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
}

/// Who signs in to its pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Web {
    pub(super) login: String,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) password: Option<String>,
}

impl OwnDocument {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, OdooError> {
        parse_document(bytes, VERSION).map_err(|error| OdooError::Setup {
            why: format!("your saved connections cannot be read: {error}"),
            hint: Some("they were left as they are; the operator can look at them".to_owned()),
        })
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, OdooError> {
        write_document(self, VERSION).map_err(|_| OdooError::Setup {
            why: "your connections cannot be written".to_owned(),
            hint: None,
        })
    }

    pub(super) fn find(&self, alias: &ConnectionAlias) -> Option<&OwnConnection> {
        self.connections.iter().find(|one| one.saved.alias == *alias)
    }
}

/// Seals a secret for one user, one connection and one purpose; moved elsewhere it does not open.
pub(super) fn sealed(keys: &SealKeys, place: &[&str], secret: &Secret) -> Result<String, OdooError> {
    let failed = |why: String| OdooError::Setup { why, hint: None };
    let key = keys.for_sealing().map_err(|error| failed(format!("there is no key to seal with: {error}")))?;
    key.seal(place, secret).map_err(|error| failed(format!("a secret cannot be sealed: {error}")))
}
