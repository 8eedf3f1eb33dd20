//! Where notes lie, and whose they are.

use std::{
    collections::HashMap,
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use super::{MemoryError, MemoryLimits, index};
use crate::{
    facts::{MemoryArea, UserName, hex},
    store::{Database, StateDir, StoreError},
};

/// The folder of the memory inside the state directory.
pub const FOLDER: &str = "memory";
pub(super) const SHARED: &str = "shared";
pub(super) const USERS: &str = "users";
/// Records of what happened to the notes of an area, beside them.
pub(super) const HISTORY: &str = "history";
/// Indexes of areas whose notes are in a store that replicas share; each server has its own.
const INDEX_FOLDER: &str = "memory-index";
/// Bytes of the digest that tells users apart.
const DIGEST_BYTES: usize = 16;
/// Open indexes; when there are more, they are closed and opened again as needed.
const INDEXES_MAX: usize = 64;

/// The memory of everybody. Cheap to clone; several processes may share one state directory.
#[derive(Debug, Clone, Default)]
pub struct Memory(Option<Arc<Root>>);

#[derive(Debug)]
struct Root {
    state: StateDir,
    limits: MemoryLimits,
    indexes: Mutex<HashMap<String, Database>>,
}

/// One area: the notes of one user, or those of all.
#[derive(Debug, Clone)]
pub struct Area {
    root: Option<Arc<Root>>,
    /// Folders below the memory: nothing of them was chosen by a caller.
    folders: Vec<String>,
    which: MemoryArea,
}

/// An area whose folders exist: in the state directory, or as documents of a store that replicas share.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) notes: StateDir,
    pub(super) history: StateDir,
    /// Where the index may lie.
    pub(super) cache: StateDir,
    pub(super) which: MemoryArea,
    pub(super) limits: MemoryLimits,
}

impl Memory {
    /// The memory of a state directory; nothing is made yet.
    pub fn of_state(state: &StateDir, limits: MemoryLimits) -> Self {
        Self(Some(Arc::new(Root { state: state.clone(), limits, indexes: Mutex::default() })))
    }

    /// No memory: everything is refused.
    pub fn closed() -> Self {
        Self(None)
    }

    /// An area as a user sees it: their own notes, or those of all.
    pub fn area(&self, which: MemoryArea, user: &UserName) -> Area {
        let folders = match which {
            MemoryArea::Personal => vec![USERS.to_owned(), key_of(user)],
            MemoryArea::Shared => vec![SHARED.to_owned()],
        };
        Area { root: self.0.clone(), folders, which }
    }
}

impl Area {
    pub fn which(&self) -> MemoryArea {
        self.which
    }

    /// The folders, made where they are not there yet.
    pub(super) fn made(&self) -> Result<Files, MemoryError> {
        let root = self.root()?;
        if root.state.store().is_some() {
            return self.shared(root);
        }
        let mut dir = opened(&root.state.path(FOLDER))?;
        for folder in &self.folders {
            dir = opened(&dir.path(folder))?;
        }
        let history = opened(&dir.path(HISTORY))?;
        Ok(Files { cache: dir.clone(), notes: dir, history, which: self.which, limits: root.limits })
    }

    /// The documents of a store that replicas share, under the names that files would have.
    fn shared(&self, root: &Root) -> Result<Files, MemoryError> {
        let inside = |dir: Option<StateDir>, name: &str| dir.and_then(|dir| dir.remote_folder(name));
        let mut notes = inside(Some(root.state.shared()), FOLDER);
        for folder in &self.folders {
            notes = inside(notes, folder);
        }
        let history = inside(notes.clone(), HISTORY);
        let (Some(notes), Some(history)) = (notes, history) else { return Err(MemoryError::Closed) };
        let cache = opened(&opened(&root.state.path(INDEX_FOLDER))?.path(&self.folders.join("-")))?;
        Ok(Files { notes, history, cache, which: self.which, limits: root.limits })
    }

    /// The folders; `None` where nobody has written anything yet.
    pub(super) fn found(&self) -> Result<Option<Files>, MemoryError> {
        let root = self.root()?;
        if root.state.store().is_some() {
            return self.shared(root).map(Some);
        }
        let mut path = root.state.path(FOLDER);
        for folder in &self.folders {
            path.push(folder);
        }
        match fs::symlink_metadata(&path) {
            Ok(_) => self.made().map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The index of this area, and of no other.
    pub(super) fn index(&self, files: &Files) -> Result<Database, MemoryError> {
        let mut indexes = self.root()?.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        if indexes.len() >= INDEXES_MAX {
            indexes.clear();
        }
        let index = indexes.entry(self.folders.join("/")).or_insert_with(|| index::of(&files.cache));
        Ok(index.clone())
    }

    /// Closes the index, so that the next use opens or makes it anew.
    pub(super) fn forget_index(&self) {
        if let Some(root) = &self.root {
            root.indexes.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.folders.join("/"));
        }
    }

    fn root(&self) -> Result<&Arc<Root>, MemoryError> {
        self.root.as_ref().ok_or(MemoryError::Closed)
    }

    /// Disks make threads wait; the threads of calls do not.
    pub(super) async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Area) -> Result<T, MemoryError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&this)).await;
        done.unwrap_or_else(|_| Err(MemoryError::Disk { why: "the work ended too early".to_owned() }))
    }
}

/// A folder of ours that is no link to somewhere else.
pub(super) fn opened(path: &Path) -> Result<StateDir, MemoryError> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_dir()) {
        tracing::warn!(path = %path.display(), "a folder of the memory is a link or a file");
        return Err(MemoryError::Disk { why: "a folder of it is a link or a file".to_owned() });
    }
    StateDir::open(path).map_err(|error: StoreError| error.into())
}

/// The folder of a user: a digest of the whole name. Names that look the same, or that some folding
/// would make the same, have different ones.
fn key_of(user: &UserName) -> String {
    let text = format!("odoo-mcp memory of {}", user.as_str());
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hex(digest.as_ref().get(..DIGEST_BYTES).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_whose_names_could_be_folded_have_different_folders() {
        let mut seen = std::collections::HashSet::new();
        for user in [
            "anna",
            "Anna",
            "anna ",
            "a_b",
            "a b",
            "a.b",
            "a-b",
            "..",
            ".",
            "../shared",
            "анна",
            "а_b",
            "local",
            "shop/anna",
            "shop/../anna",
            "1",
            "null",
        ] {
            let key = key_of(&UserName::parse(user).unwrap());
            assert!(
                key.len() == DIGEST_BYTES * 2 && key.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{key}"
            );
            assert!(seen.insert(key), "{user}");
        }
    }

    #[test]
    fn a_folder_that_is_a_link_is_not_followed() {
        let outer = tempfile::tempdir().unwrap();
        let state = StateDir::open(&outer.path().join("state")).unwrap();
        let memory = Memory::of_state(&state, MemoryLimits::default());
        let elsewhere = outer.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let area = memory.area(MemoryArea::Shared, &UserName::local());
        assert!(area.found().unwrap().is_none());
        #[cfg(unix)]
        {
            fs::create_dir(state.path(FOLDER)).unwrap();
            std::os::unix::fs::symlink(&elsewhere, state.path(FOLDER).join(SHARED)).unwrap();
            assert_eq!(area.found().unwrap_err().code(), "memory_unavailable");
            assert_eq!(area.made().unwrap_err().code(), "memory_unavailable");
            assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
        }
        assert_eq!(
            Memory::closed().area(MemoryArea::Shared, &UserName::local()).made().unwrap_err().code(),
            "memory_unavailable"
        );
    }
}
