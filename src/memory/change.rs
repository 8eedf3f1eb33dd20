//! Changing notes: one writer at a time, whole files, and a record before the file.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Area, MemoryError, NoteName,
    area::Files,
    names,
    reading::{Note, present},
    records::{self, Deed, Record, etag_of},
    scanner,
};
use crate::{
    facts::{MemoryArea, UserName},
    store::LockedFile,
};

/// Held by whoever changes an area.
pub(super) const LOCK: &str = "area";

/// What happens to a text that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    // Only a new file.
    Create,
    // A new file, or a new text of an old one.
    #[default]
    Replace,
    // The text goes to the end of the file.
    Append,
}

/// Who changes something.
#[derive(Debug, Clone)]
pub struct Writer {
    pub user: UserName,
    /// May change shared notes of others.
    pub is_steward: bool,
}

/// A text that is to be kept.
#[derive(Debug, Clone)]
pub struct Change {
    pub name: NoteName,
    pub content: String,
    pub mode: WriteMode,
    /// The etag that the present text must have; `*` for any.
    pub if_match: Option<String>,
    /// Whose text it is, where it is not the writer's.
    pub author: Option<String>,
    /// What the history calls it, where it is no plain writing.
    pub deed: Option<Deed>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Updated,
    /// It was this very text before.
    Unchanged,
    Deleted,
    Restored,
}

/// A change that was made.
#[derive(Debug, Clone)]
pub struct Changed {
    pub outcome: Outcome,
    pub name: NoteName,
    pub etag: Option<String>,
    pub version: Option<u64>,
    pub size: u64,
}

impl Area {
    /// Writes a note.
    pub async fn write(&self, change: Change, writer: &Writer) -> Result<Changed, MemoryError> {
        let writer = writer.clone();
        self.away(move |area| {
            // What is refused anyway makes no folders.
            scanner::check(&change.content)?;
            let files = area.made()?;
            let held = files.notes.lock(LOCK)?;
            write(&files, &held, change, &writer)
        })
        .await
    }

    /// Takes a note away; the records bring it back for a while.
    pub async fn delete(
        &self,
        name: &NoteName,
        if_match: Option<String>,
        writer: &Writer,
    ) -> Result<Changed, MemoryError> {
        let (name, writer) = (name.clone(), writer.clone());
        self.away(move |area| {
            let missing = || MemoryError::NotFound { name: name.as_str().to_owned() };
            let files = area.found()?.ok_or_else(missing)?;
            let held = files.notes.lock(LOCK)?;
            let before = present(&files, &name)?.ok_or_else(missing)?;
            may_change(&files, &name, &before, &writer)?;
            check_match(&name, Some(&before), if_match.as_deref())?;
            let number = keep_edited(&files, &held, &before)?.saturating_add(1);
            let record = Record {
                number,
                deed: Deed::Deleted,
                at: Timestamp::now(),
                by: Some(writer.user.as_str().to_owned()),
                author: before.author.clone(),
                owner: before.owner.clone(),
                is_mixed: before.is_mixed,
                content: None,
            };
            records::add(&files, &held, &name, &record)?;
            held.remove_beside(name.as_str())?;
            records::prune(&files, &held, &name)?;
            records::prune_deleted(&files, &held, record.at)?;
            Ok(Changed { outcome: Outcome::Deleted, name, etag: None, version: Some(number), size: 0 })
        })
        .await
    }

    /// Brings back the last text of a note that was deleted.
    pub async fn restore(&self, name: &NoteName, writer: &Writer) -> Result<Changed, MemoryError> {
        let (name, writer) = (name.clone(), writer.clone());
        self.away(move |area| {
            let missing = || MemoryError::NotFound { name: name.as_str().to_owned() };
            let files = area.found()?.ok_or_else(missing)?;
            let held = files.notes.lock(LOCK)?;
            if present(&files, &name)?.is_some() {
                return Err(MemoryError::Exists { name: name.as_str().to_owned() });
            }
            let numbers = records::numbers_of(&files, name.stem())?;
            let mut last = None;
            for number in numbers.iter().rev() {
                let record = records::read(&files, name.stem(), *number)?;
                last = record.filter(|record| record.content.is_some());
                if last.is_some() {
                    break;
                }
            }
            let last = last.ok_or_else(missing)?;
            owns(&files, &name, last.owner.as_deref(), &writer)?;
            let content = last.content.clone().unwrap_or_default();
            check_room(&files, &name, content.len() as u64)?;
            let record = Record {
                number: numbers.last().copied().unwrap_or_default().saturating_add(1),
                deed: Deed::Restored,
                at: Timestamp::now(),
                by: Some(writer.user.as_str().to_owned()),
                ..last
            };
            let mut changed = keep(&files, &held, &name, &record, &content)?;
            changed.outcome = Outcome::Restored;
            Ok(changed)
        })
        .await
    }
}

