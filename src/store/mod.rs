//! The state directory: private, locked, replaced whole; and the store that replicas share.
//!
//! A file here is never half written, never readable by others, and never overwritten because it
//! could not be understood. What the files mean is known to the rooms that keep them.

pub mod backup;
mod cabinet;
mod database;
mod document;
mod key;
#[cfg(feature = "os-keyring")]
mod keyring;
mod listing;
mod postgres;
mod remote;
mod sealed;
mod state_dir;

pub use cabinet::{CABINET_FILE, Cabinet, CabinetError, Drawer, Item};
pub use database::{Database, DatabaseError, Migration};
pub use document::{DocumentError, parse_document, write_document};
use key::KEY_FILE;
pub use key::{KeyError, SealKeys};
pub use listing::Entry;
#[cfg(test)]
pub(crate) use postgres::test_stores;
pub use postgres::{
    Counts, Documents, KeptDocument, KeptItem, Lines, LinesTurn, Postgres, PostgresError, StoreLook,
    is_unreachable,
};
pub use sealed::{SealError, SealKey};
pub use state_dir::{HeldLock, LockedFile, Stamp, StateDir, StoreError, new_private_file};
