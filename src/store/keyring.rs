//! The sealing key in the keyring of the operating system.

use keyring::{Entry, Error};

use super::{KeyError, SealKey};
use crate::facts::Secret;

const SERVICE: &str = "odoo-mcp";
const ENTRY: &str = "sealing key";

pub(super) fn read() -> Result<Option<SealKey>, KeyError> {
    apart(|| read_entry(&entry()?))
}

pub(super) fn read_or_make() -> Result<SealKey, KeyError> {
    apart(|| {
        let entry = entry()?;
        if let Some(key) = read_entry(&entry)? {
            return Ok(key);
        }
        let (key, text) = SealKey::generate()?;
        entry.set_password(text.reveal()).map_err(|error| refused(&error))?;
        // Two processes may have made one at the same time: the one that stayed is the key.
        Ok(read_entry(&entry)?.unwrap_or(key))
    })
}

fn entry() -> Result<Entry, KeyError> {
    Entry::new(SERVICE, ENTRY).map_err(|error| refused(&error))
}

fn read_entry(entry: &Entry) -> Result<Option<SealKey>, KeyError> {
    match entry.get_password() {
        Ok(text) => SealKey::parse(&Secret::new(text))
            .map(Some)
            .map_err(|_| KeyError::Keyring("holds something else under our name".to_owned())),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(refused(&error)),
    }
}

/// The library's own text may repeat what it read, so only the kind of failure is kept.
fn refused(error: &Error) -> KeyError {
    KeyError::Keyring(
        match error {
            Error::NoStorageAccess(_) => "cannot be opened",
            Error::NoDefaultStore => "is not there",
            _ => "refused",
        }
        .to_owned(),
    )
}

/// The keyring libraries block on a runtime of their own, which must not be inside ours.
fn apart<T: Send>(work: impl FnOnce() -> Result<T, KeyError> + Send) -> Result<T, KeyError> {
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|_| Err(KeyError::Keyring("failed".to_owned())))
}