fn write(
    files: &Files,
    held: &LockedFile<'_>,
    change: Change,
    writer: &Writer,
) -> Result<Changed, MemoryError> {
    let Change { name, content, mode, if_match, author, deed } = change;
    let before = present(files, &name)?;
    if let Some(before) = &before {
        if mode == WriteMode::Create {
            return Err(MemoryError::Exists { name: name.as_str().to_owned() });
        }
        may_change(files, &name, before, writer)?;
    } else {
        check_look(files, &name)?;
    }
    check_match(&name, before.as_ref(), if_match.as_deref())?;
    let by = writer.user.as_str();
    let author = author.unwrap_or_else(|| by.to_owned());
    let (content, is_mixed) = match (&before, mode) {
        (Some(before), WriteMode::Append) => {
            (appended(&before.content, &content), before.is_mixed || before.author.as_ref() != Some(&author))
        }
        _ => (content, false),
    };
    if before.as_ref().is_some_and(|before| before.content == content) {
        let etag = Some(etag_of(&content));
        let version = before.and_then(|before| before.version);
        return Ok(Changed { outcome: Outcome::Unchanged, name, etag, version, size: content.len() as u64 });
    }
    check_room(files, &name, content.len() as u64)?;
    let last = match &before {
        Some(before) => keep_edited(files, held, before)?,
        None => records::numbers_of(files, name.stem())?.last().copied().unwrap_or_default(),
    };
    let record = Record {
        number: last.saturating_add(1),
        deed: deed.unwrap_or(match (&before, mode) {
            (None, _) => Deed::Created,
            (Some(_), WriteMode::Append) => Deed::Appended,
            (Some(_), _) => Deed::Replaced,
        }),
        at: Timestamp::now(),
        by: Some(by.to_owned()),
        author: Some(author),
        // Whoever began a shared note keeps it, also where a steward mends it.
        owner: before.as_ref().and_then(|before| before.owner.clone()).or_else(|| Some(by.to_owned())),
        is_mixed,
        content: Some(content.clone()),
    };
    let mut changed = keep(files, held, &name, &record, &content)?;
    changed.outcome = if before.is_some() { Outcome::Updated } else { Outcome::Created };
    Ok(changed)
}

/// The record first: a text that nobody can account for is worse than a record without its file.
fn keep(
    files: &Files,
    held: &LockedFile<'_>,
    name: &NoteName,
    record: &Record,
    content: &str,
) -> Result<Changed, MemoryError> {
    records::add(files, held, name, record)?;
    held.replace_beside(name.as_str(), content.as_bytes())?;
    records::prune(files, held, name)?;
    Ok(Changed {
        outcome: Outcome::Created,
        name: name.clone(),
        etag: Some(etag_of(content)),
        version: Some(record.number),
        size: content.len() as u64,
    })
}

/// A text that was changed with an editor gets its record before it is replaced. The last number.
fn keep_edited(files: &Files, held: &LockedFile<'_>, before: &Note) -> Result<u64, MemoryError> {
    let last = records::numbers_of(files, before.name.stem())?.last().copied().unwrap_or_default();
    if before.version.is_some() {
        return Ok(last);
    }
    let record = Record {
        number: last.saturating_add(1),
        deed: Deed::Edited,
        at: Timestamp::now(),
        by: None,
        author: None,
        owner: before.owner.clone(),
        is_mixed: true,
        content: Some(before.content.clone()),
    };
    records::add(files, held, &before.name, &record)?;
    Ok(record.number)
}

fn may_change(files: &Files, name: &NoteName, before: &Note, writer: &Writer) -> Result<(), MemoryError> {
    owns(files, name, before.owner.as_deref(), writer)
}

fn owns(files: &Files, name: &NoteName, owner: Option<&str>, writer: &Writer) -> Result<(), MemoryError> {
    let is_theirs = files.which == MemoryArea::Personal || owner == Some(writer.user.as_str());
    if is_theirs || writer.is_steward {
        Ok(())
    } else {
        Err(MemoryError::NotYours { name: name.as_str().to_owned() })
    }
}

fn check_match(name: &NoteName, before: Option<&Note>, if_match: Option<&str>) -> Result<(), MemoryError> {
    let Some(wanted) = if_match else { return Ok(()) };
    let Some(before) = before else { return Err(MemoryError::NotFound { name: name.as_str().to_owned() }) };
    if wanted == "*" || wanted == before.etag {
        return Ok(());
    }
    Err(MemoryError::Changed { name: name.as_str().to_owned(), etag: before.etag.clone() })
}

/// A new name that people take for one that exists is refused.
fn check_look(files: &Files, name: &NoteName) -> Result<(), MemoryError> {
    let look = name.look();
    let others = files.notes.names()?.into_iter().filter_map(|other| names::NoteName::parse(&other).ok());
    match others.filter(|other| other != name).find(|other| other.look() == look) {
        Some(like) => {
            Err(MemoryError::Confusable { name: name.as_str().to_owned(), like: like.as_str().to_owned() })
        }
        None => Ok(()),
    }
}

fn check_room(files: &Files, name: &NoteName, size: u64) -> Result<(), MemoryError> {
    let limits = files.limits;
    if size > limits.file_bytes_max {
        return Err(MemoryError::TooLarge { size, limit: limits.file_bytes_max });
    }
    let (files_max, bytes_max) = match files.which {
        MemoryArea::Personal => (limits.personal_files_max, limits.personal_bytes_max),
        MemoryArea::Shared => (limits.shared_files_max, limits.shared_bytes_max),
    };
    let (mut count, mut bytes) = (1_u64, size);
    for other in files.notes.entries()? {
        if !other.name.ends_with(".md") || other.name == name.as_str() {
            continue;
        }
        count = count.saturating_add(1);
        bytes = bytes.saturating_add(other.bytes);
    }
    if count > files_max {
        return Err(MemoryError::TooManyFiles { limit: files_max });
    }
    if bytes > bytes_max {
        return Err(MemoryError::Full { limit: bytes_max });
    }
    Ok(())
}

/// A line of its own at the end.
fn appended(before: &str, more: &str) -> String {
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    format!("{before}{gap}{more}")
}
