//! Where the tour keeps its state: a directory of the caller's choice, or one that goes with it.

use std::path::{Path, PathBuf};

use ring::rand::SecureRandom as _;

use super::Stop;
use crate::{config::temporary_dir, facts::hex};

/// A directory; a temporary one is removed when the tour is over.
pub(super) struct Place {
    path: PathBuf,
    temporary: bool,
}

impl Place {
    pub(super) fn open(named: Option<&Path>) -> Result<Self, Stop> {
        if let Some(path) = named {
            return Ok(Self { path: path.to_owned(), temporary: false });
        }
        let mut name = [0_u8; 8];
        ring::rand::SystemRandom::new()
            .fill(&mut name)
            .map_err(|_| Stop::Internal("no random numbers".to_owned()))?;
        let path = temporary_dir().join(format!("odoo-mcp-demo-{}", hex(&name)));
        // Whatever is there already is not ours; the house makes the directory private.
        std::fs::create_dir(&path).map_err(|error| {
            Stop::FailedWith(format!("no temporary directory: {}; name one with --state-dir", error.kind()))
        })?;
        Ok(Self { path, temporary: true })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed is small, private and in a directory for such things.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
