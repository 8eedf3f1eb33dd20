//! Directories and files through descriptors: opened once, without following links, and judged by what
//! was opened.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, open, openat, statat},
    io::Errno,
    process::geteuid,
};

use super::{ENTRIES_MAX, Entry, EntryKind, too_many_entries};
use crate::plugins::reason::{Reason, Refusal};

/// Rights of people who are neither the owner nor us.
const OTHERS_WRITE: Mode = Mode::from_raw_mode(0o022);

/// An open directory whose owner and rights were checked.
#[derive(Debug)]
pub(in crate::plugins) struct Folder {
    descriptor: OwnedFd,
}

impl Folder {
    /// Opens the directory of plugins. Nobody else may be able to put something into it, or something
    /// else into its place.
    pub(in crate::plugins) fn open_root(path: &Path) -> Result<Self, Refusal> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = open(path, flags, Mode::empty()).map_err(|error| match error {
            Errno::NOENT => Refusal::new(Reason::DirectoryMissing, "the directory of plugins is not there"),
            _ => Refusal::new(Reason::DirectoryInsecure, "the directory of plugins cannot be opened"),
        })?;
        for ancestor in path.ancestors().skip(1).filter(|ancestor| !ancestor.as_os_str().is_empty()) {
            let stat = rustix::fs::stat(ancestor).map_err(|_| {
                Refusal::new(Reason::DirectoryInsecure, "a directory above the plugins cannot be examined")
            })?;
            let mode = Mode::from_raw_mode(stat.st_mode);
            if mode.contains(Mode::WOTH) && !mode.contains(Mode::SVTX) {
                return Err(Refusal::new(
                    Reason::DirectoryInsecure,
                    "everybody may write in a directory above the plugins",
                ));
            }
        }
        Self::checked(descriptor, "the directory of plugins")
    }

    /// Opens a directory in this one.
    pub(in crate::plugins) fn sub(&self, name: &str) -> Result<Self, Refusal> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor =
            openat(&self.descriptor, name, flags, Mode::empty()).map_err(|error| match error {
                Errno::LOOP | Errno::NOTDIR => {
                    Refusal::new(Reason::Symlink, "the plugin's directory is a symbolic link or no directory")
                }
                Errno::NOENT => Refusal::new(Reason::DirectoryMissing, "the plugin's directory is gone"),
                _ => Refusal::new(Reason::DirectoryInsecure, "the plugin's directory cannot be opened"),
            })?;
        Self::checked(descriptor, "the plugin's directory")
    }

    fn checked(descriptor: OwnedFd, what: &str) -> Result<Self, Refusal> {
        let insecure = |why: &str| Refusal::new(Reason::DirectoryInsecure, format!("{what} {why}"));
        let stat = fstat(&descriptor).map_err(|_| insecure("cannot be examined"))?;
        if !is_ours(&stat) {
            return Err(insecure("belongs to somebody else"));
        }
        if others_may_write(&stat) {
            return Err(insecure("may be written by others"));
        }
        Ok(Self { descriptor })
    }

    /// What is in here, by name.
    pub(in crate::plugins) fn entries(&self) -> Result<Vec<Entry>, Refusal> {
        let failed = |_| Refusal::new(Reason::DirectoryInsecure, "the directory cannot be listed");
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.descriptor).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "." || name == ".." {
                continue;
            }
            if entries.len() == ENTRIES_MAX {
                return Err(too_many_entries());
            }
            // Some file systems tell the kind only when asked for it.
            let kind = match statat(&self.descriptor, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => match FileType::from_raw_mode(stat.st_mode) {
                    FileType::Directory => EntryKind::Directory,
                    FileType::Symlink => EntryKind::Symlink,
                    _ => EntryKind::Other,
                },
                // Gone since it was listed.
                Err(_) => continue,
            };
            entries.push(Entry { name, kind });
        }
        entries.sort();
        Ok(entries)
    }

    /// The whole file, read through one descriptor; `None` where there is none.
    pub(in crate::plugins) fn read(&self, name: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, Refusal> {
        // Without `NONBLOCK` a named pipe would wait for a writer for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let descriptor = match openat(&self.descriptor, name, flags, Mode::empty()) {
            Ok(descriptor) => descriptor,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => {
                return Err(Refusal::new(Reason::Symlink, format!("`{name}` is a symbolic link")));
            }
            Err(Errno::NXIO) => {
                return Err(Refusal::new(Reason::NotRegularFile, format!("`{name}` is not a regular file")));
            }
            Err(_) => {
                return Err(Refusal::new(Reason::InsecurePermissions, format!("`{name}` cannot be opened")));
            }
        };
        read_checked(descriptor, name, bytes_max).map(Some)
    }
}

fn read_checked(descriptor: OwnedFd, name: &str, bytes_max: u64) -> Result<Vec<u8>, Refusal> {
    check_file(descriptor.as_fd(), name)?;
    let too_large = || Refusal::new(Reason::TooLarge, format!("`{name}` is larger than {bytes_max} bytes"));
    let mut bytes = Vec::new();
    let read = File::from(descriptor).take(bytes_max + 1).read_to_end(&mut bytes);
    match read {
        Ok(count) if count as u64 > bytes_max => Err(too_large()),
        Ok(_) => Ok(bytes),
        Err(_) => Err(Refusal::new(Reason::NotRegularFile, format!("`{name}` cannot be read"))),
    }
}

/// A regular file of ours with one name that nobody else may write. An access list that lets others write
/// shows in the group's bits, which hold its mask.
fn check_file(descriptor: BorrowedFd<'_>, name: &str) -> Result<(), Refusal> {
    let insecure = |why: &str| Refusal::new(Reason::InsecurePermissions, format!("`{name}` {why}"));
    let stat = fstat(descriptor).map_err(|_| insecure("cannot be examined"))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Refusal::new(Reason::NotRegularFile, format!("`{name}` is not a regular file")));
    }
    if !is_ours(&stat) {
        return Err(insecure("belongs to somebody else"));
    }
    if others_may_write(&stat) {
        return Err(insecure("may be written by others"));
    }
    if stat.st_nlink != 1 {
        return Err(insecure("has more than one name"));
    }
    Ok(())
}

fn is_ours(stat: &Stat) -> bool {
    stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()
}

fn others_may_write(stat: &Stat) -> bool {
    Mode::from_raw_mode(stat.st_mode).intersects(OTHERS_WRITE)
}

/// Does the process have all rights?
pub(in crate::plugins) fn is_superuser() -> bool {
    geteuid().is_root()
}

/// A file that decides whom we trust, such as the list of keys.
pub(in crate::plugins) fn read_trusted(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Refusal> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let descriptor = open(path, flags, Mode::empty())
        .map_err(|_| Refusal::new(Reason::InsecurePermissions, format!("`{name}` cannot be opened")))?;
    read_checked(descriptor, &name, bytes_max)
}

/// Writes a library where only we can reach it, and where nobody, we included, can change it.
pub(in crate::plugins) fn write_image(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let descriptor = open(path, flags, Mode::from_raw_mode(0o500))?;
    let mut file = File::from(descriptor);
    file.write_all(bytes)?;
    file.sync_all()
}
