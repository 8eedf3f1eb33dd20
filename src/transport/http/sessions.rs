//! Sessions of the older revisions: how many there may be, and whose they are.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use crate::facts::{Caller, GrantName, UserName};

/// Who opened which session. A session id is no proof of anything: the token must fit, too.
#[derive(Debug)]
pub(super) struct Sessions {
    manager: Arc<Manager>,
    owners: Mutex<HashMap<Arc<str>, Owner>>,
    opening: Arc<AtomicUsize>,
    sessions_max: usize,
}

type Owner = (GrantName, UserName);

/// rmcp's sessions, which say nothing when printed.
struct Manager(Arc<LocalSessionManager>);

impl std::fmt::Debug for Manager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Manager")
    }
}

/// A place that is held while a session is opened.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Sessions {
    pub(super) fn new(manager: Arc<LocalSessionManager>, sessions_max: usize) -> Self {
        Self {
            manager: Arc::new(Manager(manager)),
            owners: Mutex::default(),
            opening: Arc::default(),
            sessions_max,
        }
    }

    /// A place for one more session, or `None` when all are taken.
    pub(super) async fn place(&self) -> Option<Place> {
        let opening = self.opening.fetch_add(1, Ordering::AcqRel);
        let place = Place(Arc::clone(&self.opening));
        let sessions = self.manager.0.sessions.read().await;
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.retain(|id, _| sessions.contains_key(id));
        (sessions.len() + opening < self.sessions_max).then_some(place)
    }

    pub(super) fn opened(&self, id: &str, caller: &Caller) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.insert(Arc::from(id), (caller.grant.clone(), caller.user.clone()));
    }

    pub(super) fn belongs_to(&self, id: &str, caller: &Caller) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(id).is_some_and(|(grant, user)| *grant == caller.grant && *user == caller.user)
    }
}
