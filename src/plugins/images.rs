//! Private copies of libraries: what is opened is a file that nobody else can change, so whatever happens
//! to the original does not reach the running process.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use super::{
    candidate::Candidate,
    folder::write_image,
    reason::{Reason, Refusal},
    registry::RunMode,
};
use crate::{facts::hex, store::StateDir};

/// Directory of all copies, in the state directory.
const IMAGES: &str = "plugin-images";
/// The lock in the directory of each process.
const LOCK: &str = "lock";
/// Libraries that one process opens in its life. They are never closed, so more of them need a restart.
pub(super) const IMAGES_MAX: usize = 32;

/// The copies of one process.
#[derive(Debug)]
pub(super) struct Images {
    dir: PathBuf,
    /// Held as long as the process lives, so that others see that the copies are in use.
    _lock: Option<File>,
    next: AtomicU64,
    opened: AtomicUsize,
}

/// One copy; it goes with this value.
#[derive(Debug)]
pub(super) struct Image {
    path: PathBuf,
}

impl Image {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // What is mapped stays mapped; what is left behind is removed by the next start.
        let _ = fs::remove_file(&self.path);
    }
}

impl Images {
    /// Makes the directory of this process and removes those of processes that are gone.
    pub(super) fn open(state: &StateDir) -> io::Result<Arc<Self>> {
        let all = StateDir::open(&state.path(IMAGES)).map_err(|error| error.source)?;
        for entry in fs::read_dir(all.root())?.flatten() {
            let dir = entry.path();
            let is_free = File::open(dir.join(LOCK)).map_or(true, |lock| lock.try_lock().is_ok());
            if is_free {
                let _ = fs::remove_dir_all(&dir);
            }
        }
        let mut salt = [0; 8];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut salt)
            .map_err(|_| io::Error::other("no random numbers"))?;
        let own = StateDir::open(&all.path(&format!("{}-{}", std::process::id(), hex(&salt))))
            .map_err(|error| error.source)?;
        let lock = crate::store::new_private_file(&own.path(LOCK))?;
        lock.try_lock().map_err(|_| io::Error::other("the lock of a new file is taken"))?;
        Ok(Arc::new(Self {
            dir: own.root().to_owned(),
            _lock: Some(lock),
            next: AtomicU64::new(0),
            opened: AtomicUsize::new(0),
        }))
    }

    /// Writes a fresh copy. A path is never used twice, so the loader cannot mistake it for an older one.
    pub(super) fn copy(&self, candidate: &Candidate) -> Result<Image, Refusal> {
        if candidate.mode == RunMode::InProcess && self.opened.fetch_add(1, Ordering::Relaxed) >= IMAGES_MAX {
            self.opened.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::new(
                Reason::GenerationLimit,
                format!("this process has opened {IMAGES_MAX} libraries; restart the server to open more"),
            ));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let hash = hex(candidate.manifest.sha256.get(..8).unwrap_or_default());
        let extension = if cfg!(windows) { "dll" } else { "so" };
        let name = format!("{}-{hash}-{number}.{extension}", candidate.manifest.name);
        let path = self.dir.join(name);
        write_image(&path, &candidate.library)
            .map_err(|_| Refusal::new(Reason::DlopenFailed, "the private copy could not be written"))?;
        Ok(Image { path })
    }
}
