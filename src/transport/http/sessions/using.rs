//! What is held while something of a session is under way.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use rmcp::transport::streamable_http_server::session::SessionId;
use tokio::sync::OwnedMutexGuard;

use super::{Owner, Sessions, Waking};
use crate::policy::Policy;

/// A session that is in use. It travels with the request into the call, and with the answer to the client:
/// whichever ends last lets the session rest.
#[derive(Debug)]
pub(in crate::transport) struct Use {
    sessions: Arc<Sessions>,
    pub(super) id: SessionId,
    slept_under: Option<Arc<Policy>>,
    waking: Waking,
}

impl Use {
    pub(super) fn new(
        sessions: Arc<Sessions>,
        id: SessionId,
        slept_under: Option<Arc<Policy>>,
        waking: Waking,
    ) -> Self {
        Self { sessions, id, slept_under, waking }
    }

    /// What ruled when the session fell asleep, if it did.
    pub(in crate::transport) fn slept_under(&self) -> Option<&Arc<Policy>> {
        self.slept_under.as_ref()
    }

    /// The turn to wake the session, where it sleeps: others that come meanwhile wait until it is awake.
    pub(in crate::transport::http) async fn waking(&self) -> Option<OwnedMutexGuard<()>> {
        if self.sessions.is_awake(&self.id) {
            return None;
        }
        let turn = Arc::clone(&self.waking).lock_owned().await;
        (!self.sessions.is_awake(&self.id)).then_some(turn)
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.sessions.leave(&self.id, Instant::now());
    }
}

tokio::task_local! {
    /// The place for the session that this request opens.
    static OPENING: Arc<Opening>;
}

/// A place for a session that is being opened. Dropping it before the client was told of its session gives
/// both back.
#[derive(Debug)]
pub(in crate::transport::http) struct Opening {
    sessions: Arc<Sessions>,
    pub(super) owner: Arc<Owner>,
    /// The session, once there is one.
    pub(super) id: OnceLock<SessionId>,
    is_told: OnceLock<()>,
}

impl Opening {
    pub(super) fn new(sessions: Arc<Sessions>, owner: Owner) -> Arc<Self> {
        let (id, is_told) = (OnceLock::new(), OnceLock::new());
        Arc::new(Self { sessions, owner: Arc::new(owner), id, is_told })
    }

    /// Runs what may open a session in this place.
    pub(in crate::transport::http) async fn run<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        OPENING.scope(Arc::clone(self), work).await
    }

    /// The client is told which session is its own.
    pub(in crate::transport::http) fn told(&self) {
        let _ = self.is_told.set(());
        if let Some(id) = self.id.get() {
            self.sessions.leave(id, Instant::now());
        }
    }

    /// The place of the request that runs now.
    pub(super) fn current() -> Option<Arc<Self>> {
        OPENING.try_with(Arc::clone).ok()
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        match self.id.get() {
            None => {
                let mut book = self.sessions.book();
                book.opening -= 1;
                book.give_back(&self.owner.user);
            }
            Some(id) if self.is_told.get().is_none() => self.sessions.end(id),
            Some(_) => {}
        }
    }
}
