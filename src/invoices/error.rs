//! Why a run cannot begin, and why a step fails.

use std::borrow::Cow;

use super::record::StepFailure;
use crate::{language::LanguageError, odoo::OdooError, store::DatabaseError, usage::UsageError};

/// Why there is no run at all. Everything that goes wrong within one is in its record.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("another run of this bill goes on already (`{run_id}`)")]
    Busy { run_id: String },
    #[error("the run lost its turn: another process took the bill over")]
    LostTurn,
    #[error("the journal of runs cannot be used: {0}")]
    Journal(#[from] DatabaseError),
    #[error("the journal of runs cannot be used: {why}")]
    Store { why: String },
    #[error("{0}")]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Odoo(#[from] OdooError),
    #[error("there is no step `{name}`")]
    UnknownStep { name: String, known: Vec<String> },
    #[error("the model `{model}` may not be asked for by name")]
    ModelNotAllowed { model: String, allowed: Vec<String> },
    #[error("no language model is set up on this server")]
    NoLanguageModel,
    /// What was asked for cannot be meant; nothing was sent, paid or written.
    #[error("{message}")]
    Refused { code: &'static str, message: String, hint: Option<String> },
    #[error("this caller may not go past the budget")]
    NoOverride,
}

impl RunError {
    /// A short stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "bill_busy",
            Self::LostTurn => "lost_turn",
            Self::Journal(_) | Self::Store { .. } => "run_journal",
            Self::Usage(error) => error.code(),
            Self::Odoo(_) => "odoo",
            Self::UnknownStep { .. } => "unknown_step",
            Self::ModelNotAllowed { .. } => "model_not_allowed",
            Self::NoLanguageModel => LanguageError::NotSetUp.code(),
            Self::Refused { code, .. } => code,
            Self::NoOverride => "override_not_allowed",
        }
    }

    /// What to try next.
    pub fn hint(&self) -> String {
        match self {
            Self::Busy { .. } => "wait until it has ended; nothing was done and nothing was paid".to_owned(),
            Self::LostTurn => "call again: what was paid and written is known and not done twice".to_owned(),
            Self::Journal(_) | Self::Store { .. } => {
                "the operator looks at `invoices.sqlite3` in the state directory; until then nothing is spent"
                    .to_owned()
            }
            Self::Usage(error) => error.hint().to_owned(),
            Self::Odoo(_) => String::new(),
            Self::UnknownStep { known, .. } => format!("steps are {}", known.join(", ")),
            Self::ModelNotAllowed { allowed, .. } => {
                format!("leave `model_override` empty or use one of: {}", allowed.join(", "))
            }
            Self::NoLanguageModel => {
                "the operator sets `language_model.provider`, its key and models in the settings".to_owned()
            }
            Self::Refused { hint, .. } => hint.clone().unwrap_or_default(),
            Self::NoOverride => {
                "leave `override_budget` out; the operator lists grants in `invoices.budget_override_grants`"
                    .to_owned()
            }
        }
    }
}

/// Why a step failed.
#[derive(Debug, Clone)]
pub struct StepError {
    pub code: Cow<'static, str>,
    pub message: String,
    pub hint: Option<String>,
    /// The run cannot go on, whatever the step's own rule says.
    pub fatal: bool,
}

impl StepError {
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), hint: None, fatal: false }
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn stopping(mut self) -> Self {
        self.fatal = true;
        self
    }

    pub(super) fn failure(&self) -> StepFailure {
        StepFailure { code: self.code.to_string(), message: self.message.clone(), hint: self.hint.clone() }
    }
}

/// A step that fails before anything was done refuses the call.
impl From<StepError> for RunError {
    fn from(error: StepError) -> Self {
        let code = match error.code {
            Cow::Borrowed(code) => code,
            Cow::Owned(_) => "step_failed",
        };
        Self::Refused { code, message: error.message, hint: error.hint }
    }
}

impl From<OdooError> for StepError {
    fn from(error: OdooError) -> Self {
        let (code, message, hint) = (error.code(), error.to_string(), error.hint());
        // Where nobody knows whether a change was made, going on could make it twice.
        let fatal = code == "outcome_unknown";
        Self { code: code.into(), message, hint, fatal }
    }
}

impl From<UsageError> for StepError {
    fn from(error: UsageError) -> Self {
        Self::new(error.code(), error.to_string()).with_hint(error.hint())
    }
}

impl From<RunError> for StepError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Odoo(error) => error.into(),
            RunError::Usage(error) => error.into(),
            error => {
                let hint = error.hint();
                // Without its journal or its turn a run must not touch anything.
                Self::new(error.code(), error.to_string()).with_hint(hint).stopping()
            }
        }
    }
}
