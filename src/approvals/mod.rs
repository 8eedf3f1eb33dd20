//! Questions to a person: kept in the state directory, so that every process and the command line
//! see the same ones. An approval is for one exact call, and is used once.

use std::sync::Arc;

use crate::{facts::Approval, policy::RuleId};

/// An answer that a client brought back for a question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What we gave the client to bring back, sealed.
    pub state: Arc<str>,
    pub verdict: Verdict,
}

/// What the person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Approve,
    Refuse,
    /// Closed the question without an answer.
    Dismiss,
}

/// Which questions the client can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CanAsk {
    pub form: bool,
    pub url: bool,
}

/// A question on its way to a person.
#[derive(Debug, Clone)]
pub struct Question {
    pub id: Arc<str>,
    /// Plain text: what would happen, before and after, and the rule that asks.
    pub text: String,
    /// Where to answer, if not in a form.
    pub url: Option<String>,
    /// Sealed: digest of the call, caller, expiry and a number that is used once.
    pub state: Arc<str>,
    pub expires_at: jiff::Timestamp,
    /// The rule that asks.
    pub rule: RuleId,
}

/// How a question stands.
#[derive(Debug)]
pub enum Standing {
    Granted(Approval),
    /// To be shown to a person by the client.
    Open(Box<Question>),
    /// Waiting for the command line or the console.
    Pending {
        id: Arc<str>,
        expires_at: jiff::Timestamp,
    },
    Refused {
        by: Arc<str>,
    },
    /// The grant has too many open questions.
    TooMany,
}
