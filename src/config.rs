//! Every setting, typed, read once; nobody else reads the environment.

use std::{net::SocketAddr, path::PathBuf};

use crate::facts::{Definition, GrantName, Limits, Secret, SecretSource, UserName};

/// All settings: flags first, then the environment, then the settings file, then the defaults.
#[derive(Debug)]
pub struct Config {
    /// Where state lives; made with mode 0700.
    pub state_dir: PathBuf,
    /// The policy file to rule; without one the shipped policy inside the binary does.
    pub policy: Option<PathBuf>,
    pub http: HttpSettings,
    /// Bearer tokens of the HTTP door, one per grant.
    pub grants: Vec<GrantSettings>,
    /// Limits that hold for each connection.
    pub odoo: Limits,
    /// Connections of the settings file and the environment.
    pub connections: Vec<Definition>,
    /// Key that seals stored secrets, if the operator gives it.
    pub seal_key: Option<Secret>,
    /// Start the sandbox Odoo and make it the connection `default`.
    pub sandbox: bool,
    pub log: LogSettings,
    /// How long running calls may take to end after a signal.
    pub drain_ms: u64,
}

/// The HTTP door.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// `None` serves standard input and output.
    pub listen: Option<SocketAddr>,
    /// Values of the `Host` header beyond the loopback names.
    pub allowed_hosts: Vec<String>,
    /// Values of the `Origin` header; without this header a request is not from a browser.
    pub allowed_origins: Vec<String>,
    pub body_bytes_max: usize,
    pub sessions_max: usize,
    /// An idle session of an older protocol revision ends after this.
    pub session_idle_ms: u64,
}

/// One bearer token.
#[derive(Debug, Clone)]
pub struct GrantSettings {
    pub grant: GrantName,
    pub user: UserName,
    pub token: SecretSource,
}

/// What goes to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    pub level: LogLevel,
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}
