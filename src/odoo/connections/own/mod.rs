//! Connections of single users: sealed in the cabinet, found for their owner alone.
//!
//! A call looks at the connections as its caller has them: what all share, and one set of their own,
//! read once before anything of the call is understood. Somebody else's set is never read for it, so
//! nothing can tell another user's alias from one that does not exist.
//!
//! INVARIANT: a set is the one of this moment. What was deleted anywhere is gone with the next call.

mod change;
mod document;
mod shown;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

pub use change::OwnRequest;
pub use shown::{OwnRow, OwnState};

use self::document::{OwnConnection, OwnDocument};
use super::{Connections, shelf::Shelf};
use crate::{
    facts::{ConnectionAlias, Definition, Limits, Origin, UserName, hex},
    odoo::{OdooClient, OdooError},
    store::{Cabinet, CabinetError, Drawer},
};

/// Sets that are remembered between calls; when there are more, they are read and made again.
const SETS_MAX: usize = 1_024;

/// The sets of all users.
#[derive(Debug)]
pub(super) struct OwnShelf {
    drawer: Drawer,
    /// Has the key that seals secrets.
    keys: Arc<Shelf>,
    limits: Limits,
    seen: Mutex<HashMap<UserName, Arc<OwnSet>>>,
}

/// What one user has.
#[derive(Debug, Default)]
pub(super) struct OwnSet {
    /// The version of the item; `None` where there is none.
    version: Option<u64>,
    entries: BTreeMap<ConnectionAlias, Arc<OwnEntry>>,
    active: Option<ConnectionAlias>,
}

/// One connection, and its client once somebody wanted it.
#[derive(Debug)]
pub(super) struct OwnEntry {
    record: OwnConnection,
    client: OnceLock<Arc<OdooClient>>,
}

/// The set of one user, for one call.
#[derive(Debug, Clone)]
pub(super) struct OwnView {
    pub(super) user: UserName,
    set: Arc<OwnSet>,
    shelf: Arc<OwnShelf>,
}

impl OwnShelf {
    pub(super) fn new(cabinet: &Cabinet, keys: Arc<Shelf>, limits: Limits) -> Self {
        Self { drawer: cabinet.drawer("connections"), keys, limits, seen: Mutex::default() }
    }

    pub(super) async fn view(self: &Arc<Self>, user: &UserName) -> Result<OwnView, OdooError> {
        let set = self.load(user).await?;
        Ok(OwnView { user: user.clone(), set, shelf: Arc::clone(self) })
    }

    async fn load(&self, user: &UserName) -> Result<Arc<OwnSet>, OdooError> {
        let item = self.drawer.get(&key_of(user)).await.map_err(|error| unreachable_store(&error))?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.get(user).cloned().unwrap_or_default();
        if before.version == item.as_ref().map(|item| item.version) {
            return Ok(before);
        }
        let Some(item) = item else {
            seen.remove(user);
            return Ok(Arc::default());
        };
        let document = OwnDocument::read(&item.value)?;
        let set = Arc::new(OwnSet::of(document, item.version, &before));
        if seen.len() >= SETS_MAX {
            seen.clear();
        }
        seen.insert(user.clone(), Arc::clone(&set));
        Ok(set)
    }
}

impl OwnSet {
    /// A connection that did not change keeps its client, and with it the session.
    fn of(document: OwnDocument, version: u64, before: &Self) -> Self {
        let entry = |record: OwnConnection| {
            let alias = record.saved.alias.clone();
            let kept = before.entries.get(&alias).filter(|entry| entry.record == record);
            let entry =
                kept.cloned().unwrap_or_else(|| Arc::new(OwnEntry { record, client: OnceLock::new() }));
            (alias, entry)
        };
        let entries = document.connections.into_iter().map(entry).collect();
        Self { version: Some(version), entries, active: document.active }
    }
}

impl OwnView {
    pub(super) fn client(&self, alias: &ConnectionAlias) -> Result<Option<Arc<OdooClient>>, OdooError> {
        let Some(entry) = self.set.entries.get(alias) else { return Ok(None) };
        if let Some(client) = entry.client.get() {
            return Ok(Some(Arc::clone(client)));
        }
        let definition = self.definition(&entry.record)?;
        let client = Arc::new(OdooClient::new(Arc::new(definition), self.shelf.limits));
        Ok(Some(Arc::clone(entry.client.get_or_init(|| client))))
    }

    pub(super) fn has(&self, alias: &ConnectionAlias) -> bool {
        self.set.entries.contains_key(alias)
    }

    pub(super) fn aliases(&self) -> impl Iterator<Item = &ConnectionAlias> {
        self.set.entries.keys()
    }

    pub(super) fn active(&self) -> Option<&ConnectionAlias> {
        self.set.active.as_ref()
    }

    fn definition(&self, record: &OwnConnection) -> Result<Definition, OdooError> {
        Ok(Definition { origin: Origin::Own, ..record.saved.definition(self.shelf.keys.keys())? })
    }
}

impl Connections {
    /// The connections as one user has them, at this moment.
    pub async fn seen_by(&self, user: &UserName) -> Result<Self, OdooError> {
        let own = match &self.own_shelf {
            Some(shelf) => Some(shelf.view(user).await?),
            None => None,
        };
        Ok(Self { own, ..self.clone() })
    }

    /// The connection that a call of this user means when it names none, where they chose one.
    pub fn active(&self) -> Option<&ConnectionAlias> {
        self.own.as_ref()?.active()
    }

    /// The aliases that are the user's own.
    pub fn own_aliases(&self) -> Vec<ConnectionAlias> {
        self.own.iter().flat_map(OwnView::aliases).cloned().collect()
    }

    pub(super) fn own(&self) -> Result<&OwnView, OdooError> {
        self.own.as_ref().ok_or_else(|| OdooError::Setup {
            why: "this process keeps no connections of single users".to_owned(),
            hint: None,
        })
    }
}

/// Where the set of a user lies: a digest of the whole name.
fn key_of(user: &UserName) -> String {
    let text = format!("odoo-mcp connections of {}", user.as_str());
    hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}

fn unreachable_store(error: &CabinetError) -> OdooError {
    tracing::error!(%error, "connections of users");
    OdooError::Setup {
        why: "the store of shared state cannot be reached, so nobody's own connections are known".to_owned(),
        hint: Some("nothing was sent; try again later".to_owned()),
    }
}
