//! The built-in authorization server (OAuth 2.1): what it decides. Its pages are in the transport.
//!
//! A client asks, a person who is signed in consents, a code goes back, the code becomes tokens. Clients
//! keep no secrets here, so each request is bound to a verifier that only its sender knows (PKCE), and a
//! code goes only to an address that the client named before. Everything is kept in the cabinet; if it
//! cannot be reached, nothing is given out and nobody is let in.

mod client;
mod consent;
mod documents;
mod error;
mod exchange;
mod family;
mod grants;
mod metadata;
mod parameters;
mod pkce;
mod redirect;
mod registration;
mod request;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use jiff::Timestamp;

pub(super) use self::client::is_invisible;
use self::documents::Documents;
pub use self::{
    error::OauthError,
    grants::{ClientGrant, ClientGrants},
    metadata::resource_metadata,
    parameters::Parameters,
    request::{AuthorizationRequest, RequestRefused},
};
use super::{
    failures::{Failures, TOKENS_OF_ADDRESS},
    people::{People, PeopleError},
};
use crate::{
    config::{OauthSettings, PublicUrl},
    store::{Cabinet, Drawer},
};

/// The authorization server of one public address.
#[derive(Debug)]
pub struct AuthorizationServer {
    public: PublicUrl,
    settings: OauthSettings,
    people: People,
    clients: Drawer,
    questions: Drawer,
    codes: Drawer,
    grants: ClientGrants,
    tokens: Drawer,
    documents: Documents,
    registrations: Failures<IpAddr>,
    failures: Failures<IpAddr>,
    registering: tokio::sync::Mutex<()>,
}

impl AuthorizationServer {
    /// The server of these settings, if they switch it on.
    pub fn of(
        settings: &OauthSettings,
        public: PublicUrl,
        cabinet: &Cabinet,
        people: People,
    ) -> Option<Self> {
        settings.enabled.then(|| Self {
            public,
            settings: settings.clone(),
            people,
            clients: cabinet.drawer(CLIENTS),
            questions: cabinet.drawer(QUESTIONS),
            codes: cabinet.drawer(CODES),
            grants: ClientGrants::new(cabinet),
            tokens: cabinet.drawer(TOKENS),
            documents: Documents::new(settings.loopback_documents),
            registrations: Failures::under(registration::PER_ADDRESS),
            failures: Failures::under(TOKENS_OF_ADDRESS),
            registering: tokio::sync::Mutex::default(),
        })
    }

    /// The address by which clients know this server, and the issuer of its tokens.
    pub fn public(&self) -> &PublicUrl {
        &self.public
    }

    /// Which clients which accounts let in.
    pub fn grants(&self) -> &ClientGrants {
        &self.grants
    }

    pub fn people(&self) -> &People {
        &self.people
    }
}

const CLIENTS: &str = "oauth-clients";
const QUESTIONS: &str = "oauth-questions";
const CODES: &str = "oauth-codes";
const FAMILIES: &str = "oauth-families";
const INDEX: &str = "oauth-index";
const TOKENS: &str = "oauth-tokens";

/// Throws away what is over, whether the server is switched on or not any more.
///
/// # Errors
///
/// If the store cannot be reached.
pub async fn sweep(cabinet: &Cabinet, now: Timestamp) -> Result<(), PeopleError> {
    for drawer in [CLIENTS, QUESTIONS, CODES, FAMILIES, INDEX, TOKENS] {
        cabinet.drawer(drawer).sweep(now).await?;
    }
    Ok(())
}
