//! Every setting, typed, read once; nobody else reads the environment.
//!
//! Flags win over the environment, the environment over the settings file, the file over the
//! defaults. All layers are read to the end before anything is refused, so that one run shows every
//! mistake. Nothing here opens a port, a connection or a secret that is only referred to.

mod auth;
mod connections;
mod environment;
mod features;
mod grants;
mod invoices;
mod keys;
mod language_model;
mod layers;
mod legacy;
mod memory;
mod metrics;
mod oauth;
mod paths;
mod plugins;
mod problems;
mod public_url;
mod raw;
mod store;
mod tenant_keys;
#[cfg(test)]
mod tests;
mod tool_settings;
mod traces;
mod trusted_proxies;
mod usage;

use std::{net::SocketAddr, path::PathBuf};

use crate::facts::{Definition, GrantName, Limits, Role, Scopes, Secret, SecretSource, UserName};

pub use auth::AuthSettings;
pub use connections::odoo_url;
pub use environment::Environment;
pub use invoices::{Escalation, InvoiceSettings, PdfPolicy, RoutingSettings, UnreadableCap};
pub use keys::listen_address;
pub use language_model::{LanguageModelSettings, Provider};
pub use layers::Flags;
pub use memory::MemoryLimits;
pub use metrics::{MetricsDoor, MetricsSettings};
pub use oauth::{OauthSettings, OpenIdSettings, TokenAlgorithm};
pub use paths::{program, temporary_dir};
pub use plugins::{PluginSettings, SignaturePolicy, UnsignedMode};
pub use problems::{ConfigError, Problem};
pub use public_url::{PublicUrl, is_loopback};
pub use store::{StoreAddress, StoreTls};
pub use tenant_keys::TenantKeys;
pub use tool_settings::{MethodPattern, RefreshSettings, ToolSettings};
pub use traces::TraceSettings;
pub use trusted_proxies::TrustedProxies;
pub use usage::{EurPerUsd, UsageSettings};

/// The settings file with every key, its default and its meaning: the documentation is the file.
pub const DEFAULT_SETTINGS: &str = include_str!("config/default.toml");

/// All settings: flags first, then the environment, then the settings file, then the defaults.
#[derive(Debug)]
pub struct Config {
    /// Where state lives; made with mode 0700.
    pub state_dir: PathBuf,
    /// The policy file to rule; without one the shipped policy inside the binary does.
    pub policy: Option<PathBuf>,
    pub http: HttpSettings,
    /// Families, classes and risks of tools that do not exist in this process.
    pub features_off: Vec<String>,
    /// Bearer tokens of the HTTP door, one per grant.
    pub grants: Vec<GrantSettings>,
    /// Accounts, personal access tokens and signing in.
    pub auth: AuthSettings,
    /// The built-in authorization server.
    pub oauth: OauthSettings,
    /// An OpenID provider whose tokens are accepted.
    pub openid: OpenIdSettings,
    /// Limits that hold for each connection.
    pub odoo: Limits,
    /// Connections of the settings file and the environment.
    pub connections: Vec<Definition>,
    /// Key that seals stored secrets, if the operator gives it.
    pub seal_key: Option<Secret>,
    /// The PostgreSQL that replicas share; without one, everything is in the state directory.
    pub store: Option<StoreAddress>,
    pub store_password: Option<SecretSource>,
    /// How long a server that starts waits for a store that does not answer.
    pub store_wait_ms: u64,
    /// What tools may do with connections.
    pub connect: ConnectSettings,
    /// The download area.
    pub files: FileLimits,
    /// How much the memory keeps.
    pub memory: MemoryLimits,
    /// What single tools need to know.
    pub tools: ToolSettings,
    /// The language model that tools may ask.
    pub language_model: LanguageModelSettings,
    /// Plugins of the invoice pipeline.
    pub plugins: PluginSettings,
    /// How bills are read and filled in.
    pub invoices: InvoiceSettings,
    /// What language models cost.
    pub usage: UsageSettings,
    /// Start the sandbox Odoo and make it the connection `default`.
    pub sandbox: bool,
    /// Whoever knows this steers the sandbox: faults, what it received, a fresh start. For tests.
    pub sandbox_token: Option<Secret>,
    pub log: LogSettings,
    /// Spans for a collector of traces.
    pub traces: TraceSettings,
    /// How long running calls may take to end after a signal.
    pub drain_ms: u64,
    /// The settings file that was read, if there is one.
    pub settings_file: Option<PathBuf>,
    /// What is legal and probably not meant.
    pub warnings: Vec<String>,
}

