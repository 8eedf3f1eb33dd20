//! Sessions of the older revisions: whose they are, how many there may be, and which of them are awake.
//!
//! A session that rmcp serves holds two tasks and seven queues, some 80 KiB. Between two requests nothing
//! of that is needed, so a session that rests is put to sleep: what is left is what its client said when it
//! opened it, and the next request wakes it with that. As long as anything of a session is under way, a
//! request, a call whose client went away, a stream that waits for notices, it stays awake.
//!
//! INVARIANT: whoever brings a session to life alone does so (`Use::waking`), and only the book ends one.

mod hello;
mod manager;
#[cfg(test)]
mod tests;
mod using;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use rmcp::transport::streamable_http_server::session::{
    SessionId, SessionState,
    local::{LocalSessionHandle, SessionConfig},
};
use tokio_util::sync::CancellationToken;

pub(in crate::transport) use self::using::Use;
pub(super) use self::{hello::Hellos, using::Opening};
use crate::{
    facts::{Caller, GrantName, UserName},
    policy::Policy,
};

/// Sessions that rest and are awake all the same, so that who calls again at once finds it so.
const RESTING_AWAKE_MAX: usize = 256;
/// A session rests at least this long before it is put to sleep, however many others there are.
const REST_BEFORE_SLEEP: Duration = Duration::from_millis(250);
/// And so long where there is room. The answer to a call whose client went away is kept until then.
const AWAKE_FOR: Duration = Duration::from_secs(60);
/// How often somebody looks for sessions whose time has come.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How many sessions there may be, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct SessionLimits {
    pub(super) sessions_max: usize,
    pub(super) per_caller_max: usize,
    pub(super) idle: Duration,
}

/// Why a session is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The server has as many as it may hold.
    Server,
    /// The caller has.
    Caller,
}

/// Tells which policy rules.
struct Ruling(Box<dyn Fn() -> Arc<Policy> + Send + Sync>);

impl std::fmt::Debug for Ruling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ruling")
    }
}

/// All sessions of one door.
#[derive(Debug)]
pub(super) struct Sessions {
    book: Mutex<Book>,
    limits: SessionLimits,
    config: SessionConfig,
    ruling: Ruling,
}

#[derive(Debug, Default)]
struct Book {
    sessions: HashMap<SessionId, Session>,
    /// Sessions and places for some, by their user.
    of_user: HashMap<UserName, usize>,
    /// Places of sessions that are being opened.
    opening: usize,
    /// Awake sessions that rest, the one that rests longest first.
    resting: BTreeMap<u64, SessionId>,
    /// The next number in `resting`.
    next_rest: u64,
}

#[derive(Debug)]
struct Session {
    owner: Arc<Owner>,
    /// What its client said when it opened it. Without it the session cannot be woken.
    hello: Option<Arc<SessionState>>,
    live: Option<Live>,
    /// Requests, calls and streams under way.
    uses: usize,
    /// Its number in `resting`, while it is there.
    rest: Option<u64>,
    used_at: Instant,
    /// What ruled when it fell asleep: notices about changes since then did not reach it.
    slept_under: Option<Arc<Policy>>,
    /// Held by whoever wakes it.
    waking: Arc<tokio::sync::Mutex<()>>,
}

/// Whose a session is. A session id is no proof of anything: the token must fit, too.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    user: UserName,
    grant: GrantName,
}

/// A session that rmcp serves.
#[derive(Debug)]
struct Live {
    handle: LocalSessionHandle,
    /// Ends it; and it is cancelled once it ended by itself.
    stop: CancellationToken,
    /// Its handshake was made; before that it takes no other message.
    is_ready: bool,
}

impl Live {
    fn is_ended(&self) -> bool {
        self.stop.is_cancelled()
    }
}

impl Owner {
    fn of(caller: &Caller) -> Self {
        Self { user: caller.user.clone(), grant: caller.grant.clone() }
    }
}

impl Sessions {
    pub(super) fn new(
        limits: SessionLimits,
        ruling: impl Fn() -> Arc<Policy> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let mut config = SessionConfig::default();
        // The book decides when a session ends: rmcp would end one in the middle of a silent call.
        config.keep_alive = None;
        Arc::new(Self { book: Mutex::default(), limits, config, ruling: Ruling(Box::new(ruling)) })
    }

