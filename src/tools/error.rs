//! The ways a tool can end badly.

use std::borrow::Cow;

use crate::{facts::JsonObject, files::FilesError, odoo::OdooError, usage::UsageError};

/// Why a tool could not give its result. Only `reply` turns it into words for a client.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The arguments were of the right shape but cannot be meant so.
    #[error("{message}")]
    Arguments { message: String, hint: Option<String> },
    /// Odoo, or the way to it.
    #[error(transparent)]
    Odoo(#[from] OdooError),
    /// The tool itself saw that the call cannot succeed: records that are gone, a lost race, a result
    /// beyond its budget. Nothing was changed unless the message says so.
    #[error("{message}")]
    Stopped { code: &'static str, message: String, hint: Option<String> },
    /// The same with a report of what was found, which the client gets whole beside code and message.
    #[error("{message}")]
    Reported { code: &'static str, message: String, hint: Option<String>, report: Box<JsonObject> },
    /// A fault of ours; the detail goes to the log and never over the wire.
    #[error("internal error")]
    Internal { detail: Cow<'static, str> },
}

impl ToolError {
    pub fn arguments(message: impl Into<String>) -> Self {
        Self::Arguments { message: message.into(), hint: None }
    }

    pub fn arguments_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Arguments { message: message.into(), hint: Some(hint.into()) }
    }

    pub fn not_found(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Stopped { code: "not_found", message: message.into(), hint: Some(hint.into()) }
    }

    pub fn conflict(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Stopped { code: "conflict", message: message.into(), hint: Some(hint.into()) }
    }

    pub fn too_large(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Stopped { code: "too_large", message: message.into(), hint: Some(hint.into()) }
    }
}

impl From<FilesError> for ToolError {
    fn from(error: FilesError) -> Self {
        Self::Stopped { code: error.code(), message: error.to_string(), hint: error.hint() }
    }
}

impl From<UsageError> for ToolError {
    fn from(error: UsageError) -> Self {
        let message = error.to_string();
        match &error {
            UsageError::Arguments { .. } => Self::Arguments { message, hint: None },
            _ => Self::Stopped { code: error.code(), message, hint: Some(error.hint().to_owned()) },
        }
    }
}
