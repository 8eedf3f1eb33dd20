//! Asking, answering, granting and using approvals, for every process that shares the state
//! directory.
//!
//! INVARIANT: a call goes on only after `use_up` wrote that its approval is used, and that happens
//! at most once for each grant.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::{
    Answer, ApprovalError, Question, Standing, Verdict,
    entry::{ApprovalId, Entry, NotAllowed, Person, State, may_grant},
    files::{Files, Turn},
    random,
    token::{Asked, Token},
};
use crate::{
    facts::{Approval, Caller, Class, UserName, hex},
    policy::{ApprovalMode, ApprovalTerms, RuleId},
    store::{SealKeys, StateDir, StoreError},
};

/// No approval lives longer, whatever the policy says.
const TTL_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of the number that makes an answer count once.
const NONCE_BYTES: usize = 16;
/// Bytes of the secret part of a page's address.
const PAGE_BYTES: usize = 24;

/// All approvals of a state directory. A cheap clone.
#[derive(Debug, Clone)]
pub struct Approvals {
    files: Arc<Files>,
}

/// A call that needs an approval, and what is known about it.
#[derive(Debug, Clone)]
pub struct Asking {
    pub caller: Caller,
    pub tool: Arc<str>,
    pub class: Class,
    pub rule: RuleId,
    pub policy: Arc<str>,
    pub terms: ApprovalTerms,
    /// Everything the approval is bound to, in one spelling.
    pub bound: Vec<u8>,
    /// What a person reads.
    pub text: String,
    /// How to put it.
    pub way: Way,
}

/// How a question is put to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On a page of ours, opened through the client.
    Page,
    /// In a form of the client.
    Form,
    /// The caller gets an id; the person uses the command line.
    Console,
    /// Nobody can be asked.
    None,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It counted: how this approval stands now is in the store.
    Counted(ApprovalId),
    /// The person has opened the page, and says there what they say.
    Opened,
    /// The person closed the question.
    Dismissed,
    /// It is for another call, too late, or was used already.
    DoesNotFit,
}

/// Why a person's word changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error("there is no such approval")]
    Unknown,
    #[error("it is {0} already")]
    Already(&'static str),
    #[error("it has expired; the caller has to ask again")]
    Expired,
    #[error("the policy does not let it be given on the command line or in the console")]
    NotHere,
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("it cannot be noted in the audit log: {0}")]
    NotNoted(String),
    #[error(transparent)]
    Failed(#[from] ApprovalError),
}

impl Approvals {
    /// Opens the approvals of a state directory. Makes no key yet.
    pub fn open(state: &StateDir, keys: SealKeys) -> Result<Self, StoreError> {
        Ok(Self { files: Arc::new(Files::open(state, keys)?) })
    }

    /// How the approval of exactly this call stands; a question is opened if there is none.
    pub fn ask(&self, asking: &Asking, now: Timestamp) -> Result<Standing, ApprovalError> {
        let turn = self.files.turn()?;
        let digest = turn.key().digest(&asking.bound);
        let mut open = None;
        for entry in self.files.of_digest(&digest)? {
            if entry.is_over(now) {
                continue;
            }
            match &entry.state {
                State::Refused { by, .. } => return Ok(Standing::Refused { by: Arc::clone(by) }),
                State::Granted { by, .. } => {
                    return Ok(Standing::Granted(Approval { id: entry.id.shared(), by: Arc::clone(by) }));
                }
                State::Pending if is_within(&entry, asking.terms.dedupe_window, now) => open = Some(entry),
                // Asked so long ago that it is asked anew; the old id is worth nothing any more.
                State::Pending => turn.remove(&entry)?,
                State::Used { .. } => {}
            }
        }
        if asking.way == Way::None {
            return Ok(Standing::Nobody);
        }
        let (entry, is_new) = match open {
            Some(entry) => (entry, false),
            None if !has_room(&turn, asking, now)? => return Ok(Standing::TooMany),
            None => (new_entry(asking, digest, now)?, true),
        };
        put(&turn, asking, entry, is_new)
    }

