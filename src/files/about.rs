//! What was known of a file when it came in, kept beside it, so that nobody hashes it twice.
//!
//! The file itself is what counts: a description that does not fit its size and date is made anew. That
//! is also how a file that a person copied into the area gets one.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use super::{FilePath, FilesError, StoredFile, kinds};
use crate::{
    facts::hex,
    store::{StateDir, new_private_file},
};

/// Hidden, so that no path of a caller can name it.
const FOLDER: &str = ".about";
/// Bytes that are hashed at a time.
const CHUNK_BYTES: usize = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Described {
    size: u64,
    modified_ns: u128,
    mime_type: String,
    sha256: String,
}

/// The name of the description of a file.
pub(super) fn file_name(path: &FilePath) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, path.as_str().as_bytes());
    format!("{}.json", hex(digest.as_ref()))
}

/// Writes down what is known. Failing to is no harm: it is found out again when somebody asks.
pub(super) fn write(caller_folder: &Path, stored: &StoredFile, path: &FilePath, metadata: &fs::Metadata) {
    let described = Described {
        size: stored.size,
        modified_ns: modified_ns(metadata),
        mime_type: stored.mime_type.clone(),
        sha256: stored.sha256.clone(),
    };
    if let Err(error) = try_write(caller_folder, &described, &file_name(path)) {
        tracing::debug!(%error, "a file of the download area has no description");
    }
}

fn try_write(caller_folder: &Path, described: &Described, name: &str) -> io::Result<()> {
    let folder = StateDir::open(&caller_folder.join(FOLDER)).map_err(|error| error.source)?;
    let new = folder.path(&format!("{name}.{}.new", super::new_file::random_name()));
    let written = new_private_file(&new)
        .and_then(|mut file| file.write_all(&serde_json::to_vec(described)?))
        .and_then(|()| fs::rename(&new, folder.path(name)));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// What is known of an open file; found out if nobody did.
pub(super) fn read_or_make(
    caller_folder: &Path,
    path: &FilePath,
    file: &mut File,
) -> Result<StoredFile, FilesError> {
    let metadata = file.metadata()?;
    let known = fs::read(caller_folder.join(FOLDER).join(file_name(path))).ok();
    let known = known.and_then(|bytes| serde_json::from_slice::<Described>(&bytes).ok());
    let fits =
        |known: &Described| known.size == metadata.len() && known.modified_ns == modified_ns(&metadata);
    if let Some(known) = known.filter(fits) {
        return Ok(stored(path, known.mime_type, known.size, known.sha256));
    }
    let (mime_type, size, sha256) = examine(file, path)?;
    let stored = stored(path, mime_type.to_owned(), size, sha256);
    write(caller_folder, &stored, path, &metadata);
    Ok(stored)
}

pub(super) fn stored(path: &FilePath, mime_type: String, size: u64, sha256: String) -> StoredFile {
    StoredFile {
        name: path.name().to_owned(),
        path: path.as_str().to_owned(),
        uri: path.uri(),
        mime_type,
        size,
        sha256,
    }
}

/// Reads the file once from start to end, and leaves it at its start.
fn examine(file: &mut File, path: &FilePath) -> io::Result<(&'static str, u64, String)> {
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut head, mut size) = (Vec::new(), 0_u64);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = file.read(&mut chunk)?;
        let read = chunk.get(..count).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        let missing = kinds::HEAD_BYTES.saturating_sub(head.len());
        head.extend_from_slice(read.get(..missing.min(count)).unwrap_or_default());
        digest.update(read);
        size += count as u64;
    }
    file.rewind()?;
    Ok((kinds::guessed(&head, path.name()), size, hex(digest.finish().as_ref())))
}

/// The description goes with its file.
pub(super) fn remove(caller_folder: &Path, path: &FilePath) {
    let _ = fs::remove_file(caller_folder.join(FOLDER).join(file_name(path)));
}

/// Removes the descriptions, and half-written ones, for which the question is answered with yes.
pub(super) fn remove_lonely(caller_folder: &Path, is_lonely: impl Fn(&str, &fs::Metadata) -> bool) {
    let folder = caller_folder.join(FOLDER);
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if is_lonely(&entry.file_name().to_string_lossy(), &metadata) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn modified_ns(metadata: &fs::Metadata) -> u128 {
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}
