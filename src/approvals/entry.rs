//! One approval as it is kept: what it is for, who may give it, how it stands.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ApprovalError;
use crate::facts::{Class, GrantName, UserName};

/// Letters and digits that people do not mix up when they type them.
const ID_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Fifty bits: an id opens nothing, it only has to be told from others.
const ID_CHARS: usize = 10;

/// The short name of an approval, as people type it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApprovalId(Arc<str>);

impl ApprovalId {
    /// The id a person typed; anything else than an id of ours is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let fits = text.len() == ID_CHARS && text.bytes().all(|byte| ID_ALPHABET.contains(&byte));
        fits.then(|| Self(Arc::from(text)))
    }

    pub(super) fn random() -> Result<Self, ApprovalError> {
        let bytes = super::random::<ID_CHARS>()?;
        let letter = |byte: &u8| ID_ALPHABET.get(usize::from(byte % 32)).copied().map_or('0', char::from);
        Ok(Self(bytes.iter().map(letter).collect::<String>().into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an approval stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    Pending,
    Granted {
        by: Arc<str>,
        at: Timestamp,
    },
    Refused {
        by: Arc<str>,
        at: Timestamp,
    },
    /// The one call it was for has begun. Written before anything is sent.
    Used {
        by: Arc<str>,
        granted_at: Timestamp,
        at: Timestamp,
    },
}

impl State {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Granted { .. } => "granted",
            Self::Refused { .. } => "refused",
            Self::Used { .. } => "used",
        }
    }

    /// Who said yes or no.
    pub fn by(&self) -> Option<&Arc<str>> {
        match self {
            Self::Pending => None,
            Self::Granted { by, .. } | Self::Refused { by, .. } | Self::Used { by, .. } => Some(by),
        }
    }
}

/// An approval that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    pub id: ApprovalId,
    /// Keyed digest of everything the approval is bound to.
    pub(super) digest: String,
    /// Who asked.
    pub user: UserName,
    pub grant: GrantName,
    pub tool: String,
    pub class: Class,
    /// The rule that asks, and the policy it stands in.
    pub rule: String,
    pub policy: String,
    /// What a person reads.
    pub text: String,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
    /// May it be given on the command line?
    pub on_console: bool,
    /// May the client's form give it?
    pub in_form: bool,
    /// `user:NAME` or `group:NAME`; empty means anybody who may approve at all.
    pub approvers: Vec<Arc<str>>,
    pub self_approval: bool,
    /// Makes an answer of the client count once; gone when one did.
    pub(super) nonce: Option<String>,
    /// Keyed digest of the secret part of the page's address.
    pub(super) page: Option<String>,
    pub state: State,
}

impl Entry {
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// How it stands, in a word.
    pub fn standing(&self, now: Timestamp) -> &'static str {
        match self.state {
            State::Pending | State::Granted { .. } if self.is_over(now) => "expired",
            _ => self.state.as_str(),
        }
    }

    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.state == State::Pending && !self.is_over(now)
    }

    /// May this person say yes? Saying no is open to everybody who can reach the question.
    pub fn may_be_granted_by(&self, person: &Person) -> Result<(), NotAllowed> {
        may_grant(&self.approvers, self.self_approval, &self.user, person)
    }
}

/// May this person approve what `asker` asks for?
pub(super) fn may_grant(
    approvers: &[Arc<str>],
    self_approval: bool,
    asker: &UserName,
    person: &Person,
) -> Result<(), NotAllowed> {
    if !self_approval && person.is_same_as(asker) {
        return Err(NotAllowed::SamePerson);
    }
    let listed = |approver: &Arc<str>| match approver.split_once(':') {
        Some(("user", name)) => person.names.iter().any(|own| **own == *name),
        Some(("group", name)) => person.groups.iter().any(|own| **own == *name),
        _ => false,
    };
    if approvers.is_empty() || approvers.iter().any(listed) {
        Ok(())
    } else {
        Err(NotAllowed::NotListed { approvers: approvers.join(", ") })
    }
}

/// Why somebody may not say yes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    #[error("the policy wants another person than the one who asks (`self_approval` is false)")]
    SamePerson,
    #[error("the policy leaves this to {approvers}")]
    NotListed { approvers: String },
}

/// Somebody who answers a question.
#[derive(Debug, Clone)]
pub struct Person {
    /// How the log names them.
    pub shown: Arc<str>,
    /// Names the policy may know them by.
    pub names: Vec<Arc<str>>,
    pub groups: Vec<Arc<str>>,
    /// Local clients are started by the owner of this account, so what they ask, this person asks.
    pub is_local_owner: bool,
}

impl Person {
    fn is_same_as(&self, asker: &UserName) -> bool {
        (self.is_local_owner && *asker == UserName::local())
            || self.names.iter().any(|name| **name == *asker.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_typed_in_any_case_and_is_never_a_path() {
        let id = ApprovalId::random().unwrap();
        assert_eq!(ApprovalId::parse(&format!(" {} ", id.as_str().to_uppercase())), Some(id.clone()));
        assert_ne!(ApprovalId::random().unwrap(), id);
        for bad in [
            "",
            "../../etc",
            "0123456789a",
            "012345678",
            "01234567/9",
            "0123456 89",
            "012345678l",
            "é123456789",
        ] {
            assert_eq!(ApprovalId::parse(bad), None, "{bad}");
        }
    }

    fn person(name: &str, groups: &[&str], is_local_owner: bool) -> Person {
        Person {
            shown: name.into(),
            names: vec![name.into()],
            groups: groups.iter().map(|&group| group.into()).collect(),
            is_local_owner,
        }
    }

    #[test]
    fn who_may_say_yes() {
        let check = |asker: &str, approvers: &[&str], self_approval: bool, by: &Person, allowed: bool| {
            let mut entry = super::super::testing::entry();
            entry.user = UserName::parse(asker).unwrap();
            entry.approvers = approvers.iter().map(|&approver| approver.into()).collect();
            entry.self_approval = self_approval;
            let outcome = entry.may_be_granted_by(by);
            assert_eq!(outcome.is_ok(), allowed, "{asker} {approvers:?} {self_approval} {by:?}");
        };
        let local = UserName::local();
        let local = local.as_str();
        let owner = person("ann", &["staff"], true);
        let other = person("root", &[], false);
        check(local, &[], true, &owner, true);
        check(local, &[], false, &owner, false);
        check(local, &[], false, &other, true);
        check("ann", &[], false, &owner, false);
        check("ben", &[], false, &owner, true);
        check("ben", &["user:ann"], false, &owner, true);
        check("ben", &["group:staff"], false, &owner, true);
        check("ben", &["group:ann"], true, &owner, false);
        check("ben", &["user:staff"], true, &owner, false);
        check("ben", &["ann"], true, &owner, false);
        check("ben", &["user:ben", "group:finance"], true, &owner, false);
        check("ann", &["user:ann"], false, &owner, false);
    }
}
