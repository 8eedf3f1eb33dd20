//! The index of an area: what lists show, and the words of the texts.
//!
//! It is brought up to date with the files whenever it is asked, and made anew where it cannot be read:
//! nothing is known to it alone. Each area has an index of its own, so no search can reach another one.

use std::collections::HashMap;

use rusqlite::{Transaction, params};

use super::{
    FrontMatter, MemoryError, NoteName,
    area::Files,
    reading::text_of,
    records::{self, etag_of},
};
use crate::store::{Database, Entry, Migration, StateDir};

/// The file of the index.
pub(super) const INDEX_FILE: &str = "index.sqlite3";

const MIGRATIONS: &[Migration] = &[Migration(
    "CREATE TABLE notes (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        stamp TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        title TEXT, description TEXT, kind TEXT,
        etag TEXT, version INTEGER, author TEXT, at TEXT,
        is_mixed INTEGER NOT NULL,
        problem TEXT
     );
     CREATE VIRTUAL TABLE texts USING fts5(name, title, description, body,
        tokenize = 'unicode61 remove_diacritics 2');",
)];

/// The index of an area; opened by the first use.
pub(super) fn of(cache: &StateDir) -> Database {
    Database::in_dir(cache, INDEX_FILE, MIGRATIONS)
}

/// Throws the index away.
pub(super) fn remove(cache: &StateDir) -> Result<(), MemoryError> {
    for ending in ["", "-wal", "-shm"] {
        cache.remove(&format!("{INDEX_FILE}{ending}"))?;
    }
    Ok(())
}

/// What tells an unchanged file from a changed one.
struct Known {
    id: i64,
    stamp: String,
}

/// Brings the index up to date with the files.
pub(super) fn refresh(index: &Transaction<'_>, files: &Files) -> Result<(), MemoryError> {
    let mut known = known(index)?;
    for Entry { name: file, bytes, stamp } in files.notes.entries()? {
        // Also names that a person gave with an editor have to be names of ours.
        let Ok(name) = NoteName::parse(&file) else { continue };
        if name.as_str() != file {
            continue;
        }
        let before = known.remove(&file);
        if before.as_ref().is_some_and(|before| before.stamp == stamp) {
            continue;
        }
        if let Some(before) = before {
            remove_one(index, before.id)?;
        }
        add_one(index, files, &name, &stamp, bytes)?;
    }
    for gone in known.into_values() {
        remove_one(index, gone.id)?;
    }
    Ok(())
}

fn known(index: &Transaction<'_>) -> Result<HashMap<String, Known>, MemoryError> {
    let mut select = index.prepare("SELECT name, id, stamp FROM notes")?;
    let rows = select.query_map([], |row| {
        let known = Known { id: row.get(1)?, stamp: row.get(2)? };
        Ok((row.get(0)?, known))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn remove_one(index: &Transaction<'_>, id: i64) -> Result<(), MemoryError> {
    index.prepare("DELETE FROM texts WHERE rowid = ?1")?.execute([id])?;
    index.prepare("DELETE FROM notes WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn add_one(
    index: &Transaction<'_>,
    files: &Files,
    name: &NoteName,
    stamp: &str,
    bytes: u64,
) -> Result<(), MemoryError> {
    // One file that cannot be read is told of and does not keep the others from being listed.
    let (text, problem) = match text_of(files, name) {
        Ok(Some(text)) => (text, None),
        Ok(None) => return Ok(()),
        Err(error) => (String::new(), Some(error.to_string())),
    };
    let head = FrontMatter::of(&text);
    let newest = records::newest(files, name.stem())?;
    let newest = newest.filter(|record| record.content.as_deref() == Some(text.as_str()));
    index
        .prepare(
            "INSERT INTO notes (name, stamp, bytes, title, description, kind, etag, version, author, at,
                is_mixed, problem)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            name.as_str(),
            stamp,
            whole(bytes),
            head.title,
            head.description,
            head.kind,
            problem.is_none().then(|| etag_of(&text)),
            newest.as_ref().map(|record| whole(record.number)),
            newest.as_ref().and_then(|record| record.author.clone()),
            newest.as_ref().map(|record| record.at.to_string()),
            newest.as_ref().is_none_or(|record| record.is_mixed),
            problem,
        ])?;
    let id = index.last_insert_rowid();
    index
        .prepare("INSERT INTO texts (rowid, name, title, description, body) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![id, name.stem(), head.title, head.description, text])?;
    Ok(())
}

/// Numbers of SQLite have a sign.
pub(super) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
