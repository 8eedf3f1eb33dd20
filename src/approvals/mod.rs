//! Questions to a person: kept in the state directory, so that every process and the command line
//! see the same ones. An approval is for one exact call, and is used once.
//!
//! Nothing here decides whether to ask: that is the policy's business. Nothing here reaches Odoo:
//! what a question shows of records is handed in.

mod canonical;
mod digest;
mod entry;
mod files;
mod plain;
mod preview;
mod store;
mod token;
mod wording;

use std::sync::Arc;

pub use digest::bound_to;
pub use entry::{ApprovalId, Entry, NotAllowed, Person, State};
pub use files::DIRECTORY as APPROVALS_FOLDER;
pub use plain::{quoted_name, quoted_value, visible};
pub use preview::{Preview, RecordPreview, SHOWN_BESIDE};
pub use store::{Approvals, Asking, DecideError, Door, Taken, Way, may_answer_in_form};
pub use token::{REQUEST_STATE, is_request_state};
pub use wording::question_text;

use crate::{
    facts::Approval,
    policy::RuleId,
    store::{DocumentError, KeyError, SealError, StoreError},
};

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
    /// Went to the page, if there is one. To a form it is no answer.
    Opened,
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
    /// Path of the page to answer on, if not in a form; whoever serves pages puts its address before.
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
    /// Waiting for the command line or a page.
    Pending {
        id: Arc<str>,
        expires_at: jiff::Timestamp,
        /// Asked just now, as opposed to asked before and asked for again.
        is_new: bool,
    },
    Refused {
        by: Arc<str>,
    },
    /// The person closed the question without an answer, and nobody else can be asked.
    Dismissed,
    /// The answer that came along is for another call, too late, or was used already.
    Stale,
    /// The grant has too many open questions.
    TooMany,
    /// Neither client nor policy leave a way to ask.
    Nobody,
}

/// Why approvals cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    #[error("{}", .0.without_directory())]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("an approval cannot be written down")]
    Encoding,
    #[error("this system gives no random numbers")]
    NoRandomness,
}

/// Random bytes.
fn random<const COUNT: usize>() -> Result<[u8; COUNT], ApprovalError> {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0_u8; COUNT];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| ApprovalError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod testing;
