//! What is too old is removed, and what a process that died left half written.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::{FileLimits, about, caller_files::visible_files, new_file};

/// A description without a file is kept for so long: its file may be about to appear.
const LONELY_DESCRIPTION: Duration = Duration::from_secs(60 * 60);

/// Goes through the folders of all callers. What cannot be removed now is met again next time.
pub(super) fn remove_old(root: &Path, limits: FileLimits) {
    let keep = Duration::from_secs(limits.keep_hours.saturating_mul(3600));
    let Ok(folders) = fs::read_dir(root) else { return };
    for folder in folders.flatten() {
        if folder.file_type().is_ok_and(|kind| kind.is_dir()) {
            clean(&folder.path(), keep);
        }
    }
}

fn clean(folder: &Path, keep: Duration) {
    new_file::remove_abandoned(folder);
    let mut described = HashSet::new();
    for file in visible_files(folder) {
        if age(&file.metadata) >= keep {
            let _ = fs::remove_file(file.path.on_disk(folder));
        } else {
            described.insert(about::file_name(&file.path));
        }
    }
    about::remove_lonely(folder, |name, metadata| {
        !described.contains(name) && age(metadata) >= LONELY_DESCRIPTION
    });
    remove_empty_folders(folder, 0);
}

/// Folders in folders first; one that holds something stays, because removing it fails.
pub(super) fn remove_empty_folders(folder: &Path, depth: usize) {
    if depth > super::names::SEGMENTS_MAX {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty_folders(&entry.path(), depth + 1);
        }
    }
    let _ = fs::remove_dir(folder);
}

/// Since the content or the file itself was last changed: a copy that keeps the date of its original is new here.
fn age(metadata: &fs::Metadata) -> Duration {
    let changed = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH).max(placed(metadata));
    SystemTime::now().duration_since(changed).unwrap_or_default()
}

#[cfg(unix)]
fn placed(metadata: &fs::Metadata) -> SystemTime {
    use std::os::unix::fs::MetadataExt as _;
    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(not(unix))]
fn placed(metadata: &fs::Metadata) -> SystemTime {
    metadata.created().unwrap_or(SystemTime::UNIX_EPOCH)
}
