//! What happened to a note: one record for each version, with the text it had.
//!
//! The records are the history, the provenance and the way back after a deletion, all at once. The
//! newest one says who wrote the present text, as long as the file still is that text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MemoryError, NoteName, area::Files};
use crate::{
    facts::hex,
    store::{parse_document, write_document},
};

/// Grows when an older program would misread a record.
const RECORD_VERSION: u64 = 1;
/// Stands between name and number; no name holds it.
const MARK: char = '~';
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

/// The numbers of all records by name, oldest first.
pub(super) fn numbers_of_all(files: &Files) -> Result<BTreeMap<String, Vec<u64>>, MemoryError> {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for file in files.history.names()? {
        let Some((stem, number)) = file.strip_suffix(ENDING).and_then(|file| file.rsplit_once(MARK)) else {
            continue;
        };
        if let Ok(number) = number.parse() {
            found.entry(stem.to_owned()).or_default().push(number);
        }
    }
    found.values_mut().for_each(|numbers| numbers.sort_unstable());
    Ok(found)
}

pub(super) fn numbers_of(files: &Files, name: &NoteName) -> Result<Vec<u64>, MemoryError> {
    Ok(numbers_of_all(files)?.remove(name.stem()).unwrap_or_default())
}

/// One record; `None` where there is none, or where it cannot be read.
pub(super) fn read(files: &Files, stem: &str, number: u64) -> Result<Option<Record>, MemoryError> {
    let Some(bytes) = files.history.read(&file_of(stem, number))? else { return Ok(None) };
    match parse_document::<Record>(&bytes, RECORD_VERSION) {
        Ok(record) => Ok(Some(record)),
        Err(error) => {
            tracing::warn!(%error, "a record of the memory is passed over");
            Ok(None)
        }
    }
}

/// The newest record that can be read.
pub(super) fn newest(files: &Files, stem: &str, numbers: &[u64]) -> Result<Option<Record>, MemoryError> {
    for number in numbers.iter().rev() {
        if let Some(record) = read(files, stem, *number)? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Writes a record. The lock of the area is held.
pub(super) fn add(files: &Files, name: &NoteName, record: &Record) -> Result<(), MemoryError> {
    let bytes = write_document(record, RECORD_VERSION)
        .map_err(|error| MemoryError::Disk { why: error.to_string() })?;
    Ok(files.history.replace_held(&file_of(name.stem(), record.number), &bytes)?)
}

/// Removes what is too old: all but the newest records of a note. The lock of the area is held.
pub(super) fn prune(files: &Files, name: &NoteName) -> Result<(), MemoryError> {
    let numbers = numbers_of(files, name)?;
    let keep = usize::try_from(files.limits.versions_max).unwrap_or(usize::MAX).max(VERSIONS_MIN);
    for number in numbers.iter().rev().skip(keep) {
        files.history.remove(&file_of(name.stem(), *number))?;
    }
    Ok(())
}

/// Removes every trace of notes that were deleted long ago. The lock of the area is held.
pub(super) fn prune_deleted(files: &Files, now: Timestamp) -> Result<(), MemoryError> {
    let present: Vec<String> = files.notes.names()?;
    let keep = jiff::SignedDuration::from_hours(24).saturating_mul(files.limits.keep_deleted_days);
    for (stem, numbers) in numbers_of_all(files)? {
        if present.binary_search(&format!("{stem}.md")).is_ok() {
            continue;
        }
        let last = newest(files, &stem, &numbers)?;
        if last.is_some_and(|last| now.duration_since(last.at) < keep) {
            continue;
        }
        for number in numbers {
            files.history.remove(&file_of(&stem, number))?;
        }
    }
    Ok(())
}

fn file_of(stem: &str, number: u64) -> String {
    format!("{stem}{MARK}{number}{ENDING}")
}
