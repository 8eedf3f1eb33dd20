//! How one attempt can end badly, before anybody knows what to tell the caller.

use super::{Call, FaultKind, OdooError, wording};
use crate::facts::{ConnectionAlias, Operation};

/// The outcome of one request that gave no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing reached the server.
    NotSent {
        why: String,
    },
    /// The peer is not the one we trust; nothing was sent.
    Untrusted {
        why: String,
    },
    /// The request left, the answer did not come.
    NoAnswer {
        why: String,
    },
    /// The request left, the answer did not come in time.
    TimedOut,
    TooLarge {
        limit_bytes: usize,
    },
    /// The server knows no such session any more and did nothing.
    SessionGone,
    /// The server does not take the key and did nothing.
    KeyRefused {
        why: String,
    },
    /// The server has nothing at this address.
    NoRoute,
    /// Odoo answered with an error.
    Fault(ServerFault),
    /// An answer that no Odoo gives.
    Strange {
        why: String,
        maybe_done: bool,
    },
    /// An error that needs no more context.
    Done(OdooError),
}

impl From<OdooError> for Failure {
    fn from(error: OdooError) -> Self {
        Self::Done(error)
    }
}

/// An error as the server tells it, without its traceback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ServerFault {
    /// Python class with its module, such as `odoo.exceptions.AccessError`.
    pub(super) exception: String,
    pub(super) message: String,
    /// HTTP status of JSON-2; 200 on the other routes.
    pub(super) status: u16,
}

impl Failure {
    /// May the same read be sent again? Only when no answer came at all.
    pub(super) fn is_worth_another_read(&self) -> bool {
        matches!(self, Self::NotSent { .. } | Self::NoAnswer { .. })
    }

    /// In the words of the room. A change whose answer is missing is never called a failure.
    pub(super) fn into_error(self, connection: &ConnectionAlias, call: &Call) -> OdooError {
        let connection = connection.clone();
        let unknown = |why: String| OdooError::OutcomeUnknown {
            model: call.model.clone(),
            method: call.method.clone(),
            why,
        };
        let changes = call.operation() != Operation::Read;
        match self {
            Self::NotSent { why } => OdooError::Unreachable { connection, why },
            Self::Untrusted { why } => OdooError::Untrusted { connection, why },
            Self::NoAnswer { why } if changes => unknown(why),
            Self::NoAnswer { why } => OdooError::NoAnswer { connection, why },
            Self::TimedOut if changes => unknown("the time for the answer is over".to_owned()),
            Self::TimedOut => OdooError::Timeout { connection, what: "the call" },
            Self::TooLarge { limit_bytes } if changes => {
                unknown(format!("the answer is larger than {limit_bytes} bytes"))
            }
            Self::TooLarge { limit_bytes } => OdooError::TooLarge { connection, limit_bytes },
            Self::SessionGone => OdooError::Fault {
                kind: FaultKind::SessionExpired,
                exception: "odoo.http.SessionExpiredException".to_owned(),
                message: "the server ended the session twice in a row".to_owned(),
                model: Some(call.model.clone()),
                method: Some(call.method.clone()),
                hint: None,
            },
            Self::KeyRefused { why } => OdooError::AuthFailed { connection, why, hint: None },
            Self::NoRoute => OdooError::BadAnswer {
                connection,
                why: "nothing answers at this address (404); the URL or the database may be wrong".to_owned(),
            },
            Self::Fault(fault) => wording::error(&fault, call),
            Self::Strange { why, maybe_done: true } if changes => unknown(why),
            Self::Strange { why, .. } => OdooError::BadAnswer { connection, why },
            Self::Done(error) => error,
        }
    }
}
