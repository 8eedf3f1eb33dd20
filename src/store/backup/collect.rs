//! Which files belong to a backup, and copies of them that fit together.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::BackupError;
use crate::store::{KEY_FILE, new_private_file};

/// How every SQLite database begins.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
/// How long a copy waits for a server that writes.
const BUSY_WAIT: Duration = Duration::from_secs(30);
/// The download area: files on their way, not state.
const DOWNLOADS: &str = "files";
/// Private copies of plugins, made again at each start.
const PLUGIN_IMAGES: &str = "plugin-images";
/// Deeper folders are none of ours.
const DEPTH_MAX: usize = 8;

/// What to take besides what is always taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// The key that opens sealed secrets.
    pub key: bool,
    /// Files that wait for their callers.
    pub downloads: bool,
}

/// Copies of all files, in a private folder that goes away with this.
#[derive(Debug)]
pub struct Collected {
    folder: PathBuf,
    pub(super) files: Vec<(String, PathBuf)>,
    pub has_key: bool,
    /// What was not taken, and is no ordinary file.
    pub skipped: Vec<String>,
}

impl Drop for Collected {
    fn drop(&mut self) {
        // What is left of it is private, and the next backup uses another name.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Copies everything into `staging`, which must not be there yet. `held` are files that were opened while
/// nobody wrote, with the length they had then: they are copied up to there.
pub fn collect(
    root: &Path,
    staging: &Path,
    wanted: Wanted,
    held: Vec<(String, File, u64)>,
) -> Result<Collected, BackupError> {
    let name = |path: &Path| path.display().to_string();
    crate::store::state_dir::create_private_folder(staging)
        .map_err(BackupError::file("create", &name(staging)))?;
    let mut collected =
        Collected { folder: staging.to_owned(), files: Vec::new(), has_key: false, skipped: Vec::new() };
    let mut taken: Vec<String> = Vec::new();
    for (path, mut file, length) in held {
        let copy = collected.next();
        file.seek(SeekFrom::Start(0)).map_err(BackupError::file("read", &path))?;
        write_copy(&copy, &mut file.take(length)).map_err(BackupError::file("copy", &path))?;
        taken.push(path.clone());
        collected.files.push((path, copy));
    }
    let mut found = Vec::new();
    walk(root, "", 0, &mut found, &mut collected.skipped)?;
    for path in found {
        let is_key = path == KEY_FILE;
        if taken.contains(&path) || !belongs(&path, wanted) {
            continue;
        }
        let copy = collected.next();
        match copy_one(&root.join(&path), &copy, &path) {
            Ok(true) => {
                collected.has_key |= is_key;
                collected.files.push((path, copy));
            }
            // Replaced or removed meanwhile: it is not part of the state any more.
            Ok(false) => {}
            Err(error) => return Err(error),
        }
    }
    collected.files.sort();
    Ok(collected)
}

impl Collected {
    fn next(&self) -> PathBuf {
        self.folder.join(self.files.len().to_string())
    }
}

fn belongs(path: &str, wanted: Wanted) -> bool {
    let top = path.split('/').next().unwrap_or_default();
    let of_a_server = top.starts_with("server-") || top == "look-again.json";
    let of_a_moment = [".lock", ".next", ".new", "-wal", "-shm", "-journal", ".part"];
    !of_a_server
        && !of_a_moment.iter().any(|ending| path.ends_with(ending))
        && top != PLUGIN_IMAGES
        && (wanted.downloads || top != DOWNLOADS)
        && (wanted.key || path != KEY_FILE)
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<String>,
    skipped: &mut Vec<String>,
) -> Result<(), BackupError> {
    let listed = fs::read_dir(folder).map_err(BackupError::file("list", prefix))?;
    for entry in listed {
        let entry = entry.map_err(BackupError::file("list", prefix))?;
        let Ok(name) = entry.file_name().into_string() else {
            skipped.push(format!("{prefix}{}", entry.file_name().to_string_lossy()));
            continue;
        };
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(BackupError::file("examine", &path))?;
        if kind.is_file() {
            found.push(path);
        } else if kind.is_dir() && depth < DEPTH_MAX {
            walk(&entry.path(), &format!("{path}/"), depth + 1, found, skipped)?;
        } else {
            // A link could lead anywhere, and what it leads to is not state.
            skipped.push(path);
        }
    }
    Ok(())
}

/// False where the file is gone.
fn copy_one(from: &Path, to: &Path, name: &str) -> Result<bool, BackupError> {
    let mut file = match File::open(from) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(BackupError::file("read", name)(error)),
    };
    let mut head = [0_u8; SQLITE.len()];
    let is_database = file.read_exact(&mut head).is_ok() && head == *SQLITE;
    if is_database {
        copy_database(from, to)
            .map_err(|error| BackupError::Database { name: name.to_owned(), why: error.to_string() })?;
        return Ok(true);
    }
    file.seek(SeekFrom::Start(0)).map_err(BackupError::file("read", name))?;
    write_copy(to, &mut file).map_err(BackupError::file("copy", name))?;
    Ok(true)
}

fn write_copy(to: &Path, from: &mut impl io::Read) -> io::Result<()> {
    let mut copy = new_private_file(to)?;
    io::copy(from, &mut copy)?;
    copy.sync_all()
}

/// One unchanging view of the database, written as a new one.
fn copy_database(from: &Path, to: &Path) -> Result<(), rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.execute("vacuum into ?1", [to.to_string_lossy()])?;
    let copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found: String = copy.query_row("pragma quick_check", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(rusqlite::Error::InvalidQuery) }
}
