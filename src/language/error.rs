//! The ways a question can go unanswered. No text of a server comes back: it may repeat what was sent.

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LanguageError {
    #[error("no language model is set up")]
    NotSetUp,
    #[error("the model `{model}` is not one that may be asked")]
    NotAllowed { model: String, allowed: Vec<String> },
    #[error("there is no key for the language model: neither of {variables} is set")]
    NoKey { variables: String },
    #[error("the key of the language model cannot be used: {why}")]
    Key { why: String },
    #[error("{provider} cannot be shown files of the type `{mime_type}`")]
    NoDocuments { provider: &'static str, mime_type: String },
    #[error("{what} is larger than the {limit_bytes} bytes that the language model takes")]
    TooLarge { what: &'static str, limit_bytes: usize },
    #[error("the language model could not be reached: {why}")]
    Unreachable { why: &'static str },
    #[error("the language model did not answer within {waited_ms} ms")]
    Timeout { waited_ms: u64 },
    #[error("the language model is busy; it was asked {tries} times")]
    Overloaded { tries: u32 },
    #[error("the language model refused the request (HTTP {status})")]
    Refused { status: u16 },
    #[error("the language model's answer was cut off after {output_tokens_max} tokens")]
    Truncated { output_tokens_max: u32 },
    #[error("the language model declined to answer")]
    Declined,
    #[error("the language model's answer cannot be used: {why}")]
    BadAnswer { why: &'static str },
}

impl LanguageError {
    /// A short stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSetUp => "language_model_not_set_up",
            Self::NotAllowed { .. } => "language_model_not_allowed",
            Self::NoKey { .. } => "language_model_no_key",
            Self::Key { .. } => "language_model_key",
            Self::NoDocuments { .. } => "language_model_no_documents",
            Self::TooLarge { .. } => "language_model_too_large",
            Self::Unreachable { .. } => "language_model_unreachable",
            Self::Timeout { .. } => "language_model_timeout",
            Self::Overloaded { .. } => "language_model_overloaded",
            Self::Refused { .. } => "language_model_refused",
            Self::Truncated { .. } => "language_model_truncated",
            Self::Declined => "language_model_declined",
            Self::BadAnswer { .. } => "language_model_bad_answer",
        }
    }

    /// What to try next.
    pub fn hint(&self) -> String {
        match self {
            Self::NotSetUp => {
                "set one up in `[language_model]` of the settings, or do the work yourself".to_owned()
            }
            Self::NotAllowed { allowed, .. } => format!("models that may be asked: {}", allowed.join(", ")),
            Self::NoKey { .. } => {
                "the operator sets one of these variables, or `key` in `[language_model]` of the settings"
                    .to_owned()
            }
            Self::NoDocuments { .. } => {
                "show it as a picture, or have the operator set up a model that reads such files".to_owned()
            }
            Self::TooLarge { .. } => "split the file, or make its pictures smaller".to_owned(),
            Self::Key { .. } | Self::Refused { .. } => {
                "the operator checks key, address and model in `[language_model]` of the settings".to_owned()
            }
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Overloaded { .. } => {
                "try again later, or do the work yourself".to_owned()
            }
            Self::Truncated { .. } => "ask for less at once, or allow more tokens".to_owned(),
            Self::Declined | Self::BadAnswer { .. } => "ask again, or do the work yourself".to_owned(),
        }
    }
}
