//! Why a step of a plugin gave no answer.

/// Each of these is an error of the step; the server goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PluginError {
    #[error("the plugin `{plugin}` was set aside: {why}")]
    Quarantined { plugin: String, why: String },
    #[error("the step did not end within {timeout_ms} ms")]
    Timeout { timeout_ms: u64 },
    #[error("the plugin panicked: {message}")]
    Panicked { message: String },
    #[error("{message}")]
    Failed { code: String, message: String },
    #[error("the plugin could not read what it was given: {message}")]
    BadInput { message: String },
    #[error("the step was cancelled")]
    Cancelled,
    #[error("the plugin's process ended: {message}")]
    Crashed { message: String },
    #[error("the plugin's answer cannot be used: {message}")]
    BadAnswer { message: String },
    #[error("too many plugin calls run already")]
    Busy,
    #[error("plugins are switched off until the server starts again")]
    RestartRequired,
}

impl PluginError {
    /// The stable word for it.
    pub fn code(&self) -> &str {
        match self {
            Self::Quarantined { .. } => "quarantined",
            Self::Timeout { .. } => "timeout",
            Self::Panicked { .. } => "panicked",
            Self::Failed { code, .. } => code,
            Self::BadInput { .. } => "bad_input",
            Self::Cancelled => "cancelled",
            Self::Crashed { .. } => "crashed",
            Self::BadAnswer { .. } => "bad_answer",
            Self::Busy => "busy",
            Self::RestartRequired => "restart_required",
        }
    }
}
