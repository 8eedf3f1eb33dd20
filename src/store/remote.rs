//! Documents of the shared store, with the words of the state directory.

use std::path::PathBuf;

use super::{
    Entry,
    postgres::{DocumentLock, Documents, Postgres, PostgresError},
    state_dir::{Stamp, StoreError},
};

/// The documents whose names begin alike.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    documents: Documents,
    /// Ends with a slash where it is not empty.
    prefix: String,
}

/// Documents that only we may change for now.
#[derive(Debug)]
pub(super) struct RemoteLock {
    lock: DocumentLock,
    prefix: String,
}

fn failed(what: &'static str, place: String) -> impl FnOnce(PostgresError) -> StoreError {
    move |error| StoreError { what, path: PathBuf::from(place), source: error.into() }
}

impl Remote {
    pub(super) fn of(store: &Postgres, prefix: &str) -> Self {
        Self { documents: Documents::of(store), prefix: prefix.to_owned() }
    }

    fn place(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn stamp(&self, name: &str) -> Result<Option<Stamp>, StoreError> {
        let place = self.place(name);
        let version = self.documents.version(&place).map_err(failed("examine", place))?;
        Ok(version.map(Stamp::of_version))
    }

    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let place = self.place(name);
        self.documents.read(&place).map_err(failed("read", place))
    }

    pub(super) fn names(&self) -> Result<Vec<String>, StoreError> {
        self.documents.names(&self.prefix).map_err(failed("list", self.prefix.clone()))
    }

    pub(super) fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let found = self.documents.entries(&self.prefix).map_err(failed("list", self.prefix.clone()))?;
        Ok(found.into_iter().map(|(name, bytes, stamp)| Entry { name, bytes, stamp }).collect())
    }

    pub(super) fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.documents.folders(&self.prefix).map_err(failed("list", self.prefix.clone()))
    }

    pub(super) fn folder(&self, name: &str) -> Self {
        Self { documents: self.documents.clone(), prefix: format!("{}{name}/", self.prefix) }
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        let place = self.place(name);
        self.documents.remove(&place).map_err(failed("remove", place))
    }

    pub(super) fn lock(&self, name: &str) -> Result<RemoteLock, StoreError> {
        let place = self.place(name);
        let lock = self.documents.lock(&place).map_err(failed("lock", place))?;
        Ok(RemoteLock { lock, prefix: self.prefix.clone() })
    }
}

impl RemoteLock {
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let place = format!("{}{name}", self.prefix);
        self.lock.replace(&place, bytes).map_err(failed("write", place))
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        let place = format!("{}{name}", self.prefix);
        self.lock.remove(&place).map_err(failed("remove", place))
    }
}
