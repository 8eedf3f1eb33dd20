//! The append-only file.
//!
//! Several processes may share a state directory, so each append takes the file's lock, continues
//! from whatever line is last by then, and lets go.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use serde::Serialize;
use serde_json::Value;

use super::{
    entry::{CallOutcome, Closing, Opening},
    metrics::JournalState,
};
use crate::{
    facts::{JsonObject, Pause, hex},
    ledger::{End, Exhausted, Ledger, LocalLedger, Reservation, Settlement},
    policy::{BreakerPlan, Charge},
};

/// A line is read back at most this far to find the end of the chain; longer ones are never written.
const LINE_BYTES_MAX: u64 = 256 * 1024;
/// Effects longer than this are logged by their count and digest, to keep the line below the limit.
const EFFECTS_BYTES_MAX: usize = 192 * 1024;
/// The `prev` of the first line.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The log could not be written: no call may run.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} the audit log {}: {source}", path.display())]
pub struct AuditError {
    what: &'static str,
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

/// Why a call could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("a limit is used up")]
    Exhausted(Box<Exhausted>),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// The audit log of a state directory, and the counters whose charges it holds.
#[derive(Debug, Clone)]
pub struct AuditLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    tail: Mutex<Tail>,
    ledger: Box<dyn Ledger>,
}

#[derive(Debug)]
struct Tail {
    file: File,
    /// Length of the file after our last append, and the chain's end there.
    length: u64,
    sequence: u64,
    hash: String,
}

/// A call that has its opening line. Dropped without `close`, it closes itself as abandoned.
#[derive(Debug)]
#[must_use = "an opened entry has to be closed"]
pub struct OpenEntry {
    log: AuditLog,
    call: String,
    opened: Instant,
    reservation: Option<Reservation>,
}

#[derive(Serialize)]
struct Alarm<'a> {
    at: jiff::Timestamp,
    kind: &'a str,
    about: &'a JsonObject,
}

impl AuditLog {
    pub fn open(path: &Path) -> Result<Self, AuditError> {
        let fail = |what| move |source| AuditError { what, path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(path).map_err(fail("open"))?;
        let tail = Tail { file, length: 0, sequence: 0, hash: GENESIS.to_owned() };
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                tail: Mutex::new(tail),
                ledger: Box::<LocalLedger>::default(),
            }),
        })
    }

    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Reserves the charges and writes the opening line, as one step for every process that shares
    /// the state directory. `durable` waits until the disk has the line.
    pub async fn open_call(
        &self,
        opening: &Opening<'_>,
        charges: &[Charge],
        durable: bool,
    ) -> Result<OpenEntry, OpenError> {
        let reservation = self.shared.ledger.reserve(charges, opening.at).map_err(OpenError::Exhausted)?;
        if let Err(error) = self.append("open", opening, durable) {
            self.shared.ledger.settle(reservation, &End::of(Settlement::NotSent));
            return Err(error.into());
        }
        Ok(OpenEntry {
            log: self.clone(),
            call: opening.call.to_owned(),
            opened: Instant::now(),
            reservation: Some(reservation),
        })
    }

    /// Could these charges be reserved right now? Takes nothing.
    pub fn check(&self, charges: &[Charge], now: jiff::Timestamp) -> Result<(), Box<Exhausted>> {
        self.shared.ledger.check(charges, now)
    }

    /// Is this caller stopped by a breaker?
    pub fn paused(&self, breakers: &[BreakerPlan], now: jiff::Timestamp) -> Option<Pause> {
        self.shared.ledger.paused(breakers, now)
    }

    /// Two lines for a call that did not run: refused, or put to a person. Breakers hear of it.
    pub fn note_refusal(
        &self,
        opening: &Opening<'_>,
        outcome: CallOutcome,
        code: &str,
        breakers: &[BreakerPlan],
    ) -> Result<(), AuditError> {
        self.append("open", opening, false)?;
        let entry = OpenEntry {
            log: self.clone(),
            call: opening.call.to_owned(),
            opened: Instant::now(),
            reservation: None,
        };
        self.shared.ledger.note(breakers, opening.at);
        entry.write_closing(outcome, Some(code))
    }

    /// Breakers hear of a call that failed.
    pub fn note_failure(&self, breakers: &[BreakerPlan], now: jiff::Timestamp) {
        self.shared.ledger.note(breakers, now);
    }

    /// A line about something other than a call: a policy loaded or refused, an approval given.
    pub fn note_event(&self, event: &'static str, body: &impl Serialize) -> Result<(), AuditError> {
        self.append(event, body, true)
    }

    /// Something an operator should look at.
    pub fn alarm(&self, kind: &str, about: &JsonObject) -> Result<(), AuditError> {
        tracing::error!(kind, "alarm");
        self.note_event("alarm", &Alarm { at: jiff::Timestamp::now(), kind, about })
    }

    /// What the journal says of itself, for metrics.
    pub fn state(&self) -> JournalState {
        JournalState::default()
    }

    fn append(&self, event: &str, body: &impl Serialize, durable: bool) -> Result<(), AuditError> {
        let fail = |what| move |source| AuditError { what, path: self.shared.path.clone(), source };
        let body = serde_json::to_value(body).map_err(|error| fail("encode for")(error.into()))?;
        let mut tail = self.shared.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.file.lock().map_err(fail("lock"))?;
        let written = tail.append_locked(event, body);
        let unlocked = tail.file.unlock();
        written.map_err(fail("write"))?;
        unlocked.map_err(fail("unlock"))?;
        if durable {
            tail.file.sync_data().map_err(fail("flush"))?;
        }
        Ok(())
    }
}

