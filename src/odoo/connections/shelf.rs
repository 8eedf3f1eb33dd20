//! The file of saved connections, shared by all processes of one state directory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::record::{FILE, FILE_VERSION, SavedConnection};
use crate::{
    facts::{ConnectionAlias, Limits},
    odoo::{OdooClient, OdooError},
    store::{SealKeys, Stamp, StateDir, StoreError, parse_document, write_document},
};

type Records = BTreeMap<ConnectionAlias, SavedConnection>;

/// Saved connections and the clients that were needed so far.
#[derive(Debug)]
pub(super) struct Shelf {
    dir: StateDir,
    keys: SealKeys,
    limits: Limits,
    seen: Mutex<Seen>,
}

/// The file as we last saw it.
#[derive(Debug, Default)]
struct Seen {
    /// `None` before the first look; then what the file looked like.
    looked_at: Option<Option<Stamp>>,
    entries: BTreeMap<ConnectionAlias, Entry>,
    /// Why the file cannot be used, if it cannot.
    problem: Option<String>,
}

/// One saved connection, and its client once somebody wanted it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) record: Arc<SavedConnection>,
    pub(super) client: Option<Arc<OdooClient>>,
}

/// The content of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    connections: Vec<SavedConnection>,
}

impl Shelf {
    pub(super) fn new(dir: StateDir, keys: SealKeys, limits: Limits) -> Self {
        Self { dir, keys, limits, seen: Mutex::default() }
    }

    pub(super) fn keys(&self) -> &SealKeys {
        &self.keys
    }

    /// The client of a saved connection; `None` where no such connection is saved.
    pub(super) fn client(&self, alias: &ConnectionAlias) -> Result<Option<Arc<OdooClient>>, OdooError> {
        let mut seen = self.look();
        if let Some(problem) = &seen.problem {
            return Err(unusable(problem));
        }
        let Some(entry) = seen.entries.get_mut(alias) else { return Ok(None) };
        if let Some(client) = &entry.client {
            return Ok(Some(Arc::clone(client)));
        }
        let definition = entry.record.definition(&self.keys)?;
        let client = Arc::new(OdooClient::new(Arc::new(definition), self.limits));
        entry.client = Some(Arc::clone(&client));
        Ok(Some(client))
    }

    pub(super) fn record(&self, alias: &ConnectionAlias) -> Result<Option<Arc<SavedConnection>>, OdooError> {
        let seen = self.look();
        match &seen.problem {
            Some(problem) => Err(unusable(problem)),
            None => Ok(seen.entries.get(alias).map(|entry| Arc::clone(&entry.record))),
        }
    }

    pub(super) fn aliases(&self) -> Vec<ConnectionAlias> {
        self.look().entries.keys().cloned().collect()
    }

    /// All entries, and why there are none if the file cannot be used.
    pub(super) fn entries(&self) -> (Vec<Entry>, Option<String>) {
        let seen = self.look();
        (seen.entries.values().cloned().collect(), seen.problem.clone())
    }

    /// Saves a connection together with the client that proved it works. Refused when the record is
    /// not the one this change was decided on: another process was faster.
    pub(super) async fn save(
        self: &Arc<Self>,
        decided_on: Option<Arc<SavedConnection>>,
        record: SavedConnection,
        client: Option<Arc<OdooClient>>,
    ) -> Result<(), OdooError> {
        let (alias, saved) = (record.alias.clone(), record.clone());
        self.change(move |records| {
            if records.get(&saved.alias) != decided_on.as_deref() {
                return Err(changed_meanwhile(&saved.alias));
            }
            records.insert(saved.alias.clone(), saved);
            Ok(())
        })
        .await?;
        if let Some(entry) = self.look().entries.get_mut(&alias)
            && *entry.record == record
        {
            entry.client = client;
        }
        Ok(())
    }

