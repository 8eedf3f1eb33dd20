//! Asking: one address, a key read when it is needed, limits on everything, and patience with a
//! provider that is busy.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    LanguageError, Question, Reply, Usage, anthropic::Anthropic, ollama::Ollama, openai::OpenAi, wire::Wire,
};
use crate::{
    config::{LanguageModelSettings, Provider},
    facts::{Secret, SecretSource},
};

/// Tries of one question: enough for a short rush, few enough that a call ends.
const TRIES_MAX: u32 = 4;
/// The first wait before another try; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait that a provider may ask for.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Largest answer that is read; tokens are limited, so honest ones are far smaller.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("odoo-mcp/", env!("CARGO_PKG_VERSION"));
/// What providers answer when they are busy rather than wrong.
const OVERLOADED: u16 = 529;

/// Reads the key from where it is kept, each time it is needed.
pub type KeyReader = Arc<dyn Fn(SecretSource) -> BoxFuture<'static, Result<Secret, String>> + Send + Sync>;

/// The language model of the settings.
pub struct LanguageModel {
    settings: LanguageModelSettings,
    provider: Provider,
    read_key: KeyReader,
    client: OnceLock<reqwest::Client>,
    slots: Semaphore,
}

impl std::fmt::Debug for LanguageModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LanguageModel({})", self.provider.name())
    }
}

impl LanguageModel {
    /// `None` where the operator has set none up. Nothing is sent.
    pub fn of(settings: &LanguageModelSettings, read_key: KeyReader) -> Option<Self> {
        Some(Self {
            provider: settings.provider?,
            slots: Semaphore::new(settings.parallel_requests),
            settings: settings.clone(),
            read_key,
            client: OnceLock::new(),
        })
    }

    /// The model of that name, if it may be asked; the usual one where none is named.
    pub fn model(&self, wanted: Option<&str>) -> Result<String, LanguageError> {
        let models = &self.settings.models;
        match wanted {
            None => models.first().cloned().ok_or(LanguageError::NotSetUp),
            Some(wanted) if models.iter().any(|model| model == wanted) => Ok(wanted.to_owned()),
            Some(wanted) => Err(LanguageError::NotAllowed {
                model: wanted.chars().filter(|c| !c.is_control()).take(60).collect(),
                allowed: models.clone(),
            }),
        }
    }

    pub fn provider(&self) -> &'static str {
        self.provider.name()
    }

    /// Most requests of one tool call.
    pub fn requests_max(&self) -> usize {
        self.settings.requests_max
    }

    pub fn parallel_requests(&self) -> usize {
        self.settings.parallel_requests
    }

    pub fn output_tokens_max(&self) -> u32 {
        self.settings.output_tokens_max
    }

    /// Asks one question, again where the provider is busy.
    pub async fn ask(&self, question: &Question) -> Result<Reply, LanguageError> {
        let model = self.model(question.model.as_deref())?;
        let waited_ms = self.settings.timeout_ms;
        let asking = async {
            let _slot = self.slots.acquire().await.map_err(|_| LanguageError::NotSetUp)?;
            self.ask_with_patience(question, &model).await
        };
        match tokio::time::timeout(Duration::from_millis(waited_ms), asking).await {
            Ok(answer) => answer,
            Err(_) => Err(LanguageError::Timeout { waited_ms }),
        }
    }

    async fn ask_with_patience(&self, question: &Question, model: &str) -> Result<Reply, LanguageError> {
        let tokens = question.output_tokens_max.min(self.settings.output_tokens_max);
        let wire = self.wire();
        let key = match &self.settings.key {
            Some(source) => {
                Some((self.read_key)(source.clone()).await.map_err(|why| LanguageError::Key { why })?)
            }
            None => None,
        };
        let headers = headers(wire, key.as_ref())?;
        let body = wire.body(question, model, tokens);
        let mut wait = FIRST_WAIT;
        for try_number in 1..=TRIES_MAX {
            match self.send(wire.path(), &headers, &body).await? {
                Sent::Answer(answer) => {
                    let answered = wire.answer(&answer, question, tokens)?;
                    return Ok(Reply {
                        value: answered.value,
                        usage: answered.usage,
                        model: model.to_owned(),
                    });
                }
                Sent::Busy { asked_wait } if try_number < TRIES_MAX => {
                    tokio::time::sleep(asked_wait.unwrap_or(wait).min(WAIT_MAX)).await;
                    wait *= 2;
                }
                Sent::Busy { .. } => {}
            }
        }
        Err(LanguageError::Overloaded { tries: TRIES_MAX })
    }

    async fn send(&self, path: &str, headers: &HeaderMap, body: &Value) -> Result<Sent, LanguageError> {
        let url = format!("{}{path}", self.base());
        let request = self.client()?.post(url).headers(headers.clone()).json(body);
        let mut answer = request.send().await.map_err(|error| LanguageError::Unreachable {
            why: if error.is_connect() { "no connection" } else { "the connection broke" },
        })?;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS
            || status.is_server_error()
            || status.as_u16() == OVERLOADED
        {
            let seconds = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let asked_wait = seconds.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            return Ok(Sent::Busy { asked_wait });
        }
        if !status.is_success() {
            return Err(LanguageError::Refused { status: status.as_u16() });
        }
        let mut bytes = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > ANSWER_BYTES_MAX => {
                    return Err(LanguageError::BadAnswer { why: "it is too large" });
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(_) => return Err(LanguageError::Unreachable { why: "the answer broke off" }),
            }
        }
        let answer = serde_json::from_slice(&bytes);
        answer.map(Sent::Answer).map_err(|_| LanguageError::BadAnswer { why: "it is not JSON" })
    }

    fn base(&self) -> String {
        let url = self
            .settings
            .url
            .as_ref()
            .map_or_else(|| self.provider.usual_url().to_owned(), ToString::to_string);
        url.trim_end_matches('/').to_owned()
    }

    fn wire(&self) -> &'static dyn Wire {
        match self.provider {
            Provider::Anthropic => &Anthropic,
            Provider::Ollama => &Ollama,
            Provider::OpenAi => &OpenAi,
        }
    }

    /// Never follows a redirect and uses no proxy: the key goes to the address of the settings alone.
    fn client(&self) -> Result<&reqwest::Client, LanguageError> {
        if let Some(client) = self.client.get() {
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
        Ok(self.client.get_or_init(|| client))
    }
}

enum Sent {
    Answer(Value),
    /// Try again, after as long as the provider says.
    Busy {
        asked_wait: Option<Duration>,
    },
}

fn headers(wire: &dyn Wire, key: Option<&Secret>) -> Result<HeaderMap, LanguageError> {
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

impl Usage {
    /// No question was asked.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
