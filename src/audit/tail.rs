//! The end of the chain: where the next line goes, and the lines that others put there meanwhile.

use std::{
    borrow::Cow,
    fs::{self, File, Metadata},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    sync::Arc,
};

use serde::Deserialize;

use super::{
    files::{Files, first_place, open_private},
    line::{self, GENESIS, Hash, LINE_BYTES_MAX, hash_of_text},
};
use crate::ledger::{RecordedCharge, RecordedNote, Settlement};

/// So much is read at a time when following others.
const CHUNK_BYTES: usize = 4 * LINE_BYTES_MAX;

/// The last line of a file that is full.
pub(super) const ROTATED: &str = "rotated";

#[derive(Debug)]
pub(super) struct Tail {
    pub(super) file: Arc<File>,
    /// Number of the first line of the file.
    pub(super) first: u64,
    pub(super) offset: u64,
    pub(super) sequence: u64,
    pub(super) hash: Hash,
    /// The chain goes on in the next file.
    has_ended: bool,
    /// The file ends in the middle of a line.
    is_torn: bool,
    line: Vec<u8>,
}

/// What the counters want to know of a line.
#[derive(Debug, Deserialize)]
pub(super) struct Seen<'a> {
    pub(super) seq: u64,
    #[serde(borrow)]
    prev: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) event: Cow<'a, str>,
    #[serde(borrow)]
    hash: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) call: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) at: Option<jiff::Timestamp>,
    #[serde(default)]
    pub(super) charges: Vec<RecordedCharge>,
    #[serde(default)]
    pub(super) breakers: Vec<RecordedNote>,
    #[serde(default)]
    pub(super) settlement: Option<Settlement>,
    #[serde(default)]
    pub(super) rows: Option<u64>,
    #[serde(default)]
    pub(super) bytes: Option<u64>,
}

fn wrong(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(unix)]
fn same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.ino(), one.dev()) == (other.ino(), other.dev())
}

#[cfg(not(unix))]
fn same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}

impl Tail {
    /// The end of a chain that has no line yet.
    pub(super) fn empty(file: File) -> Self {
        Self::at(file, 1, 0, 0, GENESIS)
    }

    /// An end that is known: the line of this number ends at this place.
    pub(super) fn at(file: File, first: u64, offset: u64, sequence: u64, hash: Hash) -> Self {
        let file = Arc::new(file);
        Self { file, first, offset, sequence, hash, has_ended: false, is_torn: false, line: Vec::new() }
    }

    /// The place before the first line of a file.
    pub(super) fn before(path: &Path) -> io::Result<Self> {
        let file = open_private(path)?;
        let place = first_place(path)?.and_then(|(first, prev)| Some((first, hash_of_text(&prev)?)));
        Ok(match place {
            Some((first, prev)) => Self::at(file, first, 0, first.saturating_sub(1), prev),
            None => Self::empty(file),
        })
    }

    /// Writes one line in one go. `members` begins with a comma.
    pub(super) fn append(&mut self, event: &str, members: &[u8]) -> io::Result<()> {
        line::begin(&mut self.line, self.sequence + 1, &self.hash, event);
        self.line.extend_from_slice(members);
        let hash = line::finish(&mut self.line);
        if self.line.len() > LINE_BYTES_MAX {
            return Err(wrong("the line would be longer than any line of the log".to_owned()));
        }
        let line = std::mem::take(&mut self.line);
        let written = self.write(&line);
        self.line = line;
        written?;
        self.sequence += 1;
        self.hash = hash;
        self.has_ended = event == ROTATED;
        Ok(())
    }