    /// Forgets a connection; `false` where there was none.
    pub(super) async fn remove(self: &Arc<Self>, alias: &ConnectionAlias) -> Result<bool, OdooError> {
        let removed = alias.clone();
        let found = self.change(move |records| Ok(records.remove(&removed).is_some())).await?;
        // The next look drops the client, and with it the secret and the open connections.
        drop(self.look());
        Ok(found)
    }

    /// Changes the file under its lock, on top of what others wrote in the meantime.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Records) -> Result<T, OdooError> + Send + 'static,
    ) -> Result<T, OdooError> {
        let shelf = Arc::clone(self);
        // Locks and disks may take their time; calls of other clients go on meanwhile.
        let changed = tokio::task::spawn_blocking(move || shelf.change_now(change)).await;
        changed.unwrap_or_else(|_| Err(unusable("the change was interrupted")))
    }

    fn change_now<T>(
        &self,
        change: impl FnOnce(&mut Records) -> Result<T, OdooError>,
    ) -> Result<T, OdooError> {
        let file = self.dir.lock(FILE).map_err(|error| not_stored(&error))?;
        let bytes = file.read().map_err(|error| not_stored(&error))?;
        let mut records = parse(bytes.as_deref()).map_err(|problem| unusable(&problem))?;
        let outcome = change(&mut records)?;
        let document = Document { connections: records.into_values().collect() };
        let bytes = write_document(&document, FILE_VERSION).map_err(|_| unusable("it cannot be written"))?;
        file.replace(&bytes).map_err(|error| not_stored(&error))?;
        Ok(outcome)
    }

    /// Reads the file again if it is another one than at the last look.
    fn look(&self) -> MutexGuard<'_, Seen> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.dir.stamp(FILE);
        if let (Ok(now), Some(before)) = (&stamp, &seen.looked_at)
            && now == before
        {
            return seen;
        }
        let read = stamp
            .and_then(|stamp| Ok((stamp, self.dir.read(FILE)?)))
            .map_err(|error| error.without_directory())
            .and_then(|(stamp, bytes)| Ok((stamp, parse(bytes.as_deref())?)));
        match read {
            Ok((stamp, records)) => {
                seen.looked_at = Some(stamp);
                seen.problem = None;
                let mut before = std::mem::take(&mut seen.entries);
                let keep = |(alias, record): (ConnectionAlias, SavedConnection)| {
                    // An unchanged record keeps its client, and with it the session and the open connections.
                    let entry = before.remove(&alias).filter(|entry| *entry.record == record);
                    let entry = entry.unwrap_or_else(|| Entry { record: Arc::new(record), client: None });
                    (alias, entry)
                };
                seen.entries = records.into_iter().map(keep).collect();
            }
            Err(problem) => {
                // Nothing is remembered: a repaired file counts at once.
                *seen = Seen { looked_at: None, entries: BTreeMap::new(), problem: Some(problem) };
            }
        }
        seen
    }
}

fn parse(bytes: Option<&[u8]>) -> Result<Records, String> {
    let Some(bytes) = bytes else { return Ok(Records::new()) };
    let document: Document = parse_document(bytes, FILE_VERSION).map_err(|error| error.to_string())?;
    Ok(document.connections.into_iter().map(|record| (record.alias.clone(), record)).collect())
}

pub(super) fn unusable(problem: &str) -> OdooError {
    OdooError::Setup {
        why: format!("the file `{FILE}` of saved connections cannot be used: {problem}"),
        hint: Some("it was left as it is; repair it, or move it away to begin anew".to_owned()),
    }
}

fn not_stored(error: &StoreError) -> OdooError {
    OdooError::Setup {
        why: error.without_directory(),
        hint: Some("check the state directory; nothing was changed".to_owned()),
    }
}

fn changed_meanwhile(alias: &ConnectionAlias) -> OdooError {
    OdooError::ConnectionRefused {
        code: "conflict",
        why: format!("connection `{alias}` was changed by another process in the meantime"),
        hint: Some("look at it with `odoo_connections` and try again".to_owned()),
    }
}
