//! The password of an Odoo user, checked by that Odoo: with a client of its own that is thrown away.
//!
//! The connection gives address, database and trust; the caller gives a login and a password, and
//! never an address.

use std::sync::Arc;

use serde_json::{Value, json};

use super::people::PeopleError;
use crate::{
    facts::{
        ConnectionAlias, Credential, Definition, Limits, MethodName, ModelName, Protocol, Secret,
        SecretSource,
    },
    odoo::{Call, Connections, OdooClient, OdooError},
};

/// A login takes moments, or the Odoo is not well.
const LOGIN_TIMEOUT_MS: u64 = 20_000;
const LOGIN_CHARS_MAX: usize = 128;

/// Somebody who works in that Odoo.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OdooUser {
    pub(super) uid: i64,
    pub(super) login: String,
}

/// Asks the Odoo of this connection. `None`: not this password, not a user who works there, or one who
/// signs in with a second factor, which only the Odoo itself can ask for.
pub(super) async fn check(
    connections: &Connections,
    alias: &ConnectionAlias,
    login: &str,
    password: &Secret,
) -> Result<Option<OdooUser>, PeopleError> {
    let is_login =
        (1..=LOGIN_CHARS_MAX).contains(&login.chars().count()) && !login.chars().any(char::is_control);
    if !is_login || password.is_empty() {
        return Ok(None);
    }
    let shared = connections.get(alias).map_err(|error| refused(alias, &error))?;
    let definition = Definition {
        username: login.to_owned(),
        credential: Credential::Password(SecretSource::Inline(password.clone())),
        // Over this route no web session is left behind, and a second factor is not passed over.
        protocol: Protocol::JsonRpc,
        ..shared.definition().clone()
    };
    let limits = Limits {
        connect_timeout_ms: LOGIN_TIMEOUT_MS,
        read_timeout_ms: LOGIN_TIMEOUT_MS,
        total_timeout_ms: LOGIN_TIMEOUT_MS,
        ..Limits::default()
    };
    let client = OdooClient::new(Arc::new(definition), limits);
    let uid = match client.sign_in().await {
        Ok(signed_in) => signed_in.uid,
        Err(OdooError::AuthFailed { .. }) => return Ok(None),
        Err(error) => return Err(refused(alias, &error)),
    };
    // Customers with a login of the web shop are users, too; they may not even read this.
    let own = Call::new(&ModelName::known("res.users"), MethodName::known("read"))
        .on(&[uid])
        .arg("fields", json!(["login", "share"]));
    let Ok(rows) = client.call(own).await else { return Ok(None) };
    let row = rows.get(0);
    let field = |name: &str| row.and_then(|row| row.get(name));
    let works_there = field("share").and_then(Value::as_bool) == Some(false);
    let login = field("login").and_then(Value::as_str);
    Ok(login.filter(|_| works_there).map(|login| OdooUser { uid, login: login.to_owned() }))
}

/// The page says only that it did not work; the log says why.
fn refused(alias: &ConnectionAlias, error: &OdooError) -> PeopleError {
    tracing::warn!(connection = %alias, code = error.code(), "an Odoo could not check a password");
    PeopleError::Refused("this Odoo does not answer at the moment; try again later".to_owned())
}
