//! Clients that are known by an address: a document there says who they are and where to go back to.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;
use url::Url;

use super::{
    OauthError,
    client::{Client, ClientMetadata},
};
use crate::identity::fetch::{Reach, fetch_json};

/// Documents have a few hundred bytes; the standard suggests this limit.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024;
/// Longest address of a document.
const ADDRESS_BYTES_MAX: usize = 512;
/// A document is kept for as long as its server says, within these limits.
const KEEP_MIN: Duration = Duration::from_secs(60);
const KEEP_USUALLY: Duration = Duration::from_secs(60 * 60);
const KEEP_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Documents that are kept; when there are more, the memory starts anew.
const KEPT_MAX: usize = 256;
/// Documents that are fetched at once: strangers say from where.
const PARALLEL_FETCHES: usize = 4;

/// The documents that were fetched lately.
#[derive(Debug)]
pub(super) struct Documents {
    reach: Reach,
    kept: Mutex<HashMap<String, (Client, Instant)>>,
    fetching: Semaphore,
}

impl Documents {
    pub(super) fn new(loopback: bool) -> Self {
        let reach = if loopback { Reach::PublicAndLoopback } else { Reach::Public };
        Self { reach, kept: Mutex::default(), fetching: Semaphore::new(PARALLEL_FETCHES) }
    }

    /// The client whose document lies at this address.
    pub(super) async fn client(&self, address: &str, now: Instant) -> Result<Client, OauthError> {
        let url = self.read_address(address).ok_or_else(|| {
            OauthError::client("`client_id` is neither a registered client nor the address of a document")
        })?;
        if let Some(client) = self.kept(address, now) {
            return Ok(client);
        }
        let Ok(_place) = self.fetching.try_acquire() else { return Err(OauthError::unavailable()) };
        let fetched = fetch_json(&url, self.reach, None, DOCUMENT_BYTES_MAX).await.map_err(|error| {
            OauthError::new("invalid_client", format!("the document at `client_id` cannot be read: {error}"))
        })?;
        let metadata: ClientMetadata = serde_json::from_slice(&fetched.bytes)
            .map_err(|_| OauthError::client("the document at `client_id` does not describe a client"))?;
        if metadata.client_id.as_deref() != Some(address) {
            return Err(OauthError::client("the document at `client_id` is about another client"));
        }
        if metadata.wants_secret() {
            return Err(OauthError::client("a client with a document has no secret"));
        }
        let client = Client::of(address.to_owned(), &metadata)
            .map_err(|error| OauthError::new("invalid_client", error.description))?;
        let keep = fetched.max_age.unwrap_or(KEEP_USUALLY).clamp(KEEP_MIN, KEEP_MAX);
        self.keep(client.clone(), now, keep);
        Ok(client)
    }

    /// The address, if it is one of a document: with a path, and written in one way only.
    fn read_address(&self, address: &str) -> Option<Url> {
        if address.len() > ADDRESS_BYTES_MAX || address.contains(['#', '?', '\\']) {
            return None;
        }
        let url = Url::parse(address).ok()?;
        let scheme_fits = url.scheme() == "https" || self.reach == Reach::PublicAndLoopback;
        // What the parser had to mend is written differently elsewhere.
        let as_written = url.as_str() == address && url.path() != "/";
        (scheme_fits && as_written && url.username().is_empty() && url.password().is_none()).then_some(url)
    }

    fn kept(&self, address: &str, now: Instant) -> Option<Client> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(address).filter(|(_, until)| now < *until).map(|(client, _)| client.clone())
    }

    fn keep(&self, client: Client, now: Instant, time: Duration) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(client.id.clone(), (client, now + time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_in_one_way() {
        let check = |address: &str, usable: bool| {
            assert_eq!(Documents::new(false).read_address(address).is_some(), usable, "{address}");
        };
        check("https://client.example.com/id.json", true);
        check("https://client.example.com/oauth/", true);
        check("https://client.example.com/", false);
        check("https://client.example.com", false);
        check("https://client.example.com/id.json?x=1", false);
        check("https://client.example.com/id.json#x", false);
        check("https://client.example.com/a/../id.json", false);
        check("https://client.example.com/./id.json", false);
        check("https://CLIENT.example.com/id.json", false);
        check("https://client.example.com:443/id.json", false);
        check("https://user@client.example.com/id.json", false);
        check("http://client.example.com/id.json", false);
        check("http://127.0.0.1/id.json", false);
        check("registered-client", false);
        check("", false);
        assert!(Documents::new(true).read_address("http://127.0.0.1:8/id.json").is_some());
    }

    #[tokio::test]
    async fn nobody_is_sent_into_our_own_network() {
        let documents = Documents::new(false);
        for address in [
            "https://127.0.0.1/id.json",
            "https://10.0.0.1/id.json",
            "https://169.254.169.254/latest/meta-data",
            "https://localhost/id.json",
            "https://intranet/id.json",
            "https://[::1]/id.json",
        ] {
            let error = documents.client(address, Instant::now()).await.unwrap_err();
            assert_eq!(error.code, "invalid_client", "{address}");
            assert!(error.description.contains("not allowed"), "{error}");
        }
    }
}