impl Tail {
    fn append_locked(&mut self, event: &str, body: Value) -> std::io::Result<()> {
        let length = self.file.metadata()?.len();
        if length != self.length {
            self.catch_up(length)?;
        }
        let mut line = serde_json::Map::new();
        line.insert("seq".to_owned(), (self.sequence + 1).into());
        line.insert("prev".to_owned(), self.hash.clone().into());
        line.insert("event".to_owned(), event.into());
        if let Value::Object(mut body) = body {
            if let Some(effects) = body.get_mut("effects") {
                shorten_effects(effects);
            }
            line.extend(body);
        }
        let hash = line_hash(&line);
        line.insert("hash".to_owned(), hash.clone().into());
        let mut text = serde_json::to_vec(&Value::Object(line))?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.length += text.len() as u64;
        self.sequence += 1;
        self.hash = hash;
        Ok(())
    }

    /// Another process wrote, or this is the first append: find the end of the chain. A last line
    /// that a crash cut short is ended by a newline and left for `verify` to report.
    fn catch_up(&mut self, length: u64) -> std::io::Result<()> {
        let start = length.saturating_sub(LINE_BYTES_MAX);
        let mut text = Vec::new();
        self.file.seek(SeekFrom::Start(start))?;
        Read::by_ref(&mut self.file).take(LINE_BYTES_MAX).read_to_end(&mut text)?;
        self.length = length;
        if !text.is_empty() && !text.ends_with(b"\n") {
            self.file.write_all(b"\n")?;
            self.length += 1;
        }
        let last = text
            .split(|byte| *byte == b'\n')
            .rev()
            .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
            .find_map(|line| Some((line.get("seq")?.as_u64()?, line.get("hash")?.as_str()?.to_owned())));
        match last {
            Some((sequence, hash)) => {
                self.sequence = sequence;
                self.hash = hash;
                Ok(())
            }
            None if length == 0 => Ok(()),
            None => Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                "the end of the log is not a log line",
            )),
        }
    }
}

/// Replaces effects that would not fit a line by what still proves them.
fn shorten_effects(effects: &mut Value) {
    let text = effects.to_string();
    if text.len() > EFFECTS_BYTES_MAX {
        let digest = hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref());
        let count = effects.as_array().map_or(0, Vec::len);
        *effects = serde_json::json!({ "count": count, "bytes": text.len(), "sha256": digest });
    }
}

/// The hash of a line is over its text without the `hash` member.
pub(super) fn line_hash(line: &serde_json::Map<String, Value>) -> String {
    let text = serde_json::to_vec(line).unwrap_or_default();
    hex(ring::digest::digest(&ring::digest::SHA256, &text).as_ref())
}

impl OpenEntry {
    /// Settles the charges and writes the closing line. A failure here cannot undo the call; it is
    /// returned for the log.
    pub fn close(mut self, end: &End, outcome: CallOutcome, code: Option<&str>) -> Result<(), AuditError> {
        if let Some(reservation) = self.reservation.take() {
            self.log.shared.ledger.settle(reservation, end);
        }
        self.write_closing(outcome, code)
    }

    fn write_closing(&self, outcome: CallOutcome, code: Option<&str>) -> Result<(), AuditError> {
        #[derive(Serialize)]
        struct Line<'a> {
            call: &'a str,
            at: jiff::Timestamp,
            #[serde(flatten)]
            closing: Closing<'a>,
        }
        let duration_us = u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        let line = Line {
            call: &self.call,
            at: jiff::Timestamp::now(),
            closing: Closing { outcome, code, duration_us },
        };
        self.log.append("close", &line, false)
    }
}

impl Drop for OpenEntry {
    fn drop(&mut self) {
        let Some(reservation) = self.reservation.take() else { return };
        self.log.shared.ledger.settle(reservation, &End::of(Settlement::Unknown));
        if let Err(error) = self.write_closing(CallOutcome::Abandoned, None) {
            tracing::error!(%error, call = %self.call, "an abandoned call has no closing line");
        }
    }
}
