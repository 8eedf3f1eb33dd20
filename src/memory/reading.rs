//! One note: its present text or an older one, and who wrote it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Area, MemoryError, NoteName,
    area::Files,
    change::LOCK,
    records::{self, Deed, Record, etag_of},
};
use crate::facts::UserName;

/// A note as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub name: NoteName,
    pub content: String,
    pub etag: String,
    /// The number of the version; `None` where the file was changed with an editor since.
    pub version: Option<u64>,
    pub at: Option<Timestamp>,
    pub author: Option<String>,
    pub owner: Option<String>,
    pub(super) is_mixed: bool,
}

/// A version that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Version {
    /// Its number, for `version`.
    pub version: u64,
    /// What was done: `created`, `replaced`, `appended`, `shared`, `pulled`, `restored`, `deleted` or `edited`.
    pub change: Deed,
    /// When.
    pub at: String,
    /// By whom, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Bytes of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl Note {
    /// Did somebody else than this user have a hand in the text, as far as is known?
    pub fn is_foreign_to(&self, user: &UserName) -> bool {
        self.is_mixed || self.author.as_deref() != Some(user.as_str())
    }
}

impl Area {
    /// The present text of a note.
    pub async fn read(&self, name: &NoteName) -> Result<Note, MemoryError> {
        let name = name.clone();
        self.away(move |area| {
            let missing = || MemoryError::NotFound { name: name.as_str().to_owned() };
            let files = area.found()?.ok_or_else(missing)?;
            let note = present(&files, &name)?.ok_or_else(missing)?;
            if note.version.is_some() {
                return Ok(note);
            }
            // Changed with an editor, or just now being written: the writer knows when it is done.
            let _held = files.notes.lock(LOCK)?;
            present(&files, &name)?.ok_or_else(missing)
        })
        .await
    }

    /// The text that a note had.
    pub async fn read_version(&self, name: &NoteName, number: u64) -> Result<Note, MemoryError> {
        let name = name.clone();
        self.away(move |area| {
            let missing = || MemoryError::NoVersion { name: name.as_str().to_owned(), number };
            let files = area.found()?.ok_or_else(missing)?;
            let record = records::read(&files, name.stem(), number)?.ok_or_else(missing)?;
            let content = record.content.clone().ok_or_else(missing)?;
            Ok(note_of(&name, content, Some(&record)))
        })
        .await
    }

    /// The versions that are kept, newest first; those of a deleted note as well.
    pub async fn versions(&self, name: &NoteName) -> Result<Vec<Version>, MemoryError> {
        let name = name.clone();
        self.away(move |area| {
            let Some(files) = area.found()? else { return Ok(Vec::new()) };
            let mut versions = Vec::new();
            for number in records::numbers_of(&files, name.stem())?.into_iter().rev() {
                versions.extend(records::read(&files, name.stem(), number)?.map(shown));
            }
            Ok(versions)
        })
        .await
    }
}

fn shown(record: Record) -> Version {
    Version {
        version: record.number,
        change: record.deed,
        at: record.at.to_string(),
        by: record.by,
        size: record.content.map(|content| content.len() as u64),
    }
}

/// The text of the file, and what the newest record says of it.
pub(super) fn present(files: &Files, name: &NoteName) -> Result<Option<Note>, MemoryError> {
    let Some(content) = text_of(files, name)? else { return Ok(None) };
    let newest = records::newest(files, name.stem())?;
    Ok(Some(note_of(name, content, newest.as_ref())))
}

/// The file alone.
pub(super) fn text_of(files: &Files, name: &NoteName) -> Result<Option<String>, MemoryError> {
    let Some(bytes) = files.notes.read(name.as_str())? else { return Ok(None) };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(MemoryError::NotText { name: name.as_str().to_owned() }),
    }
}

/// A record speaks for a text only where it is that very text.
fn note_of(name: &NoteName, content: String, record: Option<&Record>) -> Note {
    let record = record.filter(|record| record.content.as_deref() == Some(content.as_str()));
    Note {
        name: name.clone(),
        etag: etag_of(&content),
        version: record.map(|record| record.number),
        at: record.map(|record| record.at),
        author: record.and_then(|record| record.author.clone()),
        owner: record.and_then(|record| record.owner.clone()),
        is_mixed: record.is_some_and(|record| record.is_mixed),
        content,
    }
}
