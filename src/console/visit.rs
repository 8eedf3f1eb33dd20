//! Who looks at the console, what they sent, and what their role lets them do.

use serde::Serialize;
use serde_json::Value;

use crate::{
    facts::{Caller, Role, Scopes, Secret},
    identity::{Account, People, SignedIn},
};

/// Somebody who is signed in, for one request.
#[derive(Debug)]
pub struct Visit {
    signed_in: SignedIn,
    caller: Caller,
}

impl Visit {
    pub fn new(signed_in: SignedIn, people: &People) -> Self {
        let caller = people.caller_of(&signed_in.account, Scopes::ALL);
        Self { signed_in, caller }
    }

    pub fn user(&self) -> &str {
        self.signed_in.account.name.as_str()
    }

    pub fn account(&self) -> &Account {
        &self.signed_in.account
    }

    pub fn role(&self) -> Role {
        self.signed_in.account.role
    }

    pub fn csrf(&self) -> &str {
        &self.signed_in.csrf
    }

    /// Did this form come from a page of ours, for this session?
    pub fn csrf_fits(&self, shown: &str) -> bool {
        self.signed_in.csrf_fits(shown)
    }

    /// The id of this session, which can be told from others in lists.
    pub fn session(&self) -> &str {
        &self.signed_in.session.id
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// May answer, activate, rotate, revoke.
    pub fn is_operator(&self) -> bool {
        matches!(self.role(), Role::Owner | Role::Operator)
    }

    pub fn is_owner(&self) -> bool {
        self.role() == Role::Owner
    }

    /// Sees what others do.
    pub fn sees_all(&self) -> bool {
        self.role() != Role::Member
    }
}

/// What came in the address or in a form. A name that is there twice is not there.
#[derive(Default)]
pub struct Fields(Vec<(String, String)>);

impl std::fmt::Debug for Fields {
    /// Names only: among the values are passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Fields {
    pub fn parse(encoded: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub fn get(&self, name: &str) -> &str {
        let mut values = self.0.iter().filter(|(shown, _)| shown == name).map(|(_, value)| value.as_str());
        let only = values.next();
        only.filter(|_| values.next().is_none()).unwrap_or_default()
    }

    /// The same for what must not be seen.
    pub fn secret(&self, name: &str) -> Secret {
        Secret::new(self.get(name).to_owned())
    }
}

/// A line of the log: who did what here. It stands before the thing is done.
#[derive(Debug, Serialize)]
pub(super) struct Deed<'a> {
    pub(super) at: jiff::Timestamp,
    pub(super) user: &'a str,
    pub(super) role: &'static str,
    pub(super) what: &'static str,
    pub(super) about: Value,
}
