//! A saved connection as it stands in the file.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    facts::{
        ConnectionAlias, Credential, Definition, Origin, Pin, Protocol, SecretSource, Trust, UserName,
        from_hex,
    },
    odoo::{OdooError, tls::CertificateFacts},
    store::{KeyError, SealError, SealKeys},
};

/// The file of saved connections inside the state directory.
pub const FILE: &str = "connections.json";
/// Grows when an older program would misread the file.
pub(super) const FILE_VERSION: u64 = 1;
/// Replaced pins that are remembered: enough to see a pattern, few enough to read.
const PREVIOUS_PINS_MAX: usize = 10;

/// One saved connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedConnection {
    pub(super) alias: ConnectionAlias,
    pub(super) url: String,
    pub(super) db: String,
    pub(super) username: String,
    pub(super) protocol: ProtocolName,
    pub(super) trust: SavedTrust,
    pub(super) credential: SavedCredential,
    pub(super) saved_at: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) previous_pins: Vec<PinRecord>,
    /// Whose it is, where it is not shared. The sealed secret opens for this user alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
}

/// Wire protocol of the calls. `auto` is the best that server and credential allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProtocolName {
    #[default]
    Auto,
    Json2,
    Jsonrpc,
    Xmlrpc,
}

impl From<ProtocolName> for Protocol {
    fn from(name: ProtocolName) -> Self {
        match name {
            ProtocolName::Auto => Self::Auto,
            ProtocolName::Json2 => Self::Json2,
            ProtocolName::Jsonrpc => Self::JsonRpc,
            ProtocolName::Xmlrpc => Self::XmlRpc,
        }
    }
}

impl From<Protocol> for ProtocolName {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Auto => Self::Auto,
            Protocol::Json2 => Self::Json2,
            Protocol::JsonRpc => Self::Jsonrpc,
            Protocol::XmlRpc => Self::Xmlrpc,
        }
    }
}

/// Whom to believe, with what people compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SavedTrust {
    System,
    CaFile(PathBuf),
    Pinned(Box<PinRecord>),
}

/// A pin and the certificate it was taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PinRecord {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) certificate: CertificateFacts,
    pub(super) pinned_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) replaced_at: Option<Timestamp>,
}

impl PinRecord {
    pub(super) fn spki_sha256(&self) -> Option<[u8; 32]> {
        parse_fingerprint(&self.certificate.public_key_sha256)
    }

    fn pin(&self) -> Option<Pin> {
        Some(Pin { host: self.host.clone(), port: self.port, spki_sha256: self.spki_sha256()? })
    }
}

