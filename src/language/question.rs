//! What is asked and what comes back, whoever answers.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LanguageError;

/// One question with one answer of a given shape.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// One of the models that may be asked; the first of the settings where none is named.
    pub model: Option<String>,
    /// What the model is told to do, by this program.
    pub instructions: String,
    /// What was said before: what a user said and what the assistant answered, in pairs.
    pub turns_before: Vec<(String, String)>,
    /// Files that the model is shown before the text.
    pub documents: Vec<Document>,
    /// What it is to do it with. It may hold text of anybody.
    pub text: String,
    /// What the answer is called, in letters and underscores.
    pub answer_name: &'static str,
    /// The JSON schema of the answer: an object.
    pub answer_schema: Value,
    /// Most tokens of the answer; the settings may allow fewer.
    pub output_tokens_max: u32,
    /// Where an answer is cut off, it is asked for once more with so many tokens.
    pub output_tokens_second: Option<u32>,
    pub caching: Caching,
}

/// A file that the model is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// `application/pdf` or a kind of picture.
    pub mime_type: String,
    pub bytes: Arc<[u8]>,
    /// How people call it; nothing is done with it but showing it.
    pub name: Option<String>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({}, {} bytes)", self.mime_type, self.bytes.len())
    }
}

/// Which parts of a question a provider is asked to keep for the next one, where it can.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caching {
    pub instructions: bool,
    pub turns_before: bool,
    pub documents: bool,
}

/// Under whose account a question is asked, and how much it may take.
#[derive(Debug, Clone, Default)]
pub struct Access {
    tenant: Option<String>,
    models: Vec<String>,
    pub(super) output_tokens_max: Option<u32>,
    pub(super) timeout_ms: Option<u64>,
}

impl Access {
    /// The account and the limits of the settings.
    pub fn usual() -> Self {
        Self::default()
    }

    /// The account of a tenant, where it has one of its own.
    pub fn of_tenant(code: &str) -> Self {
        Self { tenant: Some(slug(code)), ..Self::default() }
    }

    /// Further models that may be asked for this question.
    #[must_use]
    pub fn allowing(mut self, models: impl IntoIterator<Item = String>) -> Self {
        self.models.extend(models);
        self
    }

    /// Another limit than that of the settings.
    #[must_use]
    pub fn with_output_tokens_max(mut self, tokens: u32) -> Self {
        self.output_tokens_max = Some(tokens);
        self
    }

    /// Another wait than that of the settings, all tries together.
    #[must_use]
    pub fn waiting_at_most(mut self, timeout_ms: u64) -> Self {
        self.timeout_ms = Some(timeout_ms);
        self
    }

    /// How variables of the tenant end.
    pub(super) fn slug(&self) -> Option<&str> {
        self.tenant.as_deref().filter(|slug| !slug.is_empty())
    }

    pub(super) fn allows(&self, model: &str) -> bool {
        self.models.iter().any(|allowed| allowed == model)
    }
}

/// The form that a tenant's code has in the name of a variable.
fn slug(code: &str) -> String {
    code.to_uppercase().replace(['-', '.'], "_")
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// An object; whether it has the asked shape, the one who asked checks.
    pub value: Value,
    pub usage: Usage,
    /// The model that answered.
    pub model: String,
}

/// What became of a question, with everything that it cost.
#[derive(Debug, Clone)]
pub struct Told {
    /// An object; whether it has the asked shape, the one who asked checks.
    pub outcome: Result<Value, LanguageError>,
    /// Every request that was sent, in order, the failed ones too.
    pub attempts: Vec<Attempt>,
    /// The model that was asked.
    pub model: String,
    /// Why the last answer ended, in the provider's words.
    pub stop_reason: Option<String>,
}

impl Told {
    /// All attempts together.
    pub fn usage(&self) -> Usage {
        let mut all = Usage::default();
        for attempt in &self.attempts {
            all += attempt.usage;
        }
        all
    }
}

/// One request to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The HTTP status; 0 where no whole answer came.
    pub status: u16,
    pub usage: Usage,
    pub duration_ms: u64,
    /// The provider answered and counted tokens, so it is paid for whatever the answer is worth.
    pub billed: bool,
    /// It was sent and its answer was lost, so it may have been counted or not.
    pub lost: bool,
}

/// What was used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Requests that were answered.
    pub requests: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Tokens that the provider still knew from before, besides `input_tokens`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_read_tokens: u64,
    /// Tokens that the provider keeps for the next question, besides `input_tokens`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_creation_tokens: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Usage {
    /// No question was asked.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::AddAssign for Usage {
    // Counts come from a server and may be of any size.
    fn add_assign(&mut self, more: Self) {
        self.requests = self.requests.saturating_add(more.requests);
        self.input_tokens = self.input_tokens.saturating_add(more.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(more.output_tokens);
        self.cache_read_tokens = self.cache_read_tokens.saturating_add(more.cache_read_tokens);
        self.cache_creation_tokens = self.cache_creation_tokens.saturating_add(more.cache_creation_tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_variables_of_its_own() {
        let check = |code: &str, expected: Option<&str>| {
            assert_eq!(Access::of_tenant(code).slug(), expected, "{code}");
        };
        check("raytron-prod.bg", Some("RAYTRON_PROD_BG"));
        check("default", Some("DEFAULT"));
        check("", None);
        assert_eq!(Access::usual().slug(), None);
    }
}
