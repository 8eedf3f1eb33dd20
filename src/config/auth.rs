//! Who may use this server over HTTP, beyond the tokens of `[[grants]]`, and for how long.

use url::{Host, Url};

use super::{
    Config,
    keys::Key,
    raw::{Raw, shown},
};
use crate::facts::{ConnectionAlias, GrantName};

/// Accounts, personal access tokens and signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSettings {
    /// `None` means: as soon as there is an account, or another way to sign in.
    pub enabled: Option<bool>,
    /// Connections whose Odoo users may sign in with their Odoo login.
    pub odoo_connections: Vec<ConnectionAlias>,
    /// The grant of everybody whose account names none. Without it a local account has the grant of its
    /// own name, and an Odoo user that of their connection.
    pub grant: Option<GrantName>,
    /// A personal access token is good for so many days if nobody says otherwise.
    pub token_days: u64,
    /// Nobody may make one that is good for longer.
    pub token_days_max: u64,
    /// Somebody who signed in is signed out after so many minutes without a request.
    pub session_idle_minutes: u64,
    /// Somebody who signed in has to do so again after so many hours.
    pub session_hours_max: u64,
}

/// A quarter: what nobody uses any more ends soon enough.
const TOKEN_DAYS: u64 = 90;
const TOKEN_DAYS_MAX: u64 = 366;
/// Ten years.
const TOKEN_DAYS_LIMIT: u64 = 3_660;
/// Lunch.
const SESSION_IDLE_MINUTES: u64 = 60;
/// A working day.
const SESSION_HOURS_MAX: u64 = 12;
const MINUTES_LIMIT: u64 = 24 * 60;
const HOURS_LIMIT: u64 = 30 * 24;
const CONNECTIONS_MAX: usize = 100;

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            enabled: None,
            odoo_connections: Vec::new(),
            grant: None,
            token_days: TOKEN_DAYS,
            token_days_max: TOKEN_DAYS_MAX,
            session_idle_minutes: SESSION_IDLE_MINUTES,
            session_hours_max: SESSION_HOURS_MAX,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "auth.enabled",
        read: |config, raw| raw.yes_or_no().map(|yes| config.auth.enabled = Some(yes)),
    },
    Key { path: "auth.odoo_connections", read: read_connections },
    Key { path: "auth.grant", read: read_grant },
    Key {
        path: "auth.token_days",
        read: |config, raw| raw.whole(1..=TOKEN_DAYS_LIMIT).map(|days| config.auth.token_days = days),
    },
    Key {
        path: "auth.token_days_max",
        read: |config, raw| raw.whole(1..=TOKEN_DAYS_LIMIT).map(|days| config.auth.token_days_max = days),
    },
    Key {
        path: "auth.session_idle_minutes",
        read: |config, raw| {
            raw.whole(1..=MINUTES_LIMIT).map(|minutes| config.auth.session_idle_minutes = minutes)
        },
    },
    Key {
        path: "auth.session_hours_max",
        read: |config, raw| raw.whole(1..=HOURS_LIMIT).map(|hours| config.auth.session_hours_max = hours),
    },
    Key { path: "http.public_url", read: read_public_url },
];

fn read_connections(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let names = raw.list()?;
    if names.len() > CONNECTIONS_MAX {
        return Err(format!("up to {CONNECTIONS_MAX} connections were expected"));
    }
    let aliases = names.iter().map(|name| ConnectionAlias::parse(name).map_err(|error| error.to_string()));
    config.auth.odoo_connections = aliases.collect::<Result<_, String>>()?;
    Ok(())
}

fn read_grant(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.auth.grant = Some(GrantName::parse(&raw.text()?).map_err(|error| error.to_string())?);
    Ok(())
}

/// Where people reach this server: an origin and nothing behind it.
fn read_public_url(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let text = raw.text()?;
    let refused = || {
        format!(
            "`{}` is not the address of this server, such as `https://mcp.example.com`; plain http is for this \
             machine only, and nothing may stand behind the host",
            shown(&text)
        )
    };
    let url = Url::parse(&text).map_err(|_| refused())?;
    let on_this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(refused()),
    };
    let is_origin = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && on_this_machine);
    if !is_origin || !is_safe {
        return Err(refused());
    }
    config.http.public_url = Some(url);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(path: &str, text: &str) -> Result<Config, String> {
        let mut config = Config::with_state_dir(PathBuf::from("state"));
        let key = KEYS.iter().find(|key| key.path == path).unwrap();
        (key.read)(&mut config, Raw::Text(text)).map(|()| config)
    }

    #[test]
    fn the_address_of_the_server_is_an_origin() {
        for good in ["https://mcp.example.com", "https://mcp.example.com:8443/", "http://127.0.0.1:8084"] {
            assert!(read("http.public_url", good).unwrap().http.public_url.is_some(), "{good}");
        }
        for bad in [
            "",
            "mcp.example.com",
            "http://mcp.example.com",
            "https://mcp.example.com/path",
            "https://mcp.example.com/?a=b",
            "https://mcp.example.com/#a",
            "https://anna@mcp.example.com",
            "ftp://localhost",
            "javascript:alert(1)",
        ] {
            read("http.public_url", bad).unwrap_err();
        }
    }

    #[test]
    fn names_and_times_are_checked() {
        let config = read("auth.odoo_connections", "default, second").unwrap();
        assert_eq!(config.auth.odoo_connections.len(), 2);
        assert_eq!(read("auth.enabled", "no").unwrap().auth.enabled, Some(false));
        assert_eq!(read("auth.grant", "office").unwrap().auth.grant.unwrap().as_str(), "office");
        for (path, bad) in [
            ("auth.odoo_connections", "https://odoo.example.com"),
            ("auth.odoo_connections", ".."),
            ("auth.grant", "two words"),
            ("auth.grant", ""),
            ("auth.enabled", "perhaps"),
            ("auth.token_days", "0"),
            ("auth.token_days_max", "100000"),
            ("auth.session_idle_minutes", "-1"),
            ("auth.session_hours_max", "721"),
        ] {
            read(path, bad).unwrap_err();
        }
    }
}
