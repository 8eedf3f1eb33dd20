//! What goes wrong between us and Odoo.

use super::ContextError;
use crate::facts::{ConnectionAlias, MethodName, ModelName, NameError};

/// Every way a request to Odoo can end badly. Messages hold no traceback, no path and no secret.
#[derive(Debug, thiserror::Error)]
pub enum OdooError {
    #[error("no connection is called `{alias}`")]
    UnknownConnection { alias: ConnectionAlias, known: Vec<ConnectionAlias> },
    #[error("could not reach connection `{connection}`: {why}")]
    Unreachable { connection: ConnectionAlias, why: String },
    /// A read was sent and the connection ended before an answer came.
    #[error("connection `{connection}` ended without an answer: {why}")]
    NoAnswer { connection: ConnectionAlias, why: String },
    /// Too many calls at once; ours never left the queue.
    #[error("`{connection}` is busy: no free slot for {waited_ms} ms")]
    Busy { connection: ConnectionAlias, waited_ms: u64 },
    /// A call that cannot be written for Odoo.
    #[error("{why}")]
    BadCall { why: String, hint: Option<String> },
    /// The peer's certificate or key is not the one this connection trusts. Nothing was sent.
    #[error("the server behind `{connection}` is not trusted: {why}")]
    Untrusted { connection: ConnectionAlias, why: String },
    #[error("`{connection}` did not answer {what} in time")]
    Timeout { connection: ConnectionAlias, what: &'static str },
    /// A change was sent and no answer came: it may or may not have happened.
    #[error("no answer came to `{model}.{method}`: the change may or may not have happened")]
    OutcomeUnknown { model: ModelName, method: MethodName, why: String },
    #[error("`{connection}` refused the login: {why}")]
    AuthFailed { connection: ConnectionAlias, why: String, hint: Option<String> },
    /// Odoo answered with an error.
    #[error("{message}")]
    Fault {
        kind: FaultKind,
        exception: String,
        message: String,
        model: Option<ModelName>,
        method: Option<MethodName>,
        hint: Option<String>,
    },
    #[error("the server has no model `{model}`")]
    UnknownModel { model: String, nearest: Vec<String> },
    #[error("model `{model}` has no field `{field}`")]
    UnknownField {
        model: ModelName,
        field: String,
        nearest: Vec<String>,
        /// Whether the server said so, or we before anything was sent.
        answered: bool,
    },
    #[error("model `{model}` has no public method `{method}`")]
    UnknownMethod { model: ModelName, method: MethodName, nearest: Vec<String> },
    #[error("the server has no report `{name}`")]
    UnknownReport { name: String, nearest: Vec<String> },
    #[error("`{operator}` is no domain operator")]
    UnknownOperator { operator: String, nearest: Vec<String> },
    #[error("the domain cannot be read: {why}")]
    BadDomain { why: String },
    /// A value that Odoo would lose or refuse.
    #[error("field `{field}` of `{model}`: {why}")]
    InvalidValue { model: ModelName, field: String, why: String },
    #[error(transparent)]
    BadName(#[from] NameError),
    #[error(transparent)]
    BadContext(#[from] ContextError),
    #[error("unexpected answer from `{connection}`: {why}")]
    BadAnswer { connection: ConnectionAlias, why: String },
    #[error("the answer of `{connection}` is larger than {limit_bytes} bytes")]
    TooLarge { connection: ConnectionAlias, limit_bytes: usize },
    #[error("{what} needs Odoo {needs}; `{connection}` runs {found}")]
    VersionUnsupported { connection: ConnectionAlias, what: String, needs: String, found: String },
    /// What a call needs comes with a module that this Odoo does not have.
    #[error("`{connection}` has no {what}")]
    NotInstalled { connection: ConnectionAlias, what: String },
    /// The tool reached for something its permit does not hold; stopped before any byte left.
    #[error("this call did not declare `{what}`")]
    NotPermitted { what: String },
    /// What the policy lets this caller see of it cannot be told from the rest.
    #[error("{why}")]
    Closed { why: String },
    /// A setting, secret reference or saved connection that cannot be used.
    #[error("{why}")]
    Setup { why: String, hint: Option<String> },
    /// What goes wrong with web sessions and pages.
    #[error("{why}")]
    Web { code: &'static str, why: String, hint: Option<String>, sent: bool },
    /// A change of the connections themselves that cannot be made; nothing was changed.
    #[error("{why}")]
    ConnectionRefused { code: &'static str, why: String, hint: Option<String> },
}

/// What an error of Odoo is about, told by its exception class, never by its text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    AccessDenied,
    AccessError,
    Missing,
    Validation,
    User,
    SessionExpired,
    Concurrency,
    Server,
}

impl OdooError {
    /// A short stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownConnection { .. } => "unknown_connection",
            Self::Unreachable { .. } => "unreachable",
            Self::NoAnswer { .. } => "unreachable",
            Self::Busy { .. } => "busy",
            Self::BadCall { .. } => "invalid_arguments",
            Self::Untrusted { .. } => "untrusted_certificate",
            Self::Timeout { .. } => "timeout",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::AuthFailed { .. } => "auth_failed",
            Self::Fault { kind, .. } => match kind {
                FaultKind::AccessDenied | FaultKind::AccessError => "access_denied",
                FaultKind::Missing => "not_found",
                FaultKind::Validation => "validation",
                FaultKind::User => "user_error",
                FaultKind::SessionExpired => "session_expired",
                FaultKind::Concurrency => "conflict",
                FaultKind::Server => "odoo_fault",
            },
            Self::UnknownModel { .. } => "unknown_model",
            Self::UnknownField { .. } => "unknown_field",
            Self::UnknownMethod { .. } => "unknown_method",
            Self::UnknownReport { .. } => "unknown_report",
            Self::UnknownOperator { .. } => "unknown_operator",
            Self::BadDomain { .. } => "invalid_domain",
            Self::InvalidValue { .. } => "invalid_value",
            Self::BadName(_) | Self::BadContext(_) => "invalid_arguments",
            Self::BadAnswer { .. } => "bad_answer",
            Self::TooLarge { .. } => "too_large",
            Self::VersionUnsupported { .. } => "version_unsupported",
            Self::NotInstalled { .. } => "not_installed",
            Self::NotPermitted { .. } => "not_permitted",
            Self::Closed { .. } => "denied",
            Self::Setup { .. } => "setup",
            Self::ConnectionRefused { code, .. } | Self::Web { code, .. } => code,
        }
    }

    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::AuthFailed { hint, .. }
            | Self::Fault { hint, .. }
            | Self::BadCall { hint, .. }
            | Self::ConnectionRefused { hint, .. }
            | Self::Web { hint, .. }
            | Self::Setup { hint, .. } => return hint.clone(),
            Self::UnknownConnection { known, .. } if known.is_empty() => {
                "no connection exists yet; make one first".to_owned()
            }
            Self::UnknownConnection { known, .. } => {
                format!("known connections: {}", listed(known.iter().map(ConnectionAlias::as_str)))
            }
            Self::Unreachable { .. } => {
                "nothing was sent; check that Odoo runs and that the URL is right, then try again".to_owned()
            }
            Self::NoAnswer { .. } => "the server may be restarting; try again in a moment".to_owned(),
            Self::Busy { .. } => "nothing was sent; try again when other calls have ended".to_owned(),
            Self::Untrusted { .. } => {
                "nothing was sent; `odoo_cert_info` shows the certificate of a saved connection. A self-signed \
                 server is accepted with `ca_file`, or with `verify_ssl: false`, which pins its key; a key that \
                 was changed on purpose with `odoo_cert_refresh`"
                    .to_owned()
            }
            Self::Timeout { .. } => "ask for fewer rows or fields, or raise the time-out".to_owned(),
            Self::OutcomeUnknown { .. } => {
                "do not repeat it blindly: read the records and see whether the change is there".to_owned()
            }
            Self::UnknownModel { nearest, .. }
            | Self::UnknownField { nearest, .. }
            | Self::UnknownMethod { nearest, .. }
            | Self::UnknownReport { nearest, .. }
            | Self::UnknownOperator { nearest, .. } => {
                if nearest.is_empty() {
                    return None;
                }
                format!("did you mean {}?", listed(nearest.iter().map(String::as_str)))
            }
            Self::NotInstalled { .. } => {
                "install the module that brings it, or use a connection that has it".to_owned()
            }
            Self::TooLarge { .. } => "ask for fewer rows or fields".to_owned(),
            Self::BadAnswer { .. } => {
                "check that the URL is that of Odoo itself, without a path behind the host".to_owned()
            }
            Self::BadDomain { .. }
            | Self::InvalidValue { .. }
            | Self::BadName(_)
            | Self::BadContext(_)
            | Self::VersionUnsupported { .. }
            | Self::Closed { .. }
            | Self::NotPermitted { .. } => return None,
        };
        Some(hint)
    }

