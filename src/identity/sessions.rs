//! Who signed in with a browser: until they sign out, are idle too long, or somebody ends it.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    accounts::{Account, Accounts},
    people::PeopleError,
    secrets::{Trace, derived, new_id, new_secret, same},
};
use crate::{
    config::AuthSettings,
    facts::{Secret, UserName},
    store::{Cabinet, Drawer, Item},
};

/// Sessions at once: far more than people, and few enough to be listed.
const SESSIONS_MAX: u64 = 20_000;
/// When it was used last is written no more often than that.
const SEEN_WRITTEN_EVERY: Duration = Duration::from_secs(60);
/// What a browser says of itself is shown in lists; the beginning is enough.
const AGENT_CHARS_MAX: usize = 120;
const PAGE: usize = 500;

/// All sessions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sessions {
    drawer: Drawer,
    accounts: Accounts,
    idle: Duration,
    absolute: Duration,
}

/// A session as it is kept; what the browser shows is not in here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// The name under which it is ended.
    pub id: String,
    pub user: UserName,
    account_id: String,
    epoch: u64,
    pub began_at: Timestamp,
    pub seen_at: Timestamp,
    pub address: Option<IpAddr>,
    /// What the browser called itself.
    pub agent: String,
    proof: String,
}

/// Somebody who is signed in, with what their account says now.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub account: Account,
    pub session: Session,
    /// Stands in every form; a page of somebody else cannot know it.
    pub csrf: String,
}

impl SignedIn {
    /// Did this form come from a page of ours, for this session?
    pub fn csrf_fits(&self, shown: &str) -> bool {
        same(&self.csrf, shown)
    }
}

/// Where a request came from, for lists.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    pub address: Option<IpAddr>,
    pub agent: String,
}

impl Sessions {
    pub(super) fn new(cabinet: &Cabinet, accounts: Accounts, settings: &AuthSettings) -> Self {
        Self {
            drawer: cabinet.drawer("sessions"),
            accounts,
            idle: Duration::from_secs(settings.session_idle_minutes * 60),
            absolute: Duration::from_secs(settings.session_hours_max * 60 * 60),
        }
    }

    /// Begins a session; the answer is what the browser keeps.
    pub(super) async fn begin(&self, account: &Account, visitor: &Visitor) -> Result<Secret, PeopleError> {
        if self.drawer.count("").await? >= SESSIONS_MAX {
            return Err(PeopleError::Busy);
        }
        let secret = new_secret("")?;
        let trace = Trace::of(secret.reveal());
        let now = Timestamp::now();
        let session = Session {
            id: new_id()?,
            user: account.name.clone(),
            account_id: account.id.clone(),
            epoch: account.epoch,
            began_at: now,
            seen_at: now,
            address: visitor.address,
            agent: visitor.agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect(),
            proof: trace.proof().to_owned(),
        };
        self.drawer.insert(&trace.place, written(&session)?, Some(self.ends_at(&session))).await?;
        Ok(secret)
    }

    /// Who is behind what a browser shows: looked up each time, so that a role that was taken away is
    /// gone with the next request.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn find(&self, shown: &str) -> Result<Option<SignedIn>, PeopleError> {
        let trace = Trace::of(shown);
        let Some(item) = self.drawer.get(&trace.place).await? else { return Ok(None) };
        let mut session = read(&trace.place, &item)?;
        let now = Timestamp::now();
        if !trace.proves(&session.proof) || self.ends_at(&session) <= now {
            return Ok(None);
        }
        let account = self.accounts.get(&session.user).await?;
        let is_good =
            |account: &Account| account.is_still(&session.account_id) && account.epoch == session.epoch;
        let Some(account) = account.filter(is_good) else {
            self.drawer.remove(&trace.place).await?;
            return Ok(None);
        };
        if now.duration_since(session.seen_at).unsigned_abs() >= SEEN_WRITTEN_EVERY {
            session.seen_at = now;
            let until = Some(self.ends_at(&session));
            // Another request of the same browser may have written it.
            self.drawer.replace(&trace.place, item.version, written(&session)?, until).await?;
        }
        Ok(Some(SignedIn { account, session, csrf: derived(shown, "csrf") }))
    }

    /// Ends the session of this browser.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn end(&self, shown: &str) -> Result<(), PeopleError> {
        self.drawer.remove(&Trace::of(shown).place).await?;
        Ok(())
    }

    /// Every session that goes on, the newest first.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached or an entry is damaged.
    pub async fn list(&self) -> Result<Vec<Session>, PeopleError> {
        let now = Timestamp::now();
        let mut sessions: Vec<Session> =
            self.entries().await?.into_iter().map(|(_, session)| session).collect();
        sessions.retain(|session| self.ends_at(session) > now);
        sessions.sort_by_key(|session| std::cmp::Reverse(session.began_at));
        Ok(sessions)
    }

    /// Ends the session of that name; `None` where there is none.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn revoke(&self, id: &str) -> Result<Option<Session>, PeopleError> {
        let found = self.entries().await?.into_iter().find(|(_, session)| session.id == id);
        let Some((place, _)) = found else { return Ok(None) };
        let removed = self.drawer.remove(&place).await?;
        removed.map(|item| read(&place, &item)).transpose()
    }

    /// Ends all sessions of an account, and says how many those were.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn revoke_all_of(&self, user: &UserName) -> Result<usize, PeopleError> {
        let mut ended = 0;
        for (place, session) in self.entries().await? {
            if session.user == *user && self.drawer.remove(&place).await?.is_some() {
                ended += 1;
            }
        }
        Ok(ended)
    }

    pub(super) async fn sweep(&self, now: Timestamp) -> Result<(), PeopleError> {
        self.drawer.sweep(now).await?;
        Ok(())
    }

    fn ends_at(&self, session: &Session) -> Timestamp {
        (session.seen_at + self.idle).min(session.began_at + self.absolute)
    }

    async fn entries(&self) -> Result<Vec<(String, Session)>, PeopleError> {
        let (mut entries, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.drawer.list("", after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(entries) };
            after = Some(last.clone());
            for (place, item) in page {
                let session = read(&place, &item)?;
                entries.push((place, session));
            }
        }
    }
}

