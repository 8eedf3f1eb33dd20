//! Asking: whose key, which address, which model, and how long.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::{
    Access, LanguageError, Question, Reply, Told,
    anthropic::Anthropic,
    asking::Way,
    ollama::Ollama,
    openai::OpenAi,
    sending::{Sender, headers},
    wire::Wire,
};
use crate::{
    config::{LanguageModelSettings, Provider},
    facts::{Secret, SecretSource},
};

/// Reads the key from where it is kept, each time it is needed.
pub type KeyReader = Arc<dyn Fn(SecretSource) -> BoxFuture<'static, Result<Secret, String>> + Send + Sync>;

/// The language model of the settings.
pub struct LanguageModel {
    settings: LanguageModelSettings,
    provider: Provider,
    read_key: KeyReader,
    sender: Sender,
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
            sender: Sender::default(),
        })
    }

    /// The model of that name, if it may be asked; the usual one where none is named.
    pub fn model(&self, wanted: Option<&str>) -> Result<String, LanguageError> {
        self.model_for(wanted, &Access::usual())
    }

    fn model_for(&self, wanted: Option<&str>, access: &Access) -> Result<String, LanguageError> {
        let models = &self.settings.models;
        match wanted {
            None => models.first().cloned().ok_or(LanguageError::NotSetUp),
            Some(wanted) if access.allows(wanted) || models.iter().any(|model| model == wanted) => {
                Ok(wanted.to_owned())
            }
            Some(wanted) => Err(LanguageError::NotAllowed {
                model: wanted.chars().filter(|c| !c.is_control()).take(60).collect(),
                allowed: models.clone(),
            }),
        }
    }

    pub fn provider(&self) -> &'static str {
        self.provider.name()
    }

    /// Whether the names of Anthropic's models mean anything to this provider.
    pub fn is_anthropic(&self) -> bool {
        self.provider == Provider::Anthropic
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
        let told = self.ask_told(question, &Access::usual()).await;
        let usage = told.usage();
        Ok(Reply { value: told.outcome?, usage, model: told.model })
    }

    /// Asks one question and tells everything that it cost, however it ends.
    pub async fn ask_told(&self, question: &Question, access: &Access) -> Told {
        let mut told = Told {
            outcome: Err(LanguageError::NotSetUp),
            attempts: Vec::new(),
            model: String::new(),
            stop_reason: None,
        };
        match self.model_for(question.model.as_deref(), access) {
            Ok(model) => told.model = model,
            Err(error) => {
                told.outcome = Err(error);
                return told;
            }
        }
        let waited_ms = access.timeout_ms.unwrap_or(self.settings.timeout_ms);
        let asking = self.ask_into(question, access, &mut told);
        if tokio::time::timeout(Duration::from_millis(waited_ms), asking).await.is_err() {
            if let Some(attempt) = told.attempts.last_mut().filter(|attempt| attempt.lost) {
                attempt.duration_ms = waited_ms;
            }
            told.outcome = Err(LanguageError::Timeout { waited_ms });
        }
        told
    }

    /// Whether this question could be sent: a protocol that can carry it and a key. Nothing is sent.
    pub async fn could_ask(&self, question: &Question, access: &Access) -> Result<String, LanguageError> {
        let model = self.model_for(question.model.as_deref(), access)?;
        self.wire().check(question)?;
        self.key(access).await?;
        Ok(model)
    }

    async fn ask_into(&self, question: &Question, access: &Access, told: &mut Told) {
        match self.way(question, access).await {
            Ok(way) => match self.slots.acquire().await {
                Ok(_slot) => way.ask(question, told).await,
                Err(_) => told.outcome = Err(LanguageError::NotSetUp),
            },
            Err(error) => told.outcome = Err(error),
        }
    }

    async fn way(&self, question: &Question, access: &Access) -> Result<Way<'_>, LanguageError> {
        let wire = self.wire();
        wire.check(question)?;
        let key = self.key(access).await?;
        let most = access.output_tokens_max.unwrap_or(self.settings.output_tokens_max);
        Ok(Way {
            wire,
            sender: &self.sender,
            url: format!("{}{}", self.base(access), wire.path()),
            headers: headers(wire, key.as_ref())?,
            tokens: question.output_tokens_max.min(most),
            tokens_second: question.output_tokens_second.map(|tokens| tokens.min(most)),
        })
    }

    /// The key of the settings; without one, that of the tenant, or the one for all tenants.
    async fn key(&self, access: &Access) -> Result<Option<Secret>, LanguageError> {
        let source = match &self.settings.key {
            Some(source) => Some(source),
            None if self.is_anthropic() => {
                let tenants = &self.settings.tenants;
                Some(tenants.key(access.slug()).ok_or_else(|| no_key(access.slug()))?)
            }
            None => None,
        };
        let Some(source) = source else { return Ok(None) };
        let key = (self.read_key)(source.clone()).await.map_err(|why| LanguageError::Key { why })?;
        if key.is_empty() && self.is_anthropic() {
            return Err(LanguageError::Key { why: "it is empty".to_owned() });
        }
        Ok(Some(key))
    }

    /// A key and an address belong together: with a key of the settings, no variable moves it.
    fn base(&self, access: &Access) -> String {
        let of_variables = match &self.settings.key {
            None if self.is_anthropic() => self.settings.tenants.url(access.slug()),
            _ => None,
        };
        let url = self.settings.url.as_ref().or(of_variables);
        let url = url.map_or_else(|| self.provider.usual_url().to_owned(), ToString::to_string);
        url.trim_end_matches('/').to_owned()
    }

    fn wire(&self) -> &'static dyn Wire {
        match self.provider {
            Provider::Anthropic => &Anthropic,
            Provider::Ollama => &Ollama,
            Provider::OpenAi => &OpenAi,
        }
    }
}

fn no_key(slug: Option<&str>) -> LanguageError {
    let general = "`ANTHROPIC_API_KEY`";
    LanguageError::NoKey {
        variables: match slug {
            Some(slug) => format!("`ANTHROPIC_API_KEY_{slug}` and {general}"),
            None => general.to_owned(),
        },
    }
}
