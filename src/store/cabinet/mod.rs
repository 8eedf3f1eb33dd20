//! One small store of keys and values for everything that people share: accounts, tokens, sessions.
//!
//! Each operation is atomic, between threads and between processes; whoever needs more than one at a
//! time reads, thinks, and writes with [`Drawer::replace`], which fails when somebody else was faster.
//! If the store cannot be reached the answer is an error, never an empty drawer. Deliberately absent:
//! SQL outside this folder, and any knowledge of what the values mean.

mod embedded;
mod item;
mod remote;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

use self::embedded::Embedded;
pub use self::item::{CabinetError, Item};
use self::item::{check_key, check_value};
use self::remote::Remote;
use super::{KeptItem, StateDir};

/// The file of a cabinet in files.
pub const CABINET_FILE: &str = embedded::DATABASE_NAME;

/// Items that one listing hands out at most; whoever wants more asks again after the last key.
const LISTED_MAX: usize = 1_000;

/// All shared state of people. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cabinet {
    back_end: BackEnd,
}

/// Where the items are. Every back end has the operations of [`Drawer`] with the same meaning.
#[derive(Debug, Clone)]
enum BackEnd {
    Embedded(Embedded),
    Remote(Remote),
}

impl Cabinet {
    /// The cabinet of the store that replicas share, or inside the state directory where there is none.
    /// Nothing is opened before it is needed.
    pub fn open(state: &StateDir) -> Self {
        let back_end = match state.store() {
            Some(store) => BackEnd::Remote(Remote::of(store)),
            None => BackEnd::Embedded(Embedded::in_dir(state)),
        };
        Self { back_end }
    }

    /// Every item of a cabinet in files, for moving it.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is one of the shared store, which hands out everything itself.
    pub async fn all(&self) -> Result<Vec<KeptItem>, CabinetError> {
        match &self.back_end {
            BackEnd::Embedded(store) => store.all().await,
            BackEnd::Remote(_) => Err(CabinetError::Unavailable { why: "it is not in files".to_owned() }),
        }
    }

    /// Puts all of these into an empty cabinet in files, and says how many there are then.
    ///
    /// # Errors
    ///
    /// If it cannot be written or is not empty; then nothing of it is kept.
    pub async fn put_all(&self, items: Vec<KeptItem>) -> Result<u64, CabinetError> {
        match &self.back_end {
            BackEnd::Embedded(store) => store.put_all(items).await,
            BackEnd::Remote(_) => Err(CabinetError::Unavailable { why: "it is not in files".to_owned() }),
        }
    }

    /// Was anything ever kept there?
    pub fn is_in(state: &StateDir) -> bool {
        state.store().is_some() || Embedded::is_in(state)
    }

    /// The items of one kind. The name is a literal of our source.
    pub fn drawer(&self, name: &'static str) -> Drawer {
        Drawer { name: Arc::from(name), back_end: self.back_end.clone() }
    }

    /// Throws away what expired before this moment, in all drawers, and says how many items that were.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, CabinetError> {
        match &self.back_end {
            BackEnd::Embedded(store) => store.sweep(None, now).await,
            BackEnd::Remote(store) => store.sweep(None, now).await,
        }
    }
}

/// Items of one kind, by key. Cheap to clone. An expired item is as good as none, swept or not.
#[derive(Debug, Clone)]
pub struct Drawer {
    name: Arc<str>,
    back_end: BackEnd,
}

impl Drawer {
    /// The item of this key, if there is one.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached, or the key cannot be one.
    pub async fn get(&self, key: &str) -> Result<Option<Item>, CabinetError> {
        check_key(key)?;
        match &self.back_end {
            BackEnd::Embedded(store) => store.get(&self.name, key, Timestamp::now()).await,
            BackEnd::Remote(store) => store.get(&self.name, key, Timestamp::now()).await,
        }
    }

    /// Puts a new item in; false where there is one already, which stays as it is.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached, or key or value cannot be kept.
    pub async fn insert(
        &self,
        key: &str,
        value: Vec<u8>,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, CabinetError> {
        check_key(key)?;
        check_value(&value)?;
        match &self.back_end {
            BackEnd::Embedded(store) => {
                store.insert(&self.name, key, value, expires_at, Timestamp::now()).await
            }
            BackEnd::Remote(store) => {
                store.insert(&self.name, key, value, expires_at, Timestamp::now()).await
            }
        }
    }

    /// Puts a new value in place of the one of this version; false where that one is not there any more.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached, or key or value cannot be kept.
    pub async fn replace(
        &self,
        key: &str,
        version: u64,
        value: Vec<u8>,
        expires_at: Option<Timestamp>,
    ) -> Result<bool, CabinetError> {
        check_key(key)?;
        check_value(&value)?;
        match &self.back_end {
            BackEnd::Embedded(store) => {
                store.replace(&self.name, key, version, value, expires_at, Timestamp::now()).await
            }
            BackEnd::Remote(store) => {
                store.replace(&self.name, key, version, value, expires_at, Timestamp::now()).await
            }
        }
    }

    /// Takes the item out: of all who try, one has it.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached, or the key cannot be one.
    pub async fn remove(&self, key: &str) -> Result<Option<Item>, CabinetError> {
        check_key(key)?;
        match &self.back_end {
            BackEnd::Embedded(store) => store.remove(&self.name, key, Timestamp::now()).await,
            BackEnd::Remote(store) => store.remove(&self.name, key, Timestamp::now()).await,
        }
    }

    /// Items whose keys begin with `prefix`, in the order of their bytes, from behind the key `after`;
    /// at most `limit`, and never more than a thousand.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Item)>, CabinetError> {
        let limit = limit.min(LISTED_MAX);
        match &self.back_end {
            BackEnd::Embedded(store) => {
                store.list(&self.name, prefix, after.unwrap_or(""), limit, Timestamp::now()).await
            }
            BackEnd::Remote(store) => {
                store.list(&self.name, prefix, after.unwrap_or(""), limit, Timestamp::now()).await
            }
        }
    }

    /// How many items have keys that begin with `prefix`.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn count(&self, prefix: &str) -> Result<u64, CabinetError> {
        match &self.back_end {
            BackEnd::Embedded(store) => store.count(&self.name, prefix, Timestamp::now()).await,
            BackEnd::Remote(store) => store.count(&self.name, prefix, Timestamp::now()).await,
        }
    }

    /// Throws away what expired before this moment, and says how many items that were.
    ///
    /// # Errors
    ///
    /// If the store cannot be reached.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, CabinetError> {
        match &self.back_end {
            BackEnd::Embedded(store) => store.sweep(Some(&self.name), now).await,
            BackEnd::Remote(store) => store.sweep(Some(&self.name), now).await,
        }
    }
}
