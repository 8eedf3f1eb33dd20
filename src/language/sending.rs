//! One request there and its answer back: one address, no redirect, limits on what is read.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::{LanguageError, wire::Wire};
use crate::facts::Secret;

/// Largest answer that is read; tokens are limited, so honest ones are far smaller.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("odoo-mcp/", env!("CARGO_PKG_VERSION"));
/// What providers answer when they are busy rather than wrong.
const OVERLOADED: u16 = 529;

/// The client, made when it is first needed.
#[derive(Default)]
pub(super) struct Sender(OnceLock<reqwest::Client>);

/// What came back.
pub(super) enum Sent {
    Answer(Value),
    /// Try again, after as long as the provider says.
    Busy {
        status: u16,
        asked_wait: Option<Duration>,
    },
    /// Another answer than one of a model.
    Failed {
        status: u16,
        error: LanguageError,
    },
    /// No whole answer came. Whether the request was counted, only the provider knows, unless it
    /// never reached it.
    Lost {
        reached: bool,
        error: LanguageError,
    },
}

impl Sender {
    pub(super) async fn send(&self, url: &str, headers: &HeaderMap, body: &Bytes) -> Sent {
        let lost = |reached, why| Sent::Lost { reached, error: LanguageError::Unreachable { why } };
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => return Sent::Lost { reached: false, error },
        };
        let json = HeaderValue::from_static("application/json");
        let request = client.post(url).headers(headers.clone()).header(header::CONTENT_TYPE, json);
        let mut answer = match request.body(body.clone()).send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return lost(false, "no connection"),
            Err(_) => return lost(true, "the connection broke"),
        };
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS
            || status.is_server_error()
            || status.as_u16() == OVERLOADED
        {
            let seconds = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let asked_wait = seconds.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            return Sent::Busy { status: status.as_u16(), asked_wait };
        }
        let failed = |error| Sent::Failed { status: status.as_u16(), error };
        if !status.is_success() {
            return failed(LanguageError::Refused { status: status.as_u16() });
        }
        let mut bytes = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > ANSWER_BYTES_MAX => {
                    return failed(LanguageError::BadAnswer { why: "it is too large" });
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(_) => return lost(true, "the answer broke off"),
            }
        }
        match serde_json::from_slice(&bytes) {
            Ok(answer) => Sent::Answer(answer),
            Err(_) => failed(LanguageError::BadAnswer { why: "it is not JSON" }),
        }
    }

    /// Never follows a redirect and uses no proxy: the key goes to the address of the settings alone.
    fn client(&self) -> Result<&reqwest::Client, LanguageError> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .tls_backend_preconfigured(tls()?)
            .build()
            .map_err(|_| LanguageError::Unreachable { why: "no HTTP client can be made" })?;
        Ok(self.0.get_or_init(|| client))
    }
}

pub(super) fn headers(wire: &dyn Wire, key: Option<&Secret>) -> Result<HeaderMap, LanguageError> {
    let mut headers = HeaderMap::new();
    for (name, value) in wire.headers(key) {
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| LanguageError::Key { why: "it holds characters no key has".to_owned() })?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

/// The authorities of the system; a plain address of this machine needs none.
fn tls() -> Result<rustls::ClientConfig, LanguageError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| LanguageError::Unreachable { why: "no TLS can be spoken" })?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