    /// All of these bytes or none.
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_torn {
            (&*self.file).write_all(b"\n")?;
            self.is_torn = false;
            self.offset += 1;
        }
        if let Err(error) = (&*self.file).write_all(line) {
            // Half a line is taken back; where even that fails, the next one begins on a new line.
            self.is_torn = self.file.set_len(self.offset).is_err();
            if self.is_torn {
                self.offset = self.file.metadata().map_or(self.offset, |metadata| metadata.len());
            }
            return Err(error);
        }
        self.offset += line.len() as u64;
        Ok(())
    }

    /// Makes the next line without writing it: where processes on several machines share the chain, it
    /// is theirs first. The caller takes it back with `go_back` where that fails.
    pub(super) fn compose(&mut self, event: &str, members: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::with_capacity(members.len() + 256);
        line::begin(&mut text, self.sequence + 1, &self.hash, event);
        text.extend_from_slice(members);
        let hash = line::finish(&mut text);
        if text.len() > LINE_BYTES_MAX {
            return Err(wrong("the line would be longer than any line of the log".to_owned()));
        }
        text.pop_if(|last| *last == b'\n');
        self.sequence += 1;
        self.hash = hash;
        Ok(text)
    }

    pub(super) fn go_back(&mut self, (sequence, hash): (u64, Hash)) {
        self.sequence = sequence;
        self.hash = hash;
    }

    /// Puts a line that is part of the chain already into our copy of it.
    pub(super) fn copy_in(
        &mut self,
        files: &Files,
        text: &[u8],
        apply: &mut impl FnMut(&Seen<'_>),
    ) -> io::Result<()> {
        if self.has_ended {
            self.enter_next(files)?;
        }
        let broken = || wrong(format!("the chain is broken after line {}", self.sequence));
        let seen: Seen<'_> = serde_json::from_slice(text).map_err(|_| broken())?;
        let hash = hash_of_text(&seen.hash).filter(|hash| line::expected_hash(text) == Some(*hash));
        let follows = seen.seq == self.sequence + 1 && seen.prev.as_bytes() == self.hash;
        let (true, Some(hash)) = (follows, hash) else { return Err(broken()) };
        let mut whole = Vec::with_capacity(text.len() + 1);
        whole.extend_from_slice(text);
        whole.push(b'\n');
        self.write(&whole)?;
        self.sequence = seen.seq;
        self.hash = hash;
        self.has_ended = seen.event == ROTATED;
        apply(&seen);
        Ok(())
    }

    /// Is our end the end of the file that grows? One look at the directory.
    pub(super) fn is_current(&self, files: &Files) -> bool {
        let (Ok(grows), Ok(ours)) = (fs::metadata(&files.log), self.file.metadata()) else { return false };
        // Another file may be just as long, such as the empty one after a full one.
        !self.has_ended && grows.len() == self.offset && same_file(&grows, &ours)
    }

    /// Reads every line that others wrote, in all files up to the one that grows. True if there were any.
    pub(super) fn follow(&mut self, files: &Files, mut apply: impl FnMut(&Seen<'_>)) -> io::Result<bool> {
        let before = self.sequence;
        loop {
            self.follow_file(&mut apply)?;
            if !self.has_ended {
                break;
            }
            self.enter_next(files)?;
        }
        let grows = fs::metadata(&files.log)?;
        if !same_file(&grows, &self.file.metadata()?) {
            return Err(wrong("somebody replaced the file while it was in use".to_owned()));
        }
        Ok(self.sequence != before)
    }

    fn follow_file(&mut self, apply: &mut impl FnMut(&Seen<'_>)) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length < self.offset {
            return Err(wrong(format!("lines up to number {} were there and are gone", self.sequence)));
        }
        if length == self.offset {
            return Ok(());
        }
        let shared = Arc::clone(&self.file);
        let mut file = &*shared;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut text: Vec<u8> = Vec::new();
        loop {
            let before = text.len();
            file.take(CHUNK_BYTES as u64).read_to_end(&mut text)?;
            if text.len() == before {
                break;
            }
            let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
            for line in text.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
                self.follow_line(line.strip_suffix(b"\n").unwrap_or(line), apply)?;
                self.offset += line.len() as u64;
            }
            text.drain(..whole);
            if text.len() > LINE_BYTES_MAX {
                return Err(wrong("a line is longer than any line of the log".to_owned()));
            }
        }
        if !text.is_empty() {
            // We have the lock, so whoever began this line is dead. It stays for `verify` to report.
            if !line::is_torn(&text) {
                return Err(wrong("the end of the log is not a log line".to_owned()));
            }
            self.offset += text.len() as u64;
            self.is_torn = true;
        }
        Ok(())
    }

    fn follow_line(&mut self, text: &[u8], apply: &mut impl FnMut(&Seen<'_>)) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let seen = match serde_json::from_slice::<Seen<'_>>(text) {
            Ok(seen) => seen,
            Err(_) if line::is_torn(text) && line::expected_hash(text).is_none() => return Ok(()),
            Err(_) => {
                return Err(wrong(format!("what follows line {} is not a log line", self.sequence)));
            }
        };
        let hash = hash_of_text(&seen.hash);
        let follows = seen.seq == self.sequence + 1 && seen.prev.as_bytes() == self.hash;
        let (true, Some(hash)) = (follows && !self.has_ended, hash) else {
            return Err(wrong(format!("the chain is broken after line {}", self.sequence)));
        };
        self.sequence = seen.seq;
        self.hash = hash;
        self.has_ended = seen.event == ROTATED;
        apply(&seen);
        Ok(())
    }

    /// Goes on to the file after a full one; finishes what a crash left between the two.
    pub(super) fn enter_next(&mut self, files: &Files) -> io::Result<()> {
        let next = self.sequence + 1;
        let full = files.full(next);
        let path = if full.exists() {
            full
        } else {
            if first_place(&files.log)?.is_some_and(|(first, _)| first == self.first) {
                fs::rename(&files.log, files.full(self.first))?;
            }
            files.log.clone()
        };
        let file = open_private(&path)?;
        let line = std::mem::take(&mut self.line);
        *self = Self { line, ..Self::at(file, next, 0, self.sequence, self.hash) };
        Ok(())
    }
}