    /// Lets go of what rests for too long, until the sessions themselves are gone.
    pub(super) fn watch(self: &Arc<Self>) {
        let sessions = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let Some(sessions) = Weak::upgrade(&sessions) else { return };
                sessions.look(Instant::now());
            }
        });
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self) -> usize {
        self.book().sessions.len()
    }

    /// A place for one more session of this caller.
    pub(super) fn open(self: &Arc<Self>, caller: &Caller) -> Result<Arc<Opening>, Full> {
        let mut book = self.book();
        if book.sessions.len() + book.opening >= self.limits.sessions_max {
            return Err(Full::Server);
        }
        let of_user = book.of_user.entry(caller.user.clone()).or_default();
        if *of_user >= self.limits.per_caller_max {
            return Err(Full::Caller);
        }
        *of_user += 1;
        book.opening += 1;
        drop(book);
        Ok(Opening::new(Arc::clone(self), Owner::of(caller)))
    }

    /// This session for one request of this caller; `None` where it is not theirs, or is none.
    pub(super) fn enter(self: &Arc<Self>, id: &str, caller: &Caller) -> Option<Arc<Use>> {
        let mut book = self.book();
        let (id, session) = book.sessions.get_key_value(id)?;
        if *session.owner != Owner::of(caller) {
            return None;
        }
        let id = Arc::clone(id);
        let (slept_under, waking) = book.enter(&id)?;
        drop(book);
        Some(Arc::new(Use::new(Arc::clone(self), id, slept_under, waking)))
    }

    /// Is a request for it served without waking it?
    fn is_awake(&self, id: &str) -> bool {
        let book = self.book();
        book.sessions.get(id).and_then(|session| session.live.as_ref()).is_some_and(Live::is_usable)
    }

    /// Nothing of it is under way for this user of it any more.
    fn leave(&self, id: &SessionId, now: Instant) {
        let mut book = self.book();
        book.leave(id, now);
        while book.resting.len() > RESTING_AWAKE_MAX {
            if !self.put_longest_to_sleep(&mut book, now, REST_BEFORE_SLEEP) {
                break;
            }
        }
    }

    /// The client ended it.
    pub(super) fn end(&self, id: &str) {
        self.book().remove(id);
    }

    /// Puts to sleep what rests, and ends what was idle for too long.
    fn look(&self, now: Instant) {
        let mut book = self.book();
        while book.resting.len() > RESTING_AWAKE_MAX {
            if !self.put_longest_to_sleep(&mut book, now, REST_BEFORE_SLEEP) {
                break;
            }
        }
        while self.put_longest_to_sleep(&mut book, now, AWAKE_FOR) {}
        let idle = |session: &Session| {
            session.uses == 0 && now.saturating_duration_since(session.used_at) >= self.limits.idle
        };
        let over: Vec<SessionId> =
            book.sessions.iter().filter(|(_, session)| idle(session)).map(|(id, _)| Arc::clone(id)).collect();
        for id in over {
            book.remove(&id);
        }
    }

    /// False where nobody rests for that long.
    fn put_longest_to_sleep(&self, book: &mut Book, now: Instant, rested: Duration) -> bool {
        let Some((number, id)) = book.resting.first_key_value().map(|(number, id)| (*number, Arc::clone(id)))
        else {
            return false;
        };
        if let Some(session) = book.sessions.get_mut(&id) {
            if now.saturating_duration_since(session.used_at) < rested {
                return false;
            }
            session.rest = None;
            if session.hello.is_some()
                && let Some(live) = session.live.take()
            {
                session.slept_under = Some((self.ruling.0)());
                live.stop.cancel();
            }
        }
        book.resting.remove(&number);
        true
    }
}

impl Live {
    fn is_usable(&self) -> bool {
        self.is_ready && !self.is_ended()
    }
}

type Waking = Arc<tokio::sync::Mutex<()>>;

impl Book {
    fn enter(&mut self, id: &SessionId) -> Option<(Option<Arc<Policy>>, Waking)> {
        let session = self.sessions.get_mut(id)?;
        session.uses += 1;
        if let Some(number) = session.rest.take() {
            self.resting.remove(&number);
        }
        Some((session.slept_under.clone(), Arc::clone(&session.waking)))
    }

    fn leave(&mut self, id: &SessionId, now: Instant) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.uses = session.uses.saturating_sub(1);
        session.used_at = now;
        if session.uses == 0 && session.live.is_some() {
            session.rest = Some(self.next_rest);
            self.resting.insert(self.next_rest, Arc::clone(id));
            self.next_rest += 1;
        }
    }

    fn remove(&mut self, id: &str) {
        let Some(session) = self.sessions.remove(id) else { return };
        if let Some(number) = session.rest {
            self.resting.remove(&number);
        }
        if let Some(live) = session.live {
            live.stop.cancel();
        }
        self.give_back(&session.owner.user);
    }

    /// One session of this user less.
    fn give_back(&mut self, user: &UserName) {
        if let Some(count) = self.of_user.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                self.of_user.remove(user);
            }
        }
    }
}
