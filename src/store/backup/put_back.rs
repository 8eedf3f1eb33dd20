//! A backup becomes a state directory again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    BackupError, Verified,
    archive::{hashed, read, verify},
};
use crate::store::{new_private_file, state_dir::create_private_folder};

/// Puts the backup where there is nothing yet, or, with `aside`, moves what is there to that name first.
/// Everything is checked before, and written beside its place, so that nothing is ever half there.
pub fn put_back(from: &Path, root: &Path, aside: Option<&Path>) -> Result<Verified, BackupError> {
    verify(from)?;
    let name = root.display().to_string();
    let is_empty = match fs::read_dir(root) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(BackupError::file("list", &name)(error)),
    };
    if !is_empty && aside.is_none() {
        return Err(BackupError::NotEmpty(name));
    }
    let beside = beside(root);
    create_private_folder(&beside).map_err(BackupError::file("create", &beside.display().to_string()))?;
    let done = fill(from, &beside).and_then(|verified| {
        if let (false, Some(aside)) = (is_empty, aside) {
            fs::rename(root, aside).map_err(BackupError::file("move away", &name))?;
        }
        // An empty folder is in the way of nothing on this system, and in that of a rename on others.
        let _ = fs::remove_dir(root);
        fs::rename(&beside, root).map_err(BackupError::file("write", &name))?;
        Ok(verified)
    });
    if done.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    done
}

fn beside(root: &Path) -> PathBuf {
    let mut name = root.file_name().unwrap_or_default().to_owned();
    name.push(format!(".restoring-{}", std::process::id()));
    root.with_file_name(name)
}

fn fill(from: &Path, folder: &Path) -> Result<Verified, BackupError> {
    read(from, |entry, content| {
        let path = folder.join(&entry.path);
        if let Some(parent) = path.parent() {
            create_private_folder(parent)?;
        }
        let mut file = new_private_file(&path)?;
        let (_, sha256) = hashed(content, Some(&mut file))?;
        file.sync_all()?;
        Ok(sha256)
    })
}
