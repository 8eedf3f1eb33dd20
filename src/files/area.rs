//! The folder of all callers, and which part of it is whose.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{CallerFiles, FileLimits, FilesError, removal};
use crate::{
    facts::{Caller, hex},
    store::{StateDir, StoreError},
};

/// Where the area lies in the state directory.
const FOLDER: &str = "files";
/// How often old files are looked for while the server runs; they are kept for hours.
const REMOVE_EVERY: Duration = Duration::from_secs(10 * 60);
/// Letters of a user's name that stand before the digest, so that a person finds the folder.
const SLUG_CHARS_MAX: usize = 24;
/// Bytes of the digest that tells callers apart.
const DIGEST_BYTES: usize = 16;

/// The download areas of all callers. Cheap to clone; several processes may share one directory.
#[derive(Debug, Clone)]
pub struct DownloadArea(Option<Arc<Area>>);

#[derive(Debug)]
pub(super) struct Area {
    root: StateDir,
    pub(super) limits: FileLimits,
    removed_at: Mutex<Instant>,
}

impl DownloadArea {
    /// The area of a state directory. What a process that died left half written is removed, and what is
    /// too old.
    pub fn open(state: &StateDir, limits: FileLimits) -> Result<Self, StoreError> {
        let root = StateDir::open(&state.path(FOLDER))?;
        removal::remove_old(root.root(), limits);
        Ok(Self(Some(Arc::new(Area { root, limits, removed_at: Mutex::new(Instant::now()) }))))
    }

    /// No area: everything that would be kept is refused.
    pub fn closed() -> Self {
        Self(None)
    }

    /// The part that belongs to this grant and user.
    pub fn of(&self, caller: &Caller) -> CallerFiles {
        CallerFiles::new(self.0.clone(), folder_of(caller))
    }
}

impl Area {
    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.root.path(name)
    }

    /// Makes the folder of a caller, private like everything here.
    pub(super) fn make_folder(&self, name: &str) -> Result<StateDir, FilesError> {
        StateDir::open(&self.root.path(name)).map_err(|error| error.source.into())
    }

    /// Removes old files if nobody did so for a while. Reads folders: not for the thread of a call.
    pub(super) fn remove_old_now_and_then(&self) {
        let mut removed_at = self.removed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if removed_at.elapsed() < REMOVE_EVERY {
            return;
        }
        *removed_at = Instant::now();
        drop(removed_at);
        removal::remove_old(self.root.root(), self.limits);
    }
}

/// A few letters of the user for people, and a digest of grant and user that decides.
fn folder_of(caller: &Caller) -> String {
    let (grant, user) = (caller.grant.as_str(), caller.user.as_str());
    // The length keeps the two texts apart whatever they hold.
    let text = format!("{}:{grant}{user}", grant.len());
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let digest = hex(digest.as_ref().get(..DIGEST_BYTES).unwrap_or_default());
    let slug: String = user
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(SLUG_CHARS_MAX)
        .collect();
    format!("{}-{digest}", slug.trim_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Arrival, GrantName, UserName};

    fn folder(grant: &str, user: &str) -> String {
        let caller = Caller {
            grant: GrantName::parse(grant).unwrap(),
            user: UserName::parse(user).unwrap(),
            ..Caller::local(Arrival::Http)
        };
        folder_of(&caller)
    }

    #[test]
    fn grant_and_user_together_choose_the_folder() {
        assert_eq!(folder("office", "ann@example.com"), folder("office", "ann@example.com"));
        assert_ne!(folder("office", "ann@example.com"), folder("sales", "ann@example.com"));
        assert_ne!(folder("office", "ann@example.com"), folder("office", "bob@example.com"));
        assert_ne!(folder("a", "bc"), folder("ab", "c"));
        assert!(folder("office", "ann@example.com").starts_with("ann-example-com-"));
    }
}
