//! What is shown of a user's connections: everything but secrets.

use schemars::JsonSchema;
use serde::Serialize;

use super::{super::overview, OwnEntry};
use crate::{
    facts::ConnectionAlias,
    odoo::{OdooError, connections::Connections},
};

/// A connection of the caller's own.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OwnRow {
    /// The name that calls use.
    pub alias: ConnectionAlias,
    /// Address of the server.
    pub url: String,
    /// Database.
    pub db: String,
    /// Login name.
    pub user: String,
    /// It is the one that calls mean when they name none.
    pub active: bool,
    /// Wanted wire protocol.
    pub protocol: super::super::ProtocolName,
    /// Whom the connection believes: `system`, `ca_file`, `pinned`; `none` for plain http.
    pub trust: &'static str,
    /// An API key is used.
    pub has_api_key: bool,
    /// A password is used.
    pub has_password: bool,
    /// Where the secret is: `sealed`, `env`, `file` or `command`.
    pub secret: &'static str,
    /// This process is signed in.
    pub signed_in: bool,
    /// Code and text of the last failure, if the last request failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When the login was last seen to work.
    pub tested_at: String,
    /// A shared connection has the same name now, so this one is not used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub name_is_taken: bool,
    /// User and machine of the `ssh` section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh: Option<String>,
    /// Address of the `portainer` section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portainer: Option<String>,
    /// Login of the `web` section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_login: Option<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct OwnState {
    pub connections: Vec<OwnRow>,
    /// May be a shared one.
    pub active: Option<ConnectionAlias>,
}

impl Connections {
    pub(in crate::odoo::connections) fn own_state(&self) -> Result<OwnState, OdooError> {
        let Some(own) = &self.own else { return Ok(OwnState::default()) };
        let active = own.active().cloned();
        let rows = own.set.entries.iter().map(|(alias, entry)| {
            let is_active = active.as_ref() == Some(alias);
            Ok(row(entry, is_active, self.has_shared(alias)?))
        });
        Ok(OwnState { connections: rows.collect::<Result<_, OdooError>>()?, active })
    }
}

impl Connections {
    /// The user's own connections as rows beside the shared ones.
    pub(in crate::odoo::connections) fn own_rows(&self) -> Vec<overview::Row> {
        let entries = self.own.iter().flat_map(|own| own.set.entries.iter());
        let row = |(alias, entry): (&ConnectionAlias, &std::sync::Arc<OwnEntry>)| {
            let mut row =
                overview::saved_row(&entry.record.saved, entry.client.get().map(|client| &**client));
            row.origin = "personal";
            row.shadowed = self.has_shared(alias).unwrap_or(true);
            row
        };
        entries.map(row).collect()
    }
}

fn row(entry: &OwnEntry, active: bool, name_is_taken: bool) -> OwnRow {
    let record = &entry.record;
    let shown = overview::saved_row(&record.saved, entry.client.get().map(|client| &**client));
    OwnRow {
        alias: shown.alias,
        url: shown.url,
        db: shown.db,
        user: shown.username,
        active,
        protocol: shown.protocol,
        trust: shown.trust,
        has_api_key: shown.has_api_key,
        has_password: shown.has_password,
        secret: shown.secret,
        signed_in: shown.signed_in,
        last_error: shown.last_error,
        tested_at: format!("{:.0}", record.tested_at),
        name_is_taken,
        ssh: record.ssh.as_ref().map(|ssh| format!("{}@{}:{}", ssh.user, ssh.host, ssh.port)),
        portainer: record.portainer.as_ref().map(|portainer| portainer.url.clone()),
        web_login: record.web.as_ref().map(|web| web.login.clone()),
    }
}
