//! The language model that tools may ask: none, unless the operator names one.

use std::net::IpAddr;

use url::{Host, Url};

use super::{Config, TenantKeys, keys::Key, raw::Raw};
use crate::facts::SecretSource;

/// Where a language model is, and how much of it one call may use.
#[derive(Debug, Clone)]
pub struct LanguageModelSettings {
    /// Without one nothing is ever asked, and no text leaves this process and Odoo.
    pub provider: Option<Provider>,
    /// `None` means the usual address of the provider.
    pub url: Option<Url>,
    pub key: Option<SecretSource>,
    /// Keys and addresses of tenants, where there is no key above.
    pub tenants: TenantKeys,
    /// The only models that may be asked; the first is the usual one.
    pub models: Vec<String>,
    pub output_tokens_max: u32,
    /// Longest wait for one answer.
    pub timeout_ms: u64,
    /// Most requests of one tool call.
    pub requests_max: usize,
    /// Requests at once.
    pub parallel_requests: usize,
}

/// Who speaks at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Anthropic's Messages API.
    Anthropic,
    /// A server of Ollama.
    Ollama,
    /// Any server with the chat completions of OpenAI.
    OpenAi,
}

impl Default for LanguageModelSettings {
    fn default() -> Self {
        Self {
            provider: None,
            url: None,
            key: None,
            tenants: TenantKeys::default(),
            models: Vec::new(),
            // A page of text in one answer; longer work is asked for in pieces.
            output_tokens_max: 8_192,
            timeout_ms: 180_000,
            requests_max: 20,
            parallel_requests: 2,
        }
    }
}

impl Provider {
    /// Where it is usually found.
    pub fn usual_url(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com",
            Self::Ollama | Self::OpenAi => "http://127.0.0.1:11434",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
            Self::OpenAi => "openai",
        }
    }
}

/// Models of one list.
const MODELS_MAX: usize = 50;
/// Longest name of a model.
const MODEL_CHARS_MAX: usize = 100;
const TOKENS_MAX: u64 = 200_000;
const WAIT_MS_MAX: u64 = 3_600_000;
const REQUESTS_MAX: u64 = 10_000;
const PARALLEL_MAX: u64 = 64;

pub(super) const KEYS: &[Key] = &[
    Key { path: "language_model.provider", read: read_provider },
    Key { path: "language_model.url", read: read_url },
    Key {
        path: "language_model.key",
        read: |config, raw| raw.secret().map(|key| config.language_model.key = Some(key)),
    },
    Key { path: "language_model.models", read: read_models },
    Key {
        path: "language_model.output_tokens_max",
        read: |config, raw| {
            let tokens = raw.whole(100..=TOKENS_MAX)?;
            config.language_model.output_tokens_max = u32::try_from(tokens).unwrap_or(u32::MAX);
            Ok(())
        },
    },
    Key {
        path: "language_model.timeout_ms",
        read: |config, raw| raw.whole(100..=WAIT_MS_MAX).map(|ms| config.language_model.timeout_ms = ms),
    },
    Key {
        path: "language_model.requests_max",
        read: |config, raw| {
            raw.whole_size(1..=REQUESTS_MAX).map(|count| config.language_model.requests_max = count)
        },
    },
    Key {
        path: "language_model.parallel_requests",
        read: |config, raw| {
            raw.whole_size(1..=PARALLEL_MAX).map(|count| config.language_model.parallel_requests = count)
        },
    },
];

fn read_provider(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.language_model.provider = match raw.text()?.as_str() {
        "" | "none" => None,
        "anthropic" => Some(Provider::Anthropic),
        "ollama" => Some(Provider::Ollama),
        "openai" => Some(Provider::OpenAi),
        _ => return Err("use none, anthropic, ollama or openai".to_owned()),
    };
    Ok(())
}

/// Texts of records and the key go there, so nobody may listen on the way.
fn read_url(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    config.language_model.url = Some(private_url(&raw.text()?)?);
    Ok(())
}

pub(super) fn private_url(text: &str) -> Result<Url, String> {
    let url = super::odoo_url(text)?;
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err("an address with `https` was expected, or `http` on this machine".to_owned());
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn read_models(config: &mut Config, raw: Raw<'_>) -> Result<(), String> {
    let models = raw.list()?;
    let is_name = |name: &String| {
        (1..=MODEL_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    if models.len() > MODELS_MAX || !models.iter().all(is_name) {
        return Err(format!("up to {MODELS_MAX} names of models were expected"));
    }
    config.language_model.models = models;
    Ok(())
}
