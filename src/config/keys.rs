//! Every simple key, in the order of the default file: its place, its limits, where it goes.
//!
//! Connections and grants are tables of any name; they have their own files beside this one.

use std::net::SocketAddr;

use super::{
    Config, LogLevel, auth,
    connections::odoo_url,
    features, invoices, language_model, memory, metrics, oauth, plugins,
    raw::{Raw, shown},
    store,
    tool_settings::server_action,
    traces, trusted_proxies, usage,
};
use crate::facts::{Secret, SecretSource, nearest};

/// One key of the settings file and its variable.
pub(super) struct Key {
    /// Section and name, such as `http.listen`.
    pub(super) path: &'static str,
    pub(super) read: fn(&mut Config, Raw<'_>) -> Result<(), String>,
}

impl Key {
    /// `http.listen` is `ODOO_MCP_HTTP_LISTEN`.
    pub(super) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.path.replace('.', "_").to_ascii_uppercase())
    }
}

/// How all our variables begin.
pub(super) const PREFIX: &str = "ODOO_MCP_";

/// An hour: longer waits belong to a queue, not to a call.
const WAIT_MS_MAX: u64 = 3_600_000;
/// A service manager has killed the process long before.
const DRAIN_MS_MAX: u64 = 600_000;
/// A service manager has long begun to doubt by then.
const STORE_WAIT_MS_MAX: u64 = 600_000;
/// Odoo's own workers are fewer than that.
const PARALLEL_REQUESTS_MAX: u64 = 256;
const BYTES_MIN: u64 = 1_024;
/// One answer or body has to fit into memory several times.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;
const SESSIONS_MAX: u64 = 100_000;
/// Files stream; the disk sets the limit long before.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024 * 1024;
/// A year: this is a place for files on their way, not an archive.
const KEEP_HOURS_MAX: u64 = 366 * 24;
/// What is put into an answer is in memory several times, and read by a model.
const INLINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

const OWN_KEYS: &[Key] = &[
    Key { path: "state_dir", read: |config, raw| raw.path().map(|path| config.state_dir = path) },
    Key { path: "policy", read: |config, raw| raw.path().map(|path| config.policy = Some(path)) },
    Key { path: "key", read: read_seal_key },
    Key { path: "store", read: store::read },
    Key { path: "store_password", read: store::read_password },
    Key {
        path: "store_wait_ms",
        read: |config, raw| raw.whole(0..=STORE_WAIT_MS_MAX).map(|ms| config.store_wait_ms = ms),
    },
    Key { path: "connect.allowed_urls", read: read_allowed_urls },
    Key {
        path: "connect.any_secret_ref",
        read: |config, raw| raw.yes_or_no().map(|yes| config.connect.any_secret_ref = yes),
    },
    Key { path: "connect.os_keyring", read: read_os_keyring },
    Key { path: "sandbox_token", read: read_sandbox_token },
    Key { path: "sandbox", read: |config, raw| raw.yes_or_no().map(|yes| config.sandbox = yes) },
    Key { path: "drain_ms", read: |config, raw| raw.whole(0..=DRAIN_MS_MAX).map(|ms| config.drain_ms = ms) },
    Key { path: "http.listen", read: read_listen },
    Key {
        path: "http.allowed_hosts",
        read: |config, raw| raw.list().map(|hosts| config.http.allowed_hosts = hosts),
    },
    Key {
        path: "http.allowed_origins",
        read: |config, raw| raw.list().map(|origins| config.http.allowed_origins = origins),
    },
    Key {
        path: "http.trusted_proxies",
        read: |config, raw| {
            config.http.trusted_proxies.networks = trusted_proxies::read_networks(raw)?;
            Ok(())
        },
    },
    Key {
        path: "http.forwarded_by",
        read: |config, raw| {
            config.http.trusted_proxies.standard_header = trusted_proxies::read_header(raw)?;
            Ok(())
        },
    },
    Key {
        path: "http.body_bytes_max",
        read: |config, raw| {
            raw.whole_size(BYTES_MIN..=BYTES_MAX).map(|bytes| config.http.body_bytes_max = bytes)
        },
    },
    Key {
        path: "http.sessions_max",
        read: |config, raw| raw.whole_size(1..=SESSIONS_MAX).map(|count| config.http.sessions_max = count),
    },
    Key {
        path: "http.sessions_per_caller_max",
        read: |config, raw| {
            raw.whole_size(1..=SESSIONS_MAX).map(|count| config.http.sessions_per_caller_max = count)
        },
    },
    Key {
        path: "http.connections_max",
        read: |config, raw| raw.whole_size(1..=SESSIONS_MAX).map(|count| config.http.connections_max = count),
    },
    Key {
        path: "http.session_idle_ms",
        read: |config, raw| raw.whole(1_000..=24 * WAIT_MS_MAX).map(|ms| config.http.session_idle_ms = ms),
    },
    Key {
        path: "odoo.parallel_requests",
        read: |config, raw| {
            raw.whole_size(1..=PARALLEL_REQUESTS_MAX).map(|count| config.odoo.parallel_requests = count)
        },
    },
    Key {
        path: "odoo.connect_timeout_ms",
        read: |config, raw| raw.whole(1..=WAIT_MS_MAX).map(|ms| config.odoo.connect_timeout_ms = ms),
    },
    Key {
        path: "odoo.read_timeout_ms",
        read: |config, raw| raw.whole(1..=WAIT_MS_MAX).map(|ms| config.odoo.read_timeout_ms = ms),
    },
    Key {
        path: "odoo.total_timeout_ms",
        read: |config, raw| raw.whole(1..=WAIT_MS_MAX).map(|ms| config.odoo.total_timeout_ms = ms),
    },
    Key {
        path: "odoo.response_bytes_max",
        read: |config, raw| {
            raw.whole_size(BYTES_MIN..=BYTES_MAX).map(|bytes| config.odoo.response_bytes_max = bytes)
        },
    },
    Key {
        path: "files.file_bytes_max",
        read: |config, raw| {
            raw.whole(BYTES_MIN..=FILE_BYTES_MAX).map(|bytes| config.files.file_bytes_max = bytes)
        },
    },
    Key {
        path: "files.area_bytes_max",
        read: |config, raw| {
            raw.whole(BYTES_MIN..=FILE_BYTES_MAX).map(|bytes| config.files.area_bytes_max = bytes)
        },
    },
    Key {
        path: "files.keep_hours",
        read: |config, raw| raw.whole(1..=KEEP_HOURS_MAX).map(|hours| config.files.keep_hours = hours),
    },
    Key {
        path: "files.inline_bytes_max",
        read: |config, raw| {
            raw.whole(0..=INLINE_BYTES_MAX).map(|bytes| config.files.inline_bytes_max = bytes)
        },
    },
    Key {
        path: "modules.source_dirs",
        read: |config, raw| {
            let paths = raw.list()?.into_iter().map(Into::into).collect();
            config.tools.module_source_dirs = paths;
            Ok(())
        },
    },
    Key {
        path: "refresh.after_changes",
        read: |config, raw| raw.yes_or_no().map(|yes| config.tools.refresh.after_changes = yes),
    },
    Key { path: "refresh.server_actions", read: read_server_actions },
    Key { path: "log.level", read: read_level },
    Key { path: "log.json", read: |config, raw| raw.yes_or_no().map(|yes| config.log.json = yes) },
];

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Key> + Clone {
    OWN_KEYS
        .iter()
        .chain(auth::KEYS)
        .chain(features::KEYS)
        .chain(metrics::KEYS)
        .chain(traces::KEYS)
        .chain(oauth::KEYS)
        .chain(memory::KEYS)
        .chain(language_model::KEYS)
        .chain(plugins::KEYS)
        .chain(invoices::KEYS)
        .chain(usage::KEYS)
}

