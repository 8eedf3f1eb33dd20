//! The files of approvals: one for each, sealed as a whole, all under one lock.
//!
//! A file's name holds the id and the beginning of the keyed digest, so that the approval of a call
//! is found without opening the others. What cannot be opened counts as not there: it never lets a
//! call through.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    ApprovalError,
    entry::{ApprovalId, Entry},
};
use crate::{
    facts::Secret,
    store::{LockedFile, SealKey, SealKeys, StateDir, StoreError, parse_document, write_document},
};

/// The directory inside the state directory.
pub const DIRECTORY: &str = "approvals";
/// The name of the lock that all files share.
const LOCK: &str = "approvals";
const VERSION: u64 = 1;
/// How much of the digest a file's name holds.
const DIGEST_CHARS_IN_NAME: usize = 16;
/// What is over is kept this long, for whoever asks what became of it.
const KEPT_AFTER_EXPIRY: SignedDuration = SignedDuration::from_hours(24);
/// Approvals that are kept at all, answered ones included.
const ENTRIES_MAX: usize = 512;

/// The directory with its key.
#[derive(Debug)]
pub(super) struct Files {
    dir: StateDir,
    keys: SealKeys,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    sealed: String,
}

/// The files while no other process can change them.
pub(super) struct Turn<'a> {
    files: &'a Files,
    lock: LockedFile<'a>,
    key: Arc<SealKey>,
}

impl Files {
    pub(super) fn open(state: &StateDir, keys: SealKeys) -> Result<Self, StoreError> {
        Ok(Self { dir: state.shared_folder(DIRECTORY)?, keys })
    }

    pub(super) fn key(&self) -> Result<Arc<SealKey>, ApprovalError> {
        Ok(self.keys.for_sealing()?)
    }

    pub(super) fn turn(&self) -> Result<Turn<'_>, ApprovalError> {
        let key = self.key()?;
        Ok(Turn { files: self, lock: self.dir.lock(LOCK)?, key })
    }

    /// Every entry that opens, oldest first.
    pub(super) fn all(&self) -> Result<Vec<Entry>, ApprovalError> {
        let mut entries = self.matching(|_| true)?;
        entries.sort_by_key(|entry| entry.asked_at);
        Ok(entries)
    }

    pub(super) fn get(&self, id: &ApprovalId) -> Result<Option<Entry>, ApprovalError> {
        let begin = format!("{id}.");
        let found = self.matching(|name| name.starts_with(&begin))?;
        Ok(found.into_iter().find(|entry| entry.id == *id))
    }

    pub(super) fn of_digest(&self, digest: &str) -> Result<Vec<Entry>, ApprovalError> {
        let end = format!(".{}.json", beginning(digest));
        let mut found = self.matching(|name| name.ends_with(&end))?;
        found.retain(|entry| entry.digest == digest);
        Ok(found)
    }

    fn matching(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<Entry>, ApprovalError> {
        let names = self.dir.names()?;
        let names: Vec<String> = names.into_iter().filter(|name| wanted(name)).collect();
        if names.is_empty() {
            // Without approvals no key is needed, so none is made.
            return Ok(Vec::new());
        }
        let key = self.key()?;
        Ok(names.iter().filter_map(|name| self.read(&key, name)).collect())
    }

    fn read(&self, key: &SealKey, name: &str) -> Option<Entry> {
        match self.try_read(key, name) {
            Ok(entry) => entry,
            Err(error) => {
                tracing::warn!(file = name, %error, "an approval cannot be read and counts for nothing");
                None
            }
        }
    }

    /// An entry under a name that is not its own is one that somebody moved.
    fn try_read(&self, key: &SealKey, name: &str) -> Result<Option<Entry>, ApprovalError> {
        let Some(bytes) = self.dir.read(name)? else { return Ok(None) };
        let Sealed { sealed } = parse_document(&bytes, VERSION)?;
        let text = key.open(&["approval", name], &sealed)?;
        let entry: Entry = serde_json::from_str(text.reveal()).map_err(|_| ApprovalError::Encoding)?;
        Ok((file_name(&entry) == name).then_some(entry))
    }
}

