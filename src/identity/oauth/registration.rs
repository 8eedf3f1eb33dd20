//! Clients that register themselves (RFC 7591): anybody may, so there are few at once, and those nobody
//! uses are soon forgotten.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    AuthorizationServer, OauthError,
    client::{Client, ClientMetadata},
};
use crate::identity::{
    failures::{WaitRule, neighbourhood},
    secrets::new_id,
};

/// Before the name of a registered client; the address of a document never begins like that.
pub(super) const ID_PREFIX: &str = "client_";
/// Whoever registers wants to ask a person next.
const UNUSED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// A client that somebody consented to is known for so long after the last consent.
const USED_FOR: SignedDuration = SignedDuration::from_hours(366 * 24);
/// Registrations from one address; behind one may be all users of a service.
pub(super) const PER_ADDRESS: WaitRule = WaitRule {
    free: 30,
    first: Duration::from_secs(60),
    longest: Duration::from_secs(60 * 60),
    forgotten_after: Duration::from_secs(60 * 60),
};

impl AuthorizationServer {
    /// Registers a client and says what it is called from now on.
    pub async fn register(&self, body: &[u8], peer: IpAddr, now: Timestamp) -> Result<Value, OauthError> {
        if !self.settings.registration {
            return Err(OauthError::new("access_denied", "clients are not registered here"));
        }
        let (from, at) = (neighbourhood(peer), Instant::now());
        if self.registrations.wait(&from, at).is_some() || self.registrations.count(from, at).is_some() {
            return Err(OauthError::slow_down());
        }
        let metadata: ClientMetadata = serde_json::from_slice(body)
            .map_err(|_| OauthError::new("invalid_client_metadata", "the body does not describe a client"))?;
        let client = Client::of(format!("{ID_PREFIX}{}", new_id()?), &metadata)?;
        let value = serde_json::to_vec(&client).map_err(|_| OauthError::unavailable())?;
        let _one_at_a_time = self.registering.lock().await;
        let clients_max = u64::try_from(self.settings.clients_max).unwrap_or(u64::MAX);
        if self.clients.count("").await? >= clients_max {
            tracing::warn!("the authorization server has no room for another client");
            return Err(OauthError::unavailable());
        }
        let until = now.checked_add(UNUSED_FOR).map_err(|_| OauthError::unavailable())?;
        if !self.clients.insert(&client.id, value, Some(until)).await? {
            return Err(OauthError::unavailable());
        }
        tracing::info!(client = client.id, name = client.name, "a client registered itself");
        Ok(json!({
            "client_id": client.id,
            "client_id_issued_at": now.as_second(),
            "client_name": client.name,
            "redirect_uris": client.redirect_uris,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            // Whatever was asked for: a program that everybody has keeps no secret.
            "token_endpoint_auth_method": "none",
        }))
    }

    /// The client of this name, registered or with a document.
    pub(super) async fn client(&self, id: &str) -> Result<Client, OauthError> {
        let unknown =
            || OauthError::client("`client_id` is not known here; the client has to register again");
        if id.starts_with(ID_PREFIX) {
            if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(unknown());
            }
            let item = self.clients.get(id).await?.ok_or_else(unknown)?;
            return serde_json::from_slice(&item.value).map_err(|_| OauthError::unavailable());
        }
        if !self.settings.client_documents {
            return Err(unknown());
        }
        self.documents.client(id, Instant::now()).await
    }

    /// Somebody consented: the client is known for longer.
    pub(super) async fn keep_client(&self, id: &str, now: Timestamp) -> Result<(), OauthError> {
        if !id.starts_with(ID_PREFIX) {
            return Ok(());
        }
        let Ok(until) = now.checked_add(USED_FOR) else { return Ok(()) };
        if let Some(item) = self.clients.get(id).await? {
            // If somebody else was faster, they did the same.
            self.clients.replace(id, item.version, item.value, Some(until)).await?;
        }
        Ok(())
    }
}