/// Variables with names of their own for some keys; our own names win over them.
pub(super) fn other_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let others = plugins::OTHER_NAMES.iter().chain(invoices::OTHER_NAMES);
    let others = others.chain(features::OTHER_NAMES).chain(traces::OTHER_NAMES);
    others.copied()
}

/// Further names that stand at the top of the file.
pub(super) const TABLES: &[&str] = &["connections", "grants"];

/// The key of that path, or the sentence that names the nearest one.
pub(super) fn find(path: &str) -> Result<&'static Key, String> {
    all().find(|key| key.path == path).ok_or_else(|| {
        let known = all().map(|key| key.path).chain(TABLES.iter().copied());
        unknown(path, known)
    })
}

/// "unknown key", with what was probably meant.
pub(super) fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone(), 1).first() {
        Some(meant) => format!("unknown key; did you mean `{meant}`?"),
        None => format!("unknown key; known are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

fn read_listen(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.http.listen = Some(listen_address(&raw.text()?)?);
    Ok(())
}

/// An address with a port. `localhost` is the one name: it needs no look-up.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric
        .parse()
        .map_err(|_| format!("`{}` is not an address and port, such as `127.0.0.1:8084`", shown(text)))
}

fn read_allowed_urls(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.connect.allowed_urls =
        raw.list()?.iter().map(|text| odoo_url(text)).collect::<Result<_, String>>()?;
    Ok(())
}

fn read_server_actions(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let actions = raw.list()?.iter().map(|text| server_action(text)).collect::<Result<_, String>>()?;
    config.tools.refresh.server_actions = actions;
    Ok(())
}

fn read_os_keyring(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.connect.os_keyring = raw.yes_or_no()?;
    if config.connect.os_keyring && cfg!(not(feature = "os-keyring")) {
        return Err("this program was built without the feature `os-keyring`".to_owned());
    }
    Ok(())
}

fn read_seal_key(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.seal_key = Some(here_or_in_file(raw, "ODOO_MCP_KEY")?);
    Ok(())
}

fn read_sandbox_token(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.sandbox_token = Some(here_or_in_file(raw, "ODOO_MCP_SANDBOX_TOKEN")?);
    Ok(())
}

/// A secret of the program itself. The variable that holds it has a fixed name; a second name for it helps
/// nobody, and a command would run before the settings are known to be good.
fn here_or_in_file(raw: Raw<'_>, variable: &str) -> Result<Secret, String> {
    match raw.secret()? {
        SecretSource::Inline(secret) => Ok(secret),
        SecretSource::File(path) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("cannot read `{}`: {}", path.display(), error.kind()))?;
            Ok(Secret::new(text.trim().to_owned()))
        }
        SecretSource::Env(_) | SecretSource::Command(_) => {
            Err(format!("write {{ file = \"PATH\" }} or set the variable `{variable}`"))
        }
    }
}

fn read_level(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let text = raw.text()?;
    config.log.level = match text.as_str() {
        "error" => LogLevel::Error,
        "warn" => LogLevel::Warn,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        other => return Err(format!("`{}` is no level; use error, warn, info or debug", shown(other))),
    };
    Ok(())
}