impl Turn<'_> {
    pub(super) fn key(&self) -> &SealKey {
        &self.key
    }

    pub(super) fn files(&self) -> &Files {
        self.files
    }

    /// On the disk when this returns.
    pub(super) fn write(&self, entry: &Entry) -> Result<(), ApprovalError> {
        let name = file_name(entry);
        let text = serde_json::to_string(entry).map_err(|_| ApprovalError::Encoding)?;
        let sealed = self.key.seal(&["approval", &name], &Secret::new(text))?;
        let bytes = write_document(&Sealed { sealed }, VERSION).map_err(|_| ApprovalError::Encoding)?;
        Ok(self.lock.replace_beside(&name, &bytes)?)
    }

    pub(super) fn remove(&self, entry: &Entry) -> Result<(), ApprovalError> {
        Ok(self.lock.remove_beside(&file_name(entry))?)
    }

    /// Clears away what is long over. True if there is room for one more.
    pub(super) fn make_room(&self, now: Timestamp) -> Result<bool, ApprovalError> {
        let mut left = 0;
        for entry in self.files.all()? {
            if now.duration_since(entry.expires_at) >= KEPT_AFTER_EXPIRY {
                self.remove(&entry)?;
            } else {
                left += 1;
            }
        }
        Ok(left < ENTRIES_MAX)
    }
}

fn file_name(entry: &Entry) -> String {
    format!("{}.{}.json", entry.id, beginning(&entry.digest))
}

fn beginning(digest: &str) -> &str {
    digest.get(..DIGEST_CHARS_IN_NAME).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{
        super::testing::{T0, after, entry},
        *,
    };

    fn files() -> (tempfile::TempDir, Files) {
        let outer = tempfile::tempdir().unwrap();
        let state = StateDir::open(&outer.path().join("state")).unwrap();
        let files = Files::open(&state, SealKeys::in_file(&state)).unwrap();
        (outer, files)
    }

    #[test]
    fn nothing_is_in_the_clear_and_no_key_is_made_early() {
        let (outer, files) = files();
        assert!(files.all().unwrap().is_empty());
        assert!(!outer.path().join("state/sealing.key").exists());
        let mut entry = entry();
        entry.text = "the canary".to_owned();
        files.turn().unwrap().write(&entry).unwrap();
        assert_eq!(files.get(&entry.id).unwrap().unwrap().text, "the canary");
        let path = files.dir.path(&file_name(&entry));
        let bytes = fs::read_to_string(path).unwrap();
        for part in ["canary", "odoo_write", "local", "pending"] {
            assert!(!bytes.contains(part), "{bytes}");
        }
    }

    #[test]
    fn a_file_that_was_changed_moved_or_made_elsewhere_counts_for_nothing() {
        let (_outer, ours) = files();
        let (_other_outer, theirs) = files();
        let (one, mut two) = (entry(), entry());
        two.digest = "e".repeat(64);
        for entry in [&one, &two] {
            ours.turn().unwrap().write(entry).unwrap();
        }
        theirs.turn().unwrap().write(&one).unwrap();
        let path = |entry: &Entry| ours.dir.path(&file_name(entry));
        for bad in [
            fs::read(path(&two)).unwrap(),
            fs::read(theirs.dir.path(&file_name(&one))).unwrap(),
            b"{}".to_vec(),
            b"{\"version\":2,\"sealed\":\"x\"}".to_vec(),
            b"{\"version\":1,\"sealed\":\"x\",\"more\":1}".to_vec(),
            Vec::new(),
        ] {
            fs::write(path(&one), bad).unwrap();
            assert!(ours.get(&one.id).unwrap().is_none());
            assert!(ours.of_digest(&one.digest).unwrap().is_empty());
        }
        assert_eq!(ours.all().unwrap().len(), 1);
    }

    #[test]
    fn what_is_long_over_is_cleared_away() {
        let (_outer, files) = files();
        let turn = files.turn().unwrap();
        let mut late = entry();
        late.expires_at = after(90_000);
        turn.write(&entry()).unwrap();
        turn.write(&late).unwrap();
        assert!(turn.make_room(T0).unwrap());
        assert_eq!(files.all().unwrap().len(), 2);
        assert!(turn.make_room(after(600 + 86_400)).unwrap());
        assert_eq!(files.all().unwrap().len(), 1);
    }
}