    /// The same failure of a request that the policy made: nothing of its words reaches the caller,
    /// because they repeat the rule's own conditions.
    pub(super) fn about_a_check(self, model: &ModelName) -> Self {
        let closed = |kind, exception| Self::Fault {
            kind,
            exception,
            message: "odoo could not answer what the policy asks about these records".to_owned(),
            model: Some(model.clone()),
            method: None,
            hint: None,
        };
        match self {
            Self::Fault { kind, exception, .. } => closed(kind, exception),
            Self::UnknownField { .. } | Self::UnknownOperator { .. } | Self::BadDomain { .. } => {
                closed(FaultKind::Server, String::new())
            }
            other => other,
        }
    }

    /// What may be told of the failure to somebody who did not make the call.
    pub fn told_to_others(&self) -> String {
        match self {
            Self::Fault { kind, .. } => closed_message(*kind).to_owned(),
            other => other.to_string(),
        }
    }

    /// Where the call may have taken effect although we report a failure.
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. })
    }

    /// The call itself never left this process (a login before it may have).
    ///
    /// What only the server could tell (an unknown model, field or method) counts as sent.
    pub fn was_not_sent(&self) -> bool {
        match self {
            Self::UnknownField { answered, .. } => !answered,
            Self::Web { sent, .. } => !sent,
            Self::UnknownConnection { .. }
            | Self::Unreachable { .. }
            | Self::Busy { .. }
            | Self::BadCall { .. }
            | Self::Untrusted { .. }
            | Self::AuthFailed { .. }
            | Self::UnknownOperator { .. }
            | Self::BadDomain { .. }
            | Self::InvalidValue { .. }
            | Self::BadName(_)
            | Self::BadContext(_)
            | Self::VersionUnsupported { .. }
            | Self::NotPermitted { .. }
            | Self::ConnectionRefused { .. }
            | Self::Setup { .. } => true,
            Self::NoAnswer { .. }
            | Self::Timeout { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Fault { .. }
            | Self::UnknownModel { .. }
            | Self::UnknownMethod { .. }
            | Self::UnknownReport { .. }
            | Self::NotInstalled { .. }
            | Self::BadAnswer { .. }
            | Self::Closed { .. }
            | Self::TooLarge { .. } => false,
        }
    }
}

/// Stands for what Odoo said of a model whose values the caller may not all see.
pub(super) const CLOSED_MESSAGE: &str = "odoo refused it; its words are not shown under this policy";

/// The same, for each kind of refusal.
pub(super) fn closed_message(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::AccessDenied | FaultKind::AccessError => {
            "odoo does not let its user do this; its words are not shown under this policy"
        }
        FaultKind::Missing => "a record does not exist or has been deleted",
        FaultKind::Validation => "odoo found the values not valid; its words are not shown under this policy",
        FaultKind::SessionExpired => "the server ended the session",
        FaultKind::Concurrency => "another change of the same records was faster",
        FaultKind::User | FaultKind::Server => CLOSED_MESSAGE,
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
