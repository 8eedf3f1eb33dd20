//! What goes wrong, in the words of the standards.

use crate::{identity::people::PeopleError, store::CabinetError};

/// A refusal as a client is told it: a code of the standards and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {description}")]
pub struct OauthError {
    pub code: &'static str,
    pub description: String,
}

impl OauthError {
    pub(super) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self { code, description: description.into() }
    }

    /// Somebody asks too often.
    pub fn slow_down() -> Self {
        Self::new("slow_down", "too many requests of this kind from this address")
    }

    /// A client wants to prove itself with a secret.
    pub fn no_secrets() -> Self {
        Self::client("clients have no secrets here")
    }

    pub fn request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// A code or token that is worth nothing. Why exactly, is not for everybody.
    pub(super) fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn client(description: &'static str) -> Self {
        Self::new("invalid_client", description)
    }

    /// The store cannot be reached, or the system has no random numbers.
    pub fn unavailable() -> Self {
        Self::new("temporarily_unavailable", "try again later")
    }

    pub fn is_unavailable(&self) -> bool {
        self.code == "temporarily_unavailable"
    }
}

impl From<CabinetError> for OauthError {
    fn from(error: CabinetError) -> Self {
        PeopleError::from(error).into()
    }
}

impl From<PeopleError> for OauthError {
    fn from(error: PeopleError) -> Self {
        tracing::error!(%error, "the authorization server cannot answer");
        Self::unavailable()
    }
}
