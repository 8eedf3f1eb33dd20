//! What lies in a folder of the state directory, with what tells an unchanged file from a changed one.

use std::{
    fs::{self, Metadata},
    io,
    time::UNIX_EPOCH,
};

use super::{StateDir, StoreError};

/// A file, or a document of the store that replicas share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub bytes: u64,
    /// Changes whenever what it holds does.
    pub stamp: String,
}

impl StateDir {
    /// The files in here by name, as `names` has them.
    pub fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        if let Some(remote) = self.remote() {
            return remote.entries();
        }
        let entry = |name: String| {
            // One that went away meanwhile is as good as never seen.
            let metadata = fs::symlink_metadata(self.path(&name)).ok()?;
            Some(Entry { bytes: metadata.len(), stamp: stamp_of(&metadata), name })
        };
        Ok(self.names()?.into_iter().filter_map(entry).collect())
    }

    /// The names of the folders in here.
    pub fn folders(&self) -> Result<Vec<String>, StoreError> {
        if let Some(remote) = self.remote() {
            return remote.folders();
        }
        let failed = |source: io::Error| StoreError::new("list", self.root(), source);
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root()).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_dir()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// A folder of documents in here, where this is a view of the store that replicas share. Such a folder
    /// is there as soon as something is in it, and no link.
    #[must_use]
    pub fn remote_folder(&self, name: &str) -> Option<Self> {
        self.remote().map(|remote| self.seen_through(name, remote.folder(name)))
    }
}

fn stamp_of(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    format!("{}:{}:{}", modified.map_or(0, |at| at.as_nanos()), metadata.len(), file_number(metadata))
}

#[cfg(unix)]
fn file_number(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    metadata.ino()
}

#[cfg(not(unix))]
fn file_number(_: &Metadata) -> u64 {
    0
}
