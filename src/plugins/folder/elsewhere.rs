//! Directories and files on systems without descriptors of directories. Users have private directories
//! there; links are refused, and owners are left to the system.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{ENTRIES_MAX, Entry, EntryKind, too_many_entries};
use crate::plugins::reason::{Reason, Refusal};

/// A directory that is no link.
#[derive(Debug)]
pub(in crate::plugins) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(in crate::plugins) fn open_root(path: &Path) -> Result<Self, Refusal> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { path: path.to_owned() }),
            Ok(_) => Err(Refusal::new(Reason::DirectoryInsecure, "the plugins are in no directory")),
            Err(_) => Err(Refusal::new(Reason::DirectoryMissing, "the directory of plugins is not there")),
        }
    }

    pub(in crate::plugins) fn sub(&self, name: &str) -> Result<Self, Refusal> {
        let path = self.path.join(name);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { path }),
            Ok(_) => Err(Refusal::new(Reason::Symlink, "the plugin's directory is a link or no directory")),
            Err(_) => Err(Refusal::new(Reason::DirectoryMissing, "the plugin's directory is gone")),
        }
    }

    pub(in crate::plugins) fn entries(&self) -> Result<Vec<Entry>, Refusal> {
        let failed = |_| Refusal::new(Reason::DirectoryInsecure, "the directory cannot be listed");
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if entries.len() == ENTRIES_MAX {
                return Err(too_many_entries());
            }
            let kind = match (kind.is_dir(), kind.is_symlink()) {
                (_, true) => EntryKind::Symlink,
                (true, false) => EntryKind::Directory,
                (false, false) => EntryKind::Other,
            };
            entries.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), kind });
        }
        entries.sort();
        Ok(entries)
    }

    pub(in crate::plugins) fn read(&self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, Refusal> {
        let path = self.path.join(name);
        match fs::symlink_metadata(&path) {
            Err(_) => Ok(None),
            Ok(metadata) if metadata.is_symlink() => {
                Err(Refusal::new(Reason::Symlink, format!("`{name}` is a symbolic link")))
            }
            Ok(metadata) if !metadata.is_file() => {
                Err(Refusal::new(Reason::NotRegularFile, format!("`{name}` is not a regular file")))
            }
            Ok(_) => read_trusted(&path, bytes_max).map(Some),
        }
    }
}

pub(in crate::plugins) fn is_superuser() -> bool {
    false
}

pub(in crate::plugins) fn read_trusted(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Refusal> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes));
    match read {
        Ok(count) if count as u64 <= bytes_max => Ok(bytes),
        Ok(_) => Err(Refusal::new(Reason::TooLarge, format!("`{name}` is larger than {bytes_max} bytes"))),
        Err(_) => Err(Refusal::new(Reason::NotRegularFile, format!("`{name}` cannot be read"))),
    }
}

pub(in crate::plugins) fn write_image(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
