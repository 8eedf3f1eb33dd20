//! Connections as the settings define them: what is known before anything is sent.

use std::path::PathBuf;

use url::Url;

use super::{ConnectionAlias, Secret};

/// Everything needed to talk to one Odoo database.
#[derive(Debug, Clone)]
pub struct Definition {
    pub alias: ConnectionAlias,
    /// Scheme, host and port; no path beyond a prefix, no user information.
    pub url: Url,
    pub db: String,
    pub username: String,
    pub credential: Credential,
    pub protocol: Protocol,
    pub trust: Trust,
    pub origin: Origin,
}

/// What proves who we are to Odoo.
#[derive(Debug, Clone)]
pub enum Credential {
    Password(SecretSource),
    ApiKey(SecretSource),
}

/// Where a secret is. By reference, nothing of it is ever stored here.
#[derive(Debug, Clone)]
pub enum SecretSource {
    Inline(Secret),
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

/// Which route the operator wants. `Auto` takes the best that server and credential allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    #[default]
    Auto,
    Json2,
    JsonRpc,
    XmlRpc,
}

/// Whom to believe at the other end of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The certificate authorities of this system.
    System,
    /// Only the authorities of one file.
    CaFile(PathBuf),
    /// Exactly one public key; names and dates do not matter.
    Pinned(Pin),
}

/// SHA-256 of the peer's public key (SPKI), bound to host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub host: String,
    pub port: u16,
    pub spki_sha256: [u8; 32],
}

/// Where a definition came from; only saved ones can be changed by a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Environment,
    Settings,
    Saved,
    Sandbox,
    /// Of one user alone.
    Own,
}

/// Limits of one connection. Each has a default in the settings.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests at once per Odoo: more only makes the server slower.
    pub parallel_requests: usize,
    pub connect_timeout_ms: u64,
    pub read_timeout_ms: u64,
    pub total_timeout_ms: u64,
    /// Largest answer of Odoo that is read.
    pub response_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parallel_requests: 6,
            connect_timeout_ms: 10_000,
            read_timeout_ms: 60_000,
            total_timeout_ms: 120_000,
            response_bytes_max: 32 * 1024 * 1024,
        }
    }
}