fn read(place: &str, item: &Item) -> Result<Session, PeopleError> {
    serde_json::from_slice(&item.value).map_err(|_| PeopleError::Damaged { key: place.to_owned() })
}

fn written(session: &Session) -> Result<Vec<u8>, PeopleError> {
    serde_json::to_vec(session).map_err(|_| PeopleError::Damaged { key: session.id.clone() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        facts::Role,
        identity::local_name,
        store::{SealKeys, StateDir},
    };

    struct Place {
        _dir: tempfile::TempDir,
        sessions: Sessions,
        account: Account,
    }

    async fn place(idle: Duration, absolute: Duration) -> Place {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path()).unwrap();
        let cabinet = Cabinet::open(&state);
        let accounts = Accounts::new(&cabinet, Arc::new(SealKeys::in_file(&state)));
        let account = accounts.add(&local_name("anna").unwrap(), Role::Owner, None, None).await.unwrap();
        let sessions =
            Sessions { idle, absolute, ..Sessions::new(&cabinet, accounts, &AuthSettings::default()) };
        Place { _dir: dir, sessions, account }
    }

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_session_is_over_when_it_was_idle_or_lasted_too_long() {
        for (idle, absolute, lives) in
            [(LONG, LONG, true), (Duration::ZERO, LONG, false), (LONG, Duration::ZERO, false)]
        {
            let place = place(idle, absolute).await;
            let shown = place.sessions.begin(&place.account, &Visitor::default()).await.unwrap();
            let found = place.sessions.find(shown.reveal()).await.unwrap();
            assert_eq!(found.is_some(), lives, "{idle:?} {absolute:?}");
            assert_eq!(place.sessions.list().await.unwrap().len(), usize::from(lives));
        }
    }

    #[tokio::test]
    async fn only_what_was_handed_out_is_a_session() {
        let place = place(LONG, LONG).await;
        let shown = place.sessions.begin(&place.account, &Visitor::default()).await.unwrap();
        let found = place.sessions.find(shown.reveal()).await.unwrap().unwrap();
        for wrong in ["", &found.session.id, &found.csrf, &format!("{}x", shown.reveal())] {
            assert!(place.sessions.find(wrong).await.unwrap().is_none(), "{wrong}");
        }
        assert!(found.csrf_fits(&found.csrf) && !found.csrf_fits("") && !found.csrf_fits(shown.reveal()));
        let other = place.sessions.begin(&place.account, &Visitor::default()).await.unwrap();
        let other = place.sessions.find(other.reveal()).await.unwrap().unwrap();
        assert!(!found.csrf_fits(&other.csrf), "each session has its own");
        assert!(place.sessions.revoke(&found.session.id).await.unwrap().is_some());
        assert!(place.sessions.find(shown.reveal()).await.unwrap().is_none());
        assert!(place.sessions.revoke(&found.session.id).await.unwrap().is_none());
        assert_eq!(place.sessions.list().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_a_browser_says_of_itself_is_kept_short_and_plain() {
        let place = place(LONG, LONG).await;
        let agent = format!("a\u{1b}[2J{}", "b".repeat(500));
        let shown = place.sessions.begin(&place.account, &Visitor { address: None, agent }).await.unwrap();
        let kept = place.sessions.find(shown.reveal()).await.unwrap().unwrap().session.agent;
        assert!(kept.starts_with("a[2Jb") && kept.chars().count() == AGENT_CHARS_MAX, "{kept}");
    }
}
