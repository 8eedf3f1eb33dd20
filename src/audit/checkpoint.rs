//! Checkpoints: a signed line in the log, and beside it the counters as they were at that line.
//!
//! The file with the counters only makes a start quick. Where it is missing, torn or does not fit the
//! signed line, the whole log is read instead.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
};

use serde::{Deserialize, Serialize};

use super::{
    files::{Files, open_private, sync_folder},
    keys::{Keys, is_signed_by},
    line::{self, Hash, LINE_BYTES_MAX, hash_of, hash_of_text, text_of},
    tail::Tail,
};
use crate::ledger::Snapshot;

/// The event of a checkpoint's line.
pub(super) const CHECKPOINT: &str = "checkpoint";
const SAVED_VERSION: u64 = 1;
/// Largest file with counters that is read: a million counters fit.
const SAVED_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// What a checkpoint's line says beside its place in the chain.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) at: jiff::Timestamp,
    /// Digest of the counters.
    pub(super) state: String,
    pub(super) counters: u64,
    /// A file begins here; the ones before it may have been put elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) begins: bool,
    pub(super) key: String,
    pub(super) sig: String,
}

/// The first line of the file with the counters.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    version: u64,
    /// Number of the first line of the file that holds the checkpoint.
    first: u64,
    /// Where in that file its line begins.
    start: u64,
    seq: u64,
    hash: String,
}

/// A checkpoint's line as far as it is looked at.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    seq: u64,
    prev: String,
    event: String,
    hash: String,
    #[serde(flatten)]
    sealed: Sealed,
}

/// Counters that wait to be written beside the log.
#[derive(Debug)]
pub(super) struct Pending {
    header: Header,
    lines: Vec<u8>,
}

/// Counters that were found beside the log and fit it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) tail: Tail,
    pub(super) lines: Vec<u8>,
    pub(super) at: jiff::Timestamp,
}

fn signed_text(sequence: u64, previous: &str, sealed: &Sealed) -> String {
    format!("odoo-mcp checkpoint\n{sequence}\n{previous}\n{}\n{}\n{}", sealed.at, sealed.state, sealed.begins)
}

/// Appends a checkpoint's line. The counters are written afterwards, without holding anybody up.
pub(super) fn append(
    tail: &mut Tail,
    snapshot: Snapshot,
    keys: &Keys,
    at: jiff::Timestamp,
    begins: bool,
) -> io::Result<Pending> {
    let body = body(tail, &snapshot, keys, at, begins)?;
    let start = tail.offset;
    tail.append(CHECKPOINT, &body)?;
    Ok(Pending::at(tail, start, snapshot.lines))
}

/// What the next line says if it is a checkpoint.
pub(super) fn body(
    tail: &Tail,
    snapshot: &Snapshot,
    keys: &Keys,
    at: jiff::Timestamp,
    begins: bool,
) -> io::Result<Vec<u8>> {
    let mut sealed = Sealed {
        at,
        state: text_of(&hash_of(&snapshot.lines)).to_owned(),
        counters: snapshot.counters,
        begins,
        key: keys.public().to_owned(),
        sig: String::new(),
    };
    sealed.sig = keys.sign(&signed_text(tail.sequence + 1, text_of(&tail.hash), &sealed));
    let mut body = Vec::new();
    line::members(&mut body, &sealed)?;
    Ok(body)
}

impl Pending {
    /// The counters of the checkpoint that is the last line; `start` says where it begins.
    pub(super) fn at(tail: &Tail, start: u64, lines: Vec<u8>) -> Self {
        let hash = text_of(&tail.hash).to_owned();
        let header = Header { version: SAVED_VERSION, first: tail.first, start, seq: tail.sequence, hash };
        Self { header, lines }
    }

    /// The same with these counters.
    pub(super) fn with(self, lines: Vec<u8>) -> Self {
        Self { lines, ..self }
    }

    /// Puts the counters in place, whole or not at all.
    pub(super) fn write(self, files: &Files) -> io::Result<()> {
        let path = files.checkpoint();
        let new = path.with_extension(format!("checkpoint.{}", std::process::id()));
        let _ = fs::remove_file(&new);
        let mut file = open_private(&new)?;
        let mut header = serde_json::to_vec(&self.header)?;
        header.push(b'\n');
        file.write_all(&header)?;
        file.write_all(&self.lines)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        sync_folder(&path)
    }
}

/// Number and hash of the last checkpoint whose counters were kept. The log must hold it.
pub(super) fn last_known(files: &Files) -> Option<(u64, Hash)> {
    let mut header = Vec::new();
    let file = File::open(files.checkpoint()).ok()?.take(LINE_BYTES_MAX as u64);
    BufReader::new(file).read_until(b'\n', &mut header).ok()?;
    let header: Header = serde_json::from_slice(&header).ok()?;
    Some((header.seq, hash_of_text(&header.hash)?))
}

/// The counters of the last checkpoint, if they are those that its signed line speaks of.
pub(super) fn find(files: &Files, public: Option<&str>) -> io::Result<Option<Found>> {
    let path = files.checkpoint();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file.take(SAVED_BYTES_MAX));
    let mut header = Vec::new();
    reader.read_until(b'\n', &mut header)?;
    let Ok(header) = serde_json::from_slice::<Header>(&header) else { return Ok(None) };
    let mut lines = Vec::new();
    reader.read_to_end(&mut lines)?;
    let Some(log) = files.starting_with(header.first)? else { return Ok(None) };

    let file = open_private(&log)?;
    let mut text = Vec::new();
    let mut at_line = BufReader::new(&file);
    at_line.seek(SeekFrom::Start(header.start))?;
    at_line.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut text)?;
    let length = text.len() as u64;
    let whole = text.strip_suffix(b"\n").unwrap_or_default();
    let Some(hash) = line::expected_hash(whole) else { return Ok(None) };
    let Ok(line) = serde_json::from_slice::<Line>(whole) else { return Ok(None) };
    let fits = header.version == SAVED_VERSION
        && line.hash == header.hash
        && line.hash == text_of(&hash)
        && line.seq == header.seq
        && line.sealed.state == text_of(&hash_of(&lines))
        && check(&line).is_ok()
        && public.is_none_or(|public| public == line.sealed.key);
    if !fits {
        return Ok(None);
    }
    let tail = Tail::at(file, header.first, header.start + length, header.seq, hash);
    Ok(Some(Found { tail, lines, at: line.sealed.at }))
}

/// A checkpoint's line, read from its text.
pub(super) fn read(text: &[u8]) -> Option<Line> {
    serde_json::from_slice(text).ok()
}

/// Does the signature of a checkpoint's line fit?
pub(super) fn check(line: &Line) -> Result<&Sealed, &'static str> {
    if line.event != CHECKPOINT {
        return Err("it is no checkpoint");
    }
    let text = signed_text(line.seq, &line.prev, &line.sealed);
    if is_signed_by(&line.sealed.key, &text, &line.sealed.sig) {
        Ok(&line.sealed)
    } else {
        Err("the signature of the checkpoint does not fit")
    }
}
