//! What there is: pages of an area, by name or by what the texts say.

use rusqlite::{Row, Transaction, params};

use super::{Area, MemoryError, area::Files, index};

/// Words of a search; more say nothing new.
const WORDS_MAX: usize = 12;
/// Longest piece of a text around what was found.
const SNIPPET_TOKENS: u32 = 16;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Words that all have to be there; the last one may be the beginning of a word.
    pub words: Option<String>,
    /// Only notes of this type.
    pub kind: Option<String>,
    pub limit: usize,
    /// Where the last page ended.
    pub after: Option<String>,
}

/// A note in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub kind: Option<String>,
    pub size: u64,
    pub etag: Option<String>,
    pub version: Option<u64>,
    pub author: Option<String>,
    pub at: Option<String>,
    /// Part of it was written by somebody else, or nobody knows by whom.
    pub is_mixed: bool,
    pub problem: Option<String>,
    /// Around what was found.
    pub snippet: Option<String>,
}

/// One page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub notes: Vec<Listed>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl Area {
    /// A page of the area.
    pub async fn list(&self, query: Query) -> Result<Page, MemoryError> {
        let Some(files) = self.away(|area| area.found()).await? else { return Ok(Page::default()) };
        match self.list_by_index(&files, &query).await {
            Err(MemoryError::Disk { .. }) => {
                // The index is not the truth: one that cannot be used is made anew, once.
                tracing::warn!("the index of the memory is made anew");
                self.forget_index();
                let cache = files.cache.clone();
                self.away(move |_| index::remove(&cache)).await?;
                self.list_by_index(&files, &query).await
            }
            outcome => outcome,
        }
    }

    async fn list_by_index(&self, files: &Files, query: &Query) -> Result<Page, MemoryError> {
        let database = self.index(files)?;
        let (files, query) = (files.clone(), query.clone());
        database
            .write(move |transaction| {
                index::refresh(transaction, &files)?;
                match query.words.as_deref().map(as_match) {
                    None => by_name(transaction, &query),
                    Some(Some(words)) => by_words(transaction, &query, &words),
                    // Nothing that could be searched for.
                    Some(None) => Ok(Page::default()),
                }
            })
            .await
    }
}

const COLUMNS: &str =
    "notes.name, notes.title, notes.description, kind, bytes, etag, version, author, at, is_mixed, problem";

fn by_name(rows: &Transaction<'_>, query: &Query) -> Result<Page, MemoryError> {
    let after = query.after.clone().unwrap_or_default();
    let sql = format!(
        "SELECT {COLUMNS}, NULL FROM notes WHERE name > ?1 AND (?2 IS NULL OR kind = ?2) ORDER BY name LIMIT ?3"
    );
    let mut select = rows.prepare(&sql)?;
    let found = select.query_map(params![after, query.kind, asked(query)], listed)?;
    let mut notes: Vec<Listed> = found.collect::<Result<_, _>>()?;
    let has_more = notes.len() > query.limit;
    notes.truncate(query.limit);
    let next = notes.last().filter(|_| has_more).map(|last| last.name.clone());
    Ok(Page { notes, next })
}

/// The best first. Pages go by the number of those before, because the order is that of the search.
fn by_words(rows: &Transaction<'_>, query: &Query, words: &str) -> Result<Page, MemoryError> {
    let skip = match &query.after {
        None => 0,
        Some(after) => after.parse::<u32>().map_err(|_| MemoryError::Cursor)?,
    };
    let sql = format!(
        "SELECT {COLUMNS}, snippet(texts, -1, '', '', '…', {SNIPPET_TOKENS})
         FROM texts JOIN notes ON notes.id = texts.rowid
         WHERE texts MATCH ?1 AND (?2 IS NULL OR kind = ?2)
         ORDER BY bm25(texts, 4.0, 4.0, 2.0, 1.0), notes.name LIMIT ?3 OFFSET ?4"
    );
    let mut select = rows.prepare(&sql)?;
    let found = select.query_map(params![words, query.kind, asked(query), skip], listed)?;
    let mut notes: Vec<Listed> = found.collect::<Result<_, _>>()?;
    let has_more = notes.len() > query.limit;
    notes.truncate(query.limit);
    let shown = u32::try_from(notes.len()).unwrap_or(u32::MAX);
    let next = has_more.then(|| skip.saturating_add(shown).to_string());
    Ok(Page { notes, next })
}

/// One more than wanted tells whether there is more.
fn asked(query: &Query) -> i64 {
    index::whole(query.limit as u64).saturating_add(1)
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        name: row.get(0)?,
        title: row.get(1)?,
        description: row.get(2)?,
        kind: row.get(3)?,
        size: row.get::<_, i64>(4)?.unsigned_abs(),
        etag: row.get(5)?,
        version: row.get::<_, Option<i64>>(6)?.map(i64::unsigned_abs),
        author: row.get(7)?,
        at: row.get(8)?,
        is_mixed: row.get(9)?,
        problem: row.get(10)?,
        snippet: row.get(11)?,
    })
}

/// Words as a search of quoted texts: nothing of what a caller writes is an operator.
fn as_match(words: &str) -> Option<String> {
    let split = |c: char| !c.is_alphanumeric();
    let words: Vec<&str> = words.split(split).filter(|word| !word.is_empty()).take(WORDS_MAX).collect();
    let (last, before) = words.split_last()?;
    let mut text = String::new();
    for word in before {
        text.push_str(&format!("\"{word}\" "));
    }
    text.push_str(&format!("\"{last}\"*"));
    Some(text)
}
