//! The files of a log: the one that grows, the full ones, and what stands beside them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::line::{LINE_BYTES_MAX, expected_hash};

/// Where everything of one log is.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// The file that grows.
    pub(super) log: PathBuf,
}

/// The two members that say where in the chain a line stands.
#[derive(Deserialize)]
struct Place {
    seq: u64,
    prev: String,
}

impl Files {
    pub(super) fn of(log: &Path) -> Self {
        Self { log: log.to_owned() }
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.log.file_name().unwrap_or_default().to_owned();
        name.push(suffix);
        self.log.with_file_name(name)
    }

    /// Whoever holds this may write.
    pub(super) fn lock(&self) -> PathBuf {
        self.beside(".lock")
    }

    /// Whoever holds this is the next to write.
    pub(super) fn turnstile(&self) -> PathBuf {
        self.beside(".next")
    }

    /// The counters at the last checkpoint.
    pub(super) fn checkpoint(&self) -> PathBuf {
        self.beside(".checkpoint")
    }

    /// The name of the document with the keys, inside the same directory.
    pub(super) fn keys_name(&self) -> String {
        format!("{}.keys", self.log.file_name().unwrap_or_default().to_string_lossy())
    }

    /// A full file, named after its first line.
    pub(super) fn full(&self, first: u64) -> PathBuf {
        let stem = self.log.file_stem().unwrap_or_default().to_string_lossy();
        self.log.with_file_name(format!("{stem}-{first}.jsonl"))
    }

    /// All full files in the order of the chain.
    pub(super) fn all_full(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let folder = match self.log.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let prefix = format!("{}-", self.log.file_stem().unwrap_or_default().to_string_lossy());
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let first = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(".jsonl"))
                .and_then(|first| first.parse::<u64>().ok());
            if let Some(first) = first {
                found.push((first, self.full(first)));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// The file that holds the line of this number as its first one.
    pub(super) fn starting_with(&self, first: u64) -> io::Result<Option<PathBuf>> {
        let full = self.full(first);
        if full.exists() {
            return Ok(Some(full));
        }
        let grows = first_place(&self.log)?.is_some_and(|(sequence, _)| sequence == first);
        Ok(grows.then(|| self.log.clone()))
    }
}

/// Number and `prev` of the first line that can be read; `None` for an empty file.
pub(super) fn first_place(path: &Path) -> io::Result<Option<(u64, String)>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut line = Vec::new();
    BufReader::new(file.take(LINE_BYTES_MAX as u64)).read_until(b'\n', &mut line)?;
    // A line that a crash cut short proves no place, even where it happens to be JSON.
    line.pop_if(|last| *last == b'\n');
    if expected_hash(&line).is_none() {
        return Ok(None);
    }
    Ok(serde_json::from_slice::<Place>(&line).ok().map(|place| (place.seq, place.prev)))
}

pub(super) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes a change of names in the directory last.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        return File::open(folder)?.sync_all();
    }
    let _ = path;
    Ok(())
}
