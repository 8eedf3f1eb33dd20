//! What `odoo_connections` shows: everything but secrets.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::{
    Connections, ProtocolName,
    record::{CredentialKind, SavedConnection, SavedSecret},
    shelf,
};
use crate::{
    facts::{ConnectionAlias, Credential, Definition, Origin, SecretSource, Trust},
    odoo::{ClientState, OdooClient, OdooError, SignIn, VersionState, tls::fingerprint},
};

/// A person is waiting for the table.
const CHECK_TIME: Duration = Duration::from_secs(10);
/// Enough to be quick, few enough not to look like an attack.
const CHECKS_AT_ONCE: usize = 16;

/// All connections.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Overview {
    /// One row per connection, sorted by alias.
    pub connections: Vec<Row>,
    /// Why saved connections are missing, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One connection.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    /// The name that calls use.
    pub alias: ConnectionAlias,
    /// Address of the server.
    pub url: String,
    /// Database.
    pub db: String,
    /// Login name.
    pub username: String,
    /// Wanted wire protocol.
    pub protocol: ProtocolName,
    /// Route the calls take, once it is known: `session`, `json2`, `jsonrpc` or `xmlrpc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<&'static str>,
    /// Whom the connection believes: `system`, `ca_file`, `pinned`; `none` for plain http.
    pub trust: &'static str,
    /// SHA-256 of the pinned public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// An API key is used.
    pub has_api_key: bool,
    /// A password is used.
    pub has_password: bool,
    /// Where the secret is: `sealed`, `settings`, `env`, `file` or `command`.
    pub secret: &'static str,
    /// Where the connection is defined: `environment`, `settings`, `saved`, `sandbox`, or `personal` for one of
    /// your own.
    pub origin: &'static str,
    /// Whether the server's version is `known`, `unknown` or `unreachable`; absent before the first request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_state: Option<&'static str>,
    /// The server's version, such as `19.0`, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// This process is signed in.
    pub signed_in: bool,
    /// Code and text of the last failure, if the last request failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// True for a saved connection that one of the environment or the settings hides.
    pub shadowed: bool,
    /// Outcome of the test, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckResult>,
}

/// Outcome of a login test; after `failed`, `last_error` says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    Ok,
    Failed,
}

impl Connections {
    pub(super) async fn overview(&self, check: bool) -> Overview {
        let mut rows: Vec<Row> = self.fixed_clients().iter().map(fixed_row).collect();
        let mut problem = None;
        if let Some(saved) = &self.shelf {
            let (entries, why) = saved.entries();
            problem = why.map(|why| shelf::unusable(&why).to_string());
            for entry in entries {
                let mut row = saved_row(&entry.record, entry.client.as_deref());
                row.shadowed = self.fixed_client(&entry.record.alias).is_some();
                rows.push(row);
            }
        }
        rows.extend(self.own_rows());
        rows.sort_by(|a, b| a.alias.cmp(&b.alias).then(a.shadowed.cmp(&b.shadowed)));
        if check {
            rows = stream::iter(rows).map(|row| self.tested(row)).buffered(CHECKS_AT_ONCE).collect().await;
        }
        Overview { connections: rows, problem }
    }