    /// Takes the answer that a client brought back for this very call.
    pub fn take(&self, answer: &Answer, asking: &Asking, now: Timestamp) -> Result<Taken, ApprovalError> {
        let turn = self.files.turn()?;
        let Some(token) = Token::open(turn.key(), &answer.state) else { return Ok(Taken::DoesNotFit) };
        let caller = &asking.caller;
        let is_ours = token.user == caller.user
            && token.grant == caller.grant
            && same(&token.digest, &turn.key().digest(&asking.bound))
            && now < token.expires_at;
        let Some(mut entry) = self.files.get(&token.id)?.filter(|entry| {
            is_ours
                && same(&entry.digest, &token.digest)
                && !entry.is_over(now)
                && entry.nonce.as_ref().is_some_and(|nonce| same(nonce, &token.nonce))
        }) else {
            return Ok(Taken::DoesNotFit);
        };
        if token.asked == Asked::Page && matches!(answer.verdict, Verdict::Approve | Verdict::Opened) {
            return Ok(Taken::Opened);
        }
        entry.nonce = None;
        let by = self_of(caller);
        let counted = Taken::Counted(entry.id.clone());
        let taken = match (answer.verdict, &entry.state) {
            // Somebody else was faster to say the same.
            (Verdict::Approve, State::Granted { .. }) => counted,
            (Verdict::Approve, State::Pending) if entry.in_form && entry.may_be_granted_by(&by).is_ok() => {
                entry.state = State::Granted { by: by.shown, at: now };
                counted
            }
            (Verdict::Refuse, State::Pending | State::Granted { .. }) => {
                entry.state = State::Refused { by: by.shown, at: now };
                counted
            }
            (Verdict::Dismiss | Verdict::Opened, State::Pending) => Taken::Dismissed,
            _ => Taken::DoesNotFit,
        };
        turn.write(&entry)?;
        Ok(taken)
    }

    /// The approval is used from here on, on the disk, before the call is sent. False if somebody
    /// else was faster, or it ran out.
    pub fn use_up(&self, id: &str, now: Timestamp) -> Result<bool, ApprovalError> {
        let Some(id) = ApprovalId::parse(id) else { return Ok(false) };
        let turn = self.files.turn()?;
        let Some(mut entry) = self.files.get(&id)? else { return Ok(false) };
        let State::Granted { by, at } = entry.state.clone() else { return Ok(false) };
        if entry.is_over(now) {
            return Ok(false);
        }
        entry.state = State::Used { by, granted_at: at, at: now };
        entry.nonce = None;
        turn.write(&entry)?;
        Ok(true)
    }

    /// The call that used it was never sent. Only for whoever used it up.
    pub fn give_back(&self, id: &str) -> Result<(), ApprovalError> {
        let Some(id) = ApprovalId::parse(id) else { return Ok(()) };
        let turn = self.files.turn()?;
        let Some(mut entry) = self.files.get(&id)? else { return Ok(()) };
        if let State::Used { by, granted_at, .. } = entry.state {
            entry.state = State::Granted { by, at: granted_at };
            turn.write(&entry)?;
        }
        Ok(())
    }

    /// Every approval that is kept, oldest first.
    pub fn list(&self) -> Result<Vec<Entry>, ApprovalError> {
        self.files.all()
    }

    pub fn show(&self, id: &ApprovalId) -> Result<Option<Entry>, ApprovalError> {
        self.files.get(id)
    }

    /// The open question behind the secret part of a page's address.
    pub fn of_page(&self, secret: &str, now: Timestamp) -> Result<Option<Entry>, ApprovalError> {
        let digest = self.files.key()?.digest(secret.as_bytes());
        let is_it = |entry: &Entry| entry.page.as_ref().is_some_and(|page| same(page, &digest));
        Ok(self.files.all()?.into_iter().find(|entry| is_it(entry) && entry.is_pending(now)))
    }

    /// A person says yes or no. `note` writes it into the audit log first: what the log cannot hold
    /// does not happen.
    pub fn decide(
        &self,
        id: &ApprovalId,
        yes: bool,
        by: &Person,
        door: Door,
        now: Timestamp,
        note: impl FnOnce(&Entry) -> Result<(), String>,
    ) -> Result<Entry, DecideError> {
        let turn = self.files.turn()?;
        let mut entry = self.files.get(id)?.ok_or(DecideError::Unknown)?;
        match (&entry.state, yes) {
            (State::Pending, _) | (State::Granted { .. }, false) if entry.is_over(now) => {
                return Err(DecideError::Expired);
            }
            // A yes may be taken back as long as nothing was done.
            (State::Pending, _) | (State::Granted { .. }, false) => {}
            (state, _) => return Err(DecideError::Already(state.as_str())),
        }
        if yes {
            if door != Door::Page && !entry.on_console {
                return Err(DecideError::NotHere);
            }
            entry.may_be_granted_by(by)?;
        }
        let by = Arc::clone(&by.shown);
        entry.state = if yes { State::Granted { by, at: now } } else { State::Refused { by, at: now } };
        entry.page = None;
        note(&entry).map_err(DecideError::NotNoted)?;
        turn.write(&entry)?;
        Ok(entry)
    }
}

