//! One directory for everything that outlives the process: mode 0700, files 0600.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A state directory that is ours alone.
#[derive(Debug, Clone)]
pub struct StateDir {
    root: PathBuf,
}

/// What can go wrong with files of the state directory.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} {}: {source}", path.display())]
pub struct StoreError {
    pub what: &'static str,
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

impl StateDir {
    /// Makes the directory if needed and takes away everybody else's rights to it.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(root).map_err(|source| StoreError {
            what: "create",
            path: root.to_owned(),
            source,
        })?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(root, fs::Permissions::from_mode(0o700)).map_err(|source| StoreError {
                what: "protect",
                path: root.to_owned(),
                source,
            })?;
        }
        Ok(Self { root: root.to_owned() })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
}