    /// The row after a login test. A hidden connection is never used, so it is not tested either.
    async fn tested(&self, mut row: Row) -> Row {
        if row.shadowed {
            return row;
        }
        let outcome = match self.get(&row.alias) {
            // A client of its own: one that is signed in already would not ask the server again.
            Ok(client) => {
                let fresh = OdooClient::new(Arc::new(client.definition().clone()), self.limits);
                let signed_in = tokio::time::timeout(CHECK_TIME, fresh.sign_in()).await;
                signed_in.unwrap_or_else(|_| {
                    Err(OdooError::Timeout { connection: row.alias.clone(), what: "the login" })
                })
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(sign_in) => {
                show_server(&mut row, &sign_in);
                row.last_error = None;
                row.check = Some(CheckResult::Ok);
            }
            Err(error) => {
                row.last_error = Some(format!("{}: {error}", error.code()));
                row.check = Some(CheckResult::Failed);
            }
        }
        row
    }
}

fn fixed_row(client: &Arc<OdooClient>) -> Row {
    let definition = client.definition();
    let (is_key, source) = match &definition.credential {
        Credential::ApiKey(source) => (true, source),
        Credential::Password(source) => (false, source),
    };
    let secret = match source {
        SecretSource::Inline(_) => "settings",
        SecretSource::Env(_) => "env",
        SecretSource::File(_) => "file",
        SecretSource::Command(_) => "command",
    };
    let mut row = Row {
        alias: definition.alias.clone(),
        url: shown_url(&definition.url),
        db: definition.db.clone(),
        username: definition.username.clone(),
        protocol: definition.protocol.into(),
        route: None,
        trust: shown_trust(definition),
        pin: pin_of(&definition.trust),
        has_api_key: is_key,
        has_password: !is_key,
        secret,
        origin: origin_name(definition.origin),
        version_state: None,
        version: None,
        signed_in: false,
        last_error: None,
        shadowed: false,
        check: None,
    };
    show_state(&mut row, &client.state());
    row
}

pub(super) fn saved_row(record: &SavedConnection, client: Option<&OdooClient>) -> Row {
    let is_key = record.credential.kind == CredentialKind::ApiKey;
    let trust = record.trust().ok();
    let is_plain = record.url.starts_with("http:");
    let mut row = Row {
        alias: record.alias.clone(),
        url: record.url.trim_end_matches('/').to_owned(),
        db: record.db.clone(),
        username: record.username.clone(),
        protocol: record.protocol,
        route: None,
        trust: trust.as_ref().filter(|_| !is_plain).map_or("none", trust_name),
        pin: trust.as_ref().and_then(pin_of),
        has_api_key: is_key,
        has_password: !is_key,
        secret: match &record.credential.secret {
            SavedSecret::Sealed(_) => "sealed",
            SavedSecret::Env(_) => "env",
            SavedSecret::File(_) => "file",
            SavedSecret::Command(_) => "command",
        },
        origin: origin_name(Origin::Saved),
        version_state: None,
        version: None,
        signed_in: false,
        last_error: None,
        shadowed: false,
        check: None,
    };
    if let Some(client) = client {
        show_state(&mut row, &client.state());
    }
    row
}

fn show_state(row: &mut Row, state: &ClientState) {
    row.route = state.route.map(|route| route.as_str());
    row.last_error = state.last_error.as_ref().map(|(code, message)| format!("{code}: {message}"));
    if let Some(sign_in) = &state.signed_in {
        row.signed_in = true;
        show_server(row, sign_in);
    }
}

fn show_server(row: &mut Row, sign_in: &SignIn) {
    row.route = Some(sign_in.route.as_str());
    row.version_state = Some(version_state(&sign_in.version));
    row.version = Some(sign_in.version.text().to_owned());
}

/// The three states of a version, in a word.
pub(super) fn version_state(version: &VersionState) -> &'static str {
    match version {
        VersionState::Known(_) => "known",
        VersionState::Unknown { .. } => "unknown",
        VersionState::Unreachable { .. } => "unreachable",
    }
}

fn shown_trust(definition: &Definition) -> &'static str {
    if definition.url.scheme() == "https" { trust_name(&definition.trust) } else { "none" }
}

/// A kind of trust, in a word.
pub(super) fn trust_name(trust: &Trust) -> &'static str {
    match trust {
        Trust::System => "system",
        Trust::CaFile(_) => "ca_file",
        Trust::Pinned(_) => "pinned",
    }
}

fn pin_of(trust: &Trust) -> Option<String> {
    match trust {
        Trust::Pinned(pin) => Some(fingerprint(&pin.spki_sha256)),
        Trust::System | Trust::CaFile(_) => None,
    }
}

fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Environment => "environment",
        Origin::Settings => "settings",
        Origin::Saved => "saved",
        Origin::Sandbox => "sandbox",
        Origin::Own => "personal",
    }
}

/// An address as people write it: without a slash at the end.
pub(super) fn shown_url(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
