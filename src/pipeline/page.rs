//! Questions that are answered on a page: found by the secret of its address, answered by whoever
//! signed in there.

use std::sync::Arc;

use jiff::Timestamp;

use super::{ApprovalNote, Corridor, asking::in_store};
use crate::{
    approvals::{ApprovalError, ApprovalId, Approvals, DecideError, Door, Entry, Person},
    audit::AuditLog,
    facts::{Caller, Scope},
    tools::Catalog,
};

/// Why an answer on a page changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Answered, used or over, or never asked: nobody is told which.
    #[error("there is no open question here")]
    Gone,
    /// The client that asks holds this token, and could answer by itself.
    #[error("this is the token of the grant that asks; another one is needed")]
    OwnGrant,
    /// Who answers could not make the call, either.
    #[error("the token is not for calls like this one")]
    Scope,
    #[error(transparent)]
    Refused(DecideError),
    #[error("the answer cannot be written down")]
    Failed,
}

impl Corridor {
    /// The open question behind the secret of a page's address.
    pub async fn question_of_page(&self, secret: &str) -> Option<Entry> {
        let approvals = self.approvals()?;
        let secret = secret.to_owned();
        in_store(approvals, move |approvals| find(approvals, &secret)).await.ok().flatten()
    }

    /// What the person with this token says. Whoever signed in with a browser holds nothing that their
    /// client could show by itself, so for them the grant that asks is no matter.
    pub async fn answer_on_page(
        &self,
        secret: &str,
        by: &Caller,
        signed_in: bool,
        yes: bool,
    ) -> Result<Entry, PageError> {
        let approvals = self.approvals().ok_or(PageError::Gone)?;
        let question = self.question_of_page(secret).await.ok_or(PageError::Gone)?;
        if yes && !by.scopes.contains(scope_of(self.catalog(), &question)) {
            return Err(PageError::Scope);
        }
        let (secret, by, audit) = (secret.to_owned(), by.clone(), self.audit().clone());
        let answered = in_store(approvals, move |approvals| {
            let entry = find(approvals, &secret).ok_or(PageError::Gone)?;
            if yes && !signed_in && entry.grant == by.grant {
                return Err(PageError::OwnGrant);
            }
            decide(approvals, &audit, &entry.id, &person(&by, "on the page"), Door::Page, yes)
        });
        answered.await.unwrap_or(Err(PageError::Failed))
    }

    /// What somebody says in the queue of the console, where they signed in.
    pub async fn answer_in_console(
        &self,
        id: &ApprovalId,
        by: &Caller,
        yes: bool,
    ) -> Result<Entry, PageError> {
        let approvals = self.approvals().ok_or(PageError::Gone)?;
        let (id, by, audit) = (id.clone(), by.clone(), self.audit().clone());
        let shown = {
            let id = id.clone();
            in_store(approvals, move |approvals| approvals.show(&id).map_err(|error| unread(&error)))
        };
        let question = shown.await.unwrap_or(Err(PageError::Failed))?.ok_or(PageError::Gone)?;
        if yes && !by.scopes.contains(scope_of(self.catalog(), &question)) {
            return Err(PageError::Scope);
        }
        let answered = in_store(approvals, move |approvals| {
            decide(approvals, &audit, &id, &person(&by, "in the console"), Door::Console, yes)
        });
        answered.await.unwrap_or(Err(PageError::Failed))
    }

    /// Every question that is kept, oldest first.
    pub async fn questions(&self) -> Result<Vec<Entry>, PageError> {
        let Some(approvals) = self.approvals() else { return Ok(Vec::new()) };
        let listed = in_store(approvals, |approvals| approvals.list().map_err(|error| unread(&error)));
        listed.await.unwrap_or(Err(PageError::Failed))
    }
}

fn unread(error: &ApprovalError) -> PageError {
    tracing::error!(%error, "the approvals cannot be read");
    PageError::Failed
}

fn person(by: &Caller, place: &str) -> Person {
    Person {
        shown: format!("{} (grant {}, {place})", by.user, by.grant).into(),
        names: vec![by.user.as_str().into()],
        groups: by.groups.iter().map(Arc::clone).collect(),
        is_local_owner: false,
    }
}

/// The line in the log comes first.
fn decide(
    approvals: &Approvals,
    audit: &AuditLog,
    id: &ApprovalId,
    person: &Person,
    door: Door,
    yes: bool,
) -> Result<Entry, PageError> {
    let now = Timestamp::now();
    let note = |entry: &Entry| {
        let note = ApprovalNote::of_entry(entry, now);
        audit.note_event("approval", &note).map_err(|error| error.to_string())
    };
    approvals.decide(id, yes, person, door, now, note).map_err(|error| match error {
        DecideError::Failed(_) | DecideError::NotNoted(_) => {
            tracing::error!(%error, "an answer on a page changed nothing");
            PageError::Failed
        }
        other => PageError::Refused(other),
    })
}

/// What a token has to be for to agree to a call: what the call itself needs.
fn scope_of(catalog: &Catalog, entry: &Entry) -> Scope {
    let facts = catalog.find(&entry.tool).map(|found| found.facts());
    facts.map_or(Scope::Admin, |tool| Scope::of_call(&tool, entry.class, &[]))
}

fn find(approvals: &Approvals, secret: &str) -> Option<Entry> {
    match approvals.of_page(secret, Timestamp::now()) {
        Ok(entry) => entry,
        Err(error) => {
            tracing::error!(%error, "the approvals cannot be read");
            None
        }
    }
}