/// Where a person says yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    CommandLine,
    /// The queue of the web console.
    Console,
    Page,
}

/// The person behind a caller, as far as anybody knows.
fn self_of(caller: &Caller) -> Person {
    Person {
        shown: format!("{} (in the client)", caller.user).into(),
        names: vec![caller.user.as_str().into()],
        groups: caller.groups.to_vec(),
        is_local_owner: caller.user == UserName::local(),
    }
}

/// May the person behind this caller approve their own call in a form?
pub fn may_answer_in_form(caller: &Caller, terms: &ApprovalTerms) -> bool {
    may_grant(&terms.approvers, terms.self_approval, &caller.user, &self_of(caller)).is_ok()
}

fn is_within(entry: &Entry, window: Duration, now: Timestamp) -> bool {
    now.duration_since(entry.asked_at).unsigned_abs() <= window
}

fn has_room(turn: &Turn<'_>, asking: &Asking, now: Timestamp) -> Result<bool, ApprovalError> {
    let pending = turn.files().all()?;
    let pending = pending.iter().filter(|entry| entry.grant == asking.caller.grant && entry.is_pending(now));
    let allowed = usize::try_from(asking.terms.max_pending).unwrap_or(usize::MAX);
    Ok(pending.count() < allowed && turn.make_room(now)?)
}

fn new_entry(asking: &Asking, digest: String, now: Timestamp) -> Result<Entry, ApprovalError> {
    let ttl = asking.terms.ttl.min(TTL_MAX);
    let expires_at = now.checked_add(ttl).map_err(|_| ApprovalError::Encoding)?;
    Ok(Entry {
        id: ApprovalId::random()?,
        digest,
        user: asking.caller.user.clone(),
        grant: asking.caller.grant.clone(),
        tool: asking.tool.to_string(),
        class: asking.class,
        rule: asking.rule.0.to_string(),
        policy: asking.policy.to_string(),
        text: asking.text.clone(),
        asked_at: now,
        expires_at,
        on_console: asking.terms.modes.contains(&ApprovalMode::Console),
        in_form: false,
        approvers: asking.terms.approvers.clone(),
        self_approval: asking.terms.self_approval,
        nonce: None,
        page: None,
        state: State::Pending,
    })
}

/// Writes the question down and words it for the way it goes.
fn put(turn: &Turn<'_>, asking: &Asking, mut entry: Entry, is_new: bool) -> Result<Standing, ApprovalError> {
    let asked = match asking.way {
        Way::Form => Asked::Form,
        Way::Page => Asked::Page,
        Way::Console | Way::None => {
            if is_new {
                turn.write(&entry)?;
            }
            return Ok(Standing::Pending { id: entry.id.shared(), expires_at: entry.expires_at, is_new });
        }
    };
    let nonce = match entry.nonce.take() {
        Some(nonce) => nonce,
        None => hex(&random::<NONCE_BYTES>()?),
    };
    entry.nonce = Some(nonce.clone());
    let mut url = None;
    if asked == Asked::Page {
        let secret = hex(&random::<PAGE_BYTES>()?);
        entry.page = Some(turn.key().digest(secret.as_bytes()));
        url = Some(format!("/approve/{secret}"));
    } else {
        entry.in_form = true;
    }
    turn.write(&entry)?;
    let token = Token {
        id: entry.id.clone(),
        asked,
        digest: entry.digest.clone(),
        user: entry.user.clone(),
        grant: entry.grant.clone(),
        expires_at: entry.expires_at,
        nonce,
    };
    Ok(Standing::Open(Box::new(Question {
        id: entry.id.shared(),
        text: entry.text,
        url,
        state: token.seal(turn.key())?.into(),
        expires_at: entry.expires_at,
        rule: asking.rule.clone(),
    })))
}

/// Compares secrets without telling by time how much of them is right.
fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests;