/// What proves who we are: sealed, or a reference that holds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedCredential {
    pub(super) kind: CredentialKind,
    pub(super) secret: SavedSecret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CredentialKind {
    Password,
    ApiKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SavedSecret {
    Sealed(String),
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

impl SavedConnection {
    /// The record of a definition; a secret given by value is sealed now.
    pub(super) fn of(
        definition: &Definition,
        trust: SavedTrust,
        previous_pins: Vec<PinRecord>,
        keys: &SealKeys,
    ) -> Result<Self, OdooError> {
        Self::sealed_for(None, definition, trust, previous_pins, keys)
    }

    /// The record of a connection that belongs to one user.
    pub(super) fn of_user(
        user: &UserName,
        definition: &Definition,
        trust: SavedTrust,
        previous_pins: Vec<PinRecord>,
        keys: &SealKeys,
    ) -> Result<Self, OdooError> {
        Self::sealed_for(Some(user.as_str().to_owned()), definition, trust, previous_pins, keys)
    }

    fn sealed_for(
        owner: Option<String>,
        definition: &Definition,
        trust: SavedTrust,
        previous_pins: Vec<PinRecord>,
        keys: &SealKeys,
    ) -> Result<Self, OdooError> {
        let (kind, source) = match &definition.credential {
            Credential::Password(source) => (CredentialKind::Password, source),
            Credential::ApiKey(source) => (CredentialKind::ApiKey, source),
        };
        let mut record = Self {
            alias: definition.alias.clone(),
            url: definition.url.as_str().to_owned(),
            db: definition.db.clone(),
            username: definition.username.clone(),
            protocol: definition.protocol.into(),
            trust,
            credential: SavedCredential { kind, secret: SavedSecret::Sealed(String::new()) },
            saved_at: Timestamp::now(),
            previous_pins,
            owner,
        };
        record.credential.secret = match source {
            SecretSource::Inline(secret) => {
                let key = keys.for_sealing().map_err(|error| no_key(&record.alias, &error))?;
                let sealed = key.seal(&parts(&record.place()), secret);
                SavedSecret::Sealed(sealed.map_err(|error| not_opened(&record.alias, &error))?)
            }
            SecretSource::Env(name) => SavedSecret::Env(name.clone()),
            SecretSource::File(path) => SavedSecret::File(path.clone()),
            SecretSource::Command(argv) => SavedSecret::Command(argv.clone()),
        };
        Ok(record)
    }

    /// Everything needed to talk, the secret opened.
    pub(super) fn definition(&self, keys: &SealKeys) -> Result<Definition, OdooError> {
        let source = match &self.credential.secret {
            SavedSecret::Sealed(sealed) => {
                let key = keys.for_opening().map_err(|error| no_key(&self.alias, &error))?;
                let opened = key.open(&parts(&self.place()), sealed);
                SecretSource::Inline(opened.map_err(|error| not_opened(&self.alias, &error))?)
            }
            SavedSecret::Env(name) => SecretSource::Env(name.clone()),
            SavedSecret::File(path) => SecretSource::File(path.clone()),
            SavedSecret::Command(argv) => SecretSource::Command(argv.clone()),
        };
        Ok(Definition {
            alias: self.alias.clone(),
            url: self.url()?,
            db: self.db.clone(),
            username: self.username.clone(),
            credential: match self.credential.kind {
                CredentialKind::Password => Credential::Password(source),
                CredentialKind::ApiKey => Credential::ApiKey(source),
            },
            protocol: self.protocol.into(),
            trust: self.trust()?,
            origin: Origin::Saved,
        })
    }

    pub(super) fn url(&self) -> Result<Url, OdooError> {
        crate::config::odoo_url(&self.url).map_err(|_| damaged(&self.alias))
    }

    pub(super) fn trust(&self) -> Result<Trust, OdooError> {
        Ok(match &self.trust {
            SavedTrust::System => Trust::System,
            SavedTrust::CaFile(path) => Trust::CaFile(path.clone()),
            SavedTrust::Pinned(pin) => Trust::Pinned(pin.pin().ok_or_else(|| damaged(&self.alias))?),
        })
    }

    pub(super) fn pin(&self) -> Option<&PinRecord> {
        match &self.trust {
            SavedTrust::Pinned(pin) => Some(pin),
            SavedTrust::System | SavedTrust::CaFile(_) => None,
        }
    }

    /// Same server, database and user: a new secret or trust for the same account.
    pub(super) fn is_same_account(&self, definition: &Definition) -> bool {
        self.url == definition.url.as_str()
            && self.db == definition.db
            && self.username == definition.username
    }

    /// The history with the present pin added, newest first.
    pub(super) fn pins_after_replacement(&self, now: Timestamp) -> Vec<PinRecord> {
        let replaced = self.pin().map(|pin| PinRecord { replaced_at: Some(now), ..pin.clone() });
        replaced.into_iter().chain(self.previous_pins.iter().cloned()).take(PREVIOUS_PINS_MAX).collect()
    }

    /// What a sealed secret is bound to. Whoever edits the file cannot send the secret to another
    /// server, user or key: it would not open.
    fn place(&self) -> Vec<String> {
        let trust = match &self.trust {
            SavedTrust::System => "system".to_owned(),
            SavedTrust::CaFile(path) => format!("ca_file:{}", path.display()),
            SavedTrust::Pinned(pin) => {
                format!("pinned:{}:{}:{}", pin.host, pin.port, pin.certificate.public_key_sha256)
            }
        };
        let kind = match self.credential.kind {
            CredentialKind::Password => "password",
            CredentialKind::ApiKey => "api_key",
        };
        let mut place =
            [FILE, self.alias.as_str(), "credential", kind, &self.url, &self.db, &self.username, &trust]
                .map(str::to_owned)
                .to_vec();
        place.extend(self.owner.as_ref().map(|owner| format!("owner:{owner}")));
        place
    }
}

fn parts(place: &[String]) -> Vec<&str> {
    place.iter().map(String::as_str).collect()
}

/// The digest in `sha256:…`, or in plain digits with or without colons.
pub(super) fn parse_fingerprint(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let text = match text.split_once(':') {
        Some((name, digits)) if name.eq_ignore_ascii_case("sha256") => digits,
        _ => text,
    };
    from_hex(text)?.try_into().ok()
}

fn damaged(alias: &ConnectionAlias) -> OdooError {
    OdooError::Setup {
        why: format!("the saved connection `{alias}` is damaged"),
        hint: Some("make it again with `replace`".to_owned()),
    }
}

fn no_key(alias: &ConnectionAlias, error: &KeyError) -> OdooError {
    OdooError::Setup {
        why: format!("there is no key for the saved secret of `{alias}`: {error}"),
        hint: Some(error.hint().to_owned()),
    }
}

fn not_opened(alias: &ConnectionAlias, error: &SealError) -> OdooError {
    let hint = match error {
        SealError::OtherKey => "start with the key it was saved with, or make the connection again",
        _ => "make the connection again",
    };
    OdooError::Setup {
        why: format!("the saved secret of `{alias}` cannot be opened: {error}"),
        hint: Some(hint.to_owned()),
    }
}
