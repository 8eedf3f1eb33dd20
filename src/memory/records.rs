//! What happened to a note: one record for each version, with the text it had.
//!
//! The records are the history, the provenance and the way back after a deletion, all at once. The
//! newest one says who wrote the present text, as long as the file still is that text.

use std::{fs, io};

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    MemoryError, NoteName,
    area::{Files, HISTORY, opened},
};
use crate::{
    facts::hex,
    store::{LockedFile, StateDir, parse_document, write_document},
};

/// Grows when an older program would misread a record.
const RECORD_VERSION: u64 = 1;
const ENDING: &str = ".json";
/// A deletion and the text before it: fewer would leave nothing to bring back.
const VERSIONS_MIN: usize = 2;
/// Bytes of a digest that an etag shows.
const ETAG_BYTES: usize = 16;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    Created,
    Replaced,
    Appended,
    Shared,
    Pulled,
    Restored,
    Deleted,
    // Somebody changed the file with an editor; found later.
    Edited,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) deed: Deed,
    pub(super) at: Timestamp,
    /// Who did it; nobody is known for what was done with an editor.
    pub(super) by: Option<String>,
    /// Whose text it is.
    pub(super) author: Option<String>,
    /// Who may change it, in the shared area.
    pub(super) owner: Option<String>,
    /// Part of it was written by somebody else than the author.
    #[serde(default)]
    pub(super) is_mixed: bool,
    /// Nothing where the note was taken away.
    pub(super) content: Option<String>,
}

/// The identity of a text.
pub(super) fn etag_of(content: &str) -> String {
    let sum = digest(&SHA256, content.as_bytes());
    hex(sum.as_ref().get(..ETAG_BYTES).unwrap_or_default())
}

/// The numbers of the records of a note, oldest first. Each note has a folder of its own, so that what
/// others hold costs nothing here.
pub(super) fn numbers_of(files: &Files, stem: &str) -> Result<Vec<u64>, MemoryError> {
    let Some(folder) = folder_of(files, stem)? else { return Ok(Vec::new()) };
    let names = folder.names()?;
    let mut numbers: Vec<u64> =
        names.iter().filter_map(|name| name.strip_suffix(ENDING)?.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The folder of a note's records; `None` where it has none yet.
fn folder_of(files: &Files, stem: &str) -> Result<Option<StateDir>, MemoryError> {
    if let Some(folder) = files.history.remote_folder(stem) {
        return Ok(Some(folder));
    }
    let path = files.history.path(stem);
    match fs::symlink_metadata(&path) {
        Ok(_) => opened(&path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// One record; `None` where there is none, or where it cannot be read.
pub(super) fn read(files: &Files, stem: &str, number: u64) -> Result<Option<Record>, MemoryError> {
    let Some(folder) = folder_of(files, stem)? else { return Ok(None) };
    let Some(bytes) = folder.read(&file_of(number))? else { return Ok(None) };
    match parse_document::<Record>(&bytes, RECORD_VERSION) {
        Ok(record) => Ok(Some(record)),
        Err(error) => {
            tracing::warn!(%error, "a record of the memory is passed over");
            Ok(None)
        }
    }
}

/// The newest record that can be read.
pub(super) fn newest(files: &Files, stem: &str) -> Result<Option<Record>, MemoryError> {
    for number in numbers_of(files, stem)?.into_iter().rev() {
        if let Some(record) = read(files, stem, number)? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Writes a record. The lock of the area is held.
pub(super) fn add(
    files: &Files,
    held: &LockedFile<'_>,
    name: &NoteName,
    record: &Record,
) -> Result<(), MemoryError> {
    let bytes = write_document(record, RECORD_VERSION)
        .map_err(|error| MemoryError::Disk { why: error.to_string() })?;
    if files.history.remote_folder(name.stem()).is_some() {
        return Ok(held.replace_beside(&place_of(name.stem(), record.number), &bytes)?);
    }
    let folder = opened(&files.history.path(name.stem()))?;
    Ok(folder.replace_held(&file_of(record.number), &bytes)?)
}

/// Removes what is too old: all but the newest records of a note. The lock of the area is held.
pub(super) fn prune(files: &Files, held: &LockedFile<'_>, name: &NoteName) -> Result<(), MemoryError> {
    let numbers = numbers_of(files, name.stem())?;
    let keep = usize::try_from(files.limits.versions_max).unwrap_or(usize::MAX).max(VERSIONS_MIN);
    for number in numbers.iter().rev().skip(keep) {
        remove(files, held, name.stem(), *number)?;
    }
    Ok(())
}

/// Removes every trace of notes that were deleted long ago. The lock of the area is held.
pub(super) fn prune_deleted(files: &Files, held: &LockedFile<'_>, now: Timestamp) -> Result<(), MemoryError> {
    let present: Vec<String> = files.notes.names()?;
    let keep = jiff::SignedDuration::from_hours(24).saturating_mul(files.limits.keep_deleted_days);
    for stem in files.history.folders()? {
        if present.binary_search(&format!("{stem}.md")).is_ok() {
            continue;
        }
        let last = newest(files, &stem)?;
        if last.is_some_and(|last| now.duration_since(last.at) < keep) {
            continue;
        }
        for number in numbers_of(files, &stem)? {
            remove(files, held, &stem, number)?;
        }
        if files.history.remote_folder(&stem).is_none() {
            // One that still holds something, such as a half-written file, goes another time.
            let _ = fs::remove_dir(files.history.path(&stem));
        }
    }
    Ok(())
}

fn remove(files: &Files, held: &LockedFile<'_>, stem: &str, number: u64) -> Result<(), MemoryError> {
    if files.history.remote_folder(stem).is_some() {
        return Ok(held.remove_beside(&place_of(stem, number))?);
    }
    match folder_of(files, stem)? {
        Some(folder) => Ok(folder.remove(&file_of(number))?),
        None => Ok(()),
    }
}

/// A record as the lock of the area names it.
fn place_of(stem: &str, number: u64) -> String {
    format!("{HISTORY}/{stem}/{}", file_of(number))
}

fn file_of(number: u64) -> String {
    format!("{number}{ENDING}")
}
