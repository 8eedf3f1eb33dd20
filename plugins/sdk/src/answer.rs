//! How a step ends.

use std::fmt;

use odoo_mcp_plugin_abi::code;
use serde_json::{Map, Value, json};

/// What a step found. It ends up under `data.plugins.<plugin>` of the run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    data: Map<String, Value>,
    log: Map<String, Value>,
    abort: Option<String>,
}

impl Answer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value for later steps and for whoever reads the run.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a value to the trace of the run only.
    #[must_use]
    pub fn logging(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.log.insert(key.to_owned(), value.into());
        self
    }

    /// The run stops after this step, with what has been found.
    #[must_use]
    pub fn aborting(mut self, reason: impl Into<String>) -> Self {
        self.abort = Some(reason.into());
        self
    }

    pub fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    /// Why the run stops, if it does.
    pub fn abort(&self) -> Option<&str> {
        self.abort.as_deref()
    }

    pub(crate) fn into_json(self) -> Value {
        let abort = self.abort.map(|reason| json!({ "reason": reason }));
        json!({ "data": self.data, "abort": abort, "log": self.log })
    }
}

/// How a failure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The step failed; what happens next is the step's `on_error`.
    Error,
    /// The whole run is to stop.
    Abort,
    /// The context lacks something that the step cannot do without.
    BadInput,
    /// Nobody waits for the result any more.
    Cancelled,
    /// Caught by the SDK.
    Panic,
}

/// Why a step has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    /// A short name that stays the same, such as `not_permitted`.
    pub code: String,
    pub message: String,
}

impl Failure {
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Error, code: code.into(), message: message.into() }
    }

    pub fn abort(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Abort, ..Self::new(code, message) }
    }

    pub fn bad_input(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::BadInput, ..Self::new("bad_input", message) }
    }

    pub fn cancelled() -> Self {
        Self {
            kind: FailureKind::Cancelled,
            ..Self::new("cancelled", "nobody waits for the result any more")
        }
    }

    pub(crate) fn panicked(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Panic, ..Self::new("panic", message) }
    }

    pub(crate) fn number(&self) -> i32 {
        match self.kind {
            FailureKind::Error => code::ERROR,
            FailureKind::Abort => code::ABORT,
            FailureKind::BadInput => code::BAD_INPUT,
            FailureKind::Cancelled => code::CANCELLED,
            FailureKind::Panic => code::PANIC,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "code": self.code, "message": self.message })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}
