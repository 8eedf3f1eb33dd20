//! Where the keys of a provider are, and fetching them.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use url::Url;

use super::{
    jwk::{self, Key},
    keys::Source,
};
use crate::{
    config::{OpenIdSettings, is_loopback},
    identity::fetch::{FetchError, Reach, fetch_json},
};

/// The largest of these documents have some twenty kilobytes.
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

#[derive(Debug)]
pub(super) struct Provider {
    issuer: String,
    jwks_url: Option<Url>,
    ca_file: Option<PathBuf>,
}

/// What we need of a provider's description of itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Provider {
    pub(super) fn new(issuer: &str, settings: &OpenIdSettings) -> Self {
        Self {
            issuer: issuer.to_owned(),
            jwks_url: settings.jwks_url.clone(),
            ca_file: settings.ca_file.clone(),
        }
    }

    async fn keys(&self) -> Result<Vec<Key>, String> {
        let address = match &self.jwks_url {
            Some(address) => address.clone(),
            None => self.discover().await?,
        };
        let bytes = self.read(&address).await.map_err(|error| format!("the key set: {error}"))?;
        let keys = jwk::read_set(&bytes).ok_or("what came is no key set")?;
        if keys.is_empty() { Err("no key of the set is of use".to_owned()) } else { Ok(keys) }
    }

    /// The address of the keys, as the provider says itself.
    async fn discover(&self) -> Result<Url, String> {
        let address = format!("{}{DISCOVERY_PATH}", self.issuer.trim_end_matches('/'));
        let address = Url::parse(&address).map_err(|_| "its address cannot be read")?;
        let bytes = self.read(&address).await.map_err(|error| format!("the description: {error}"))?;
        let found: Discovery =
            serde_json::from_slice(&bytes).map_err(|_| "the description lacks `issuer` or `jwks_uri`")?;
        // Somebody else's description would bring somebody else's keys.
        if found.issuer != self.issuer {
            return Err("the description is that of another issuer".to_owned());
        }
        let keys = Url::parse(&found.jwks_uri).map_err(|_| "`jwks_uri` is no address")?;
        let safe = keys.scheme() == "https"
            || (keys.scheme() == "http" && is_loopback(&keys) && is_loopback(&address));
        if safe { Ok(keys) } else { Err("`jwks_uri` is not an `https` address".to_owned()) }
    }

    async fn read(&self, address: &Url) -> Result<Vec<u8>, FetchError> {
        let fetched =
            fetch_json(address, Reach::Anywhere, self.ca_file.as_deref(), DOCUMENT_BYTES_MAX).await?;
        Ok(fetched.bytes)
    }
}

impl Source for Provider {
    fn fetch(&self) -> BoxFuture<'_, Result<Vec<Key>, String>> {
        Box::pin(self.keys())
    }
}
