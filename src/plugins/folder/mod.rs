//! The directory of plugins and its files, looked at and read so that nobody can swap them in between.

use std::path::{Component, Path, PathBuf};

use super::reason::{Reason, Refusal};

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use elsewhere::{Folder, is_superuser, read_trusted, write_image};
#[cfg(unix)]
pub(super) use unix::{Folder, is_superuser, read_trusted, write_image};

/// Entries of the directory that are looked at.
const ENTRIES_MAX: usize = 1_000;

/// One entry of the directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: EntryKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EntryKind {
    Directory,
    Symlink,
    Other,
}

fn too_many_entries() -> Refusal {
    Refusal::new(Reason::TooLarge, format!("the directory has more than {ENTRIES_MAX} entries"))
}

/// The directory that a request means: the configured one, or one that the operator allows. The answer
/// for any other is the same, whether it exists or not.
pub(super) fn choose(requested: &str, root: &Path, allowed: &[PathBuf]) -> Result<PathBuf, Refusal> {
    if requested.is_empty() {
        return Ok(root.canonicalize().unwrap_or_else(|_| root.to_owned()));
    }
    let refused = || {
        Refusal::new(
            Reason::DirectoryNotAllowed,
            "`plugins_dir` is none of the directories that the operator allows",
        )
    };
    let path = Path::new(requested);
    let plain = path.is_absolute()
        && !requested.contains('\0')
        && !path.components().any(|part| part == Component::ParentDir);
    if !plain {
        return Err(refused());
    }
    let resolved = path.canonicalize().map_err(|_| refused())?;
    std::iter::once(root)
        .chain(allowed.iter().map(PathBuf::as_path))
        .filter_map(|allowed| allowed.canonicalize().ok())
        .find(|allowed| *allowed == resolved)
        .ok_or_else(refused)
}