/// The HTTP door.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// `None` serves standard input and output.
    pub listen: Option<SocketAddr>,
    /// Where people reach it, as an origin; without it, the address it listens on.
    pub public_url: Option<url::Url>,
    /// Values of the `Host` header beyond the loopback names.
    pub allowed_hosts: Vec<String>,
    /// Values of the `Origin` header; without this header a request is not from a browser.
    pub allowed_origins: Vec<String>,
    /// Whose word about the address of a client is believed.
    pub trusted_proxies: TrustedProxies,
    pub body_bytes_max: usize,
    pub sessions_max: usize,
    /// Of them, those of one user.
    pub sessions_per_caller_max: usize,
    /// An idle session of an older protocol revision ends after this.
    pub session_idle_ms: u64,
    /// Most connections at once; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Who may read numbers, and where.
    pub metrics: MetricsSettings,
}

/// What tools may do with connections, and where the key that seals their secrets is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectSettings {
    /// The only addresses `odoo_connect` may use; empty means any that is not refused anyway.
    /// Secrets of the operator go to these and to the configured connections only.
    pub allowed_urls: Vec<url::Url>,
    /// Tool calls may refer to files, commands and every variable, not only to `ODOO_…` ones.
    pub any_secret_ref: bool,
    /// Keep the sealing key in the keyring of the operating system.
    pub os_keyring: bool,
}

/// What the download area keeps for each caller, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Largest file.
    pub file_bytes_max: u64,
    /// All files of one caller together.
    pub area_bytes_max: u64,
    /// A file is removed after so many hours.
    pub keep_hours: u64,
    /// A larger file is never put into an answer, but into the area.
    pub inline_bytes_max: u64,
}

/// One bearer token.
#[derive(Debug, Clone)]
pub struct GrantSettings {
    pub grant: GrantName,
    pub user: UserName,
    pub token: SecretSource,
    /// What the token may be used for at most.
    pub scopes: Scopes,
    /// What its user is on this server.
    pub role: Role,
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

/// The usual time for running calls to end; below the ten seconds that service managers wait.
const DRAIN_MS: u64 = 8_000;
/// Machines that start together find a PostgreSQL that starts, too.
const STORE_WAIT_MS: u64 = 30_000;

impl Config {
    /// The defaults, with state in the given directory.
    pub fn with_state_dir(state_dir: PathBuf) -> Self {
        Self {
            state_dir,
            policy: None,
            http: HttpSettings::default(),
            features_off: Vec::new(),
            grants: Vec::new(),
            auth: AuthSettings::default(),
            oauth: OauthSettings::default(),
            openid: OpenIdSettings::default(),
            odoo: Limits::default(),
            connections: Vec::new(),
            seal_key: None,
            store: None,
            store_password: None,
            store_wait_ms: STORE_WAIT_MS,
            connect: ConnectSettings::default(),
            files: FileLimits::default(),
            memory: MemoryLimits::default(),
            tools: ToolSettings::default(),
            language_model: LanguageModelSettings::default(),
            plugins: PluginSettings::default(),
            invoices: InvoiceSettings::default(),
            usage: UsageSettings::default(),
            sandbox: false,
            sandbox_token: None,
            log: LogSettings { level: LogLevel::Info, json: false },
            traces: TraceSettings::default(),
            drain_ms: DRAIN_MS,
            settings_file: None,
            warnings: Vec::new(),
        }
    }

    /// Reads all layers, or says everything that is wrong with them.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        layers::load(flags, environment)
    }
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            file_bytes_max: 256 * 1024 * 1024,
            area_bytes_max: 1024 * 1024 * 1024,
            keep_hours: 24,
            // As base64 that is a tenth of what a model reads at once.
            inline_bytes_max: 64 * 1024,
        }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: None,
            public_url: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: TrustedProxies::default(),
            // Large enough for an attachment in base64, small enough for forty at once.
            body_bytes_max: 16 * 1024 * 1024,
            sessions_max: 1_024,
            sessions_per_caller_max: 128,
            session_idle_ms: 30 * 60 * 1_000,
            connections_max: 1_024,
            metrics: MetricsSettings::default(),
        }
    }
}
