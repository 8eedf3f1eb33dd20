//! The log as the corridor uses it: open a call, close it, and note what is not a call.
//!
//! Calls that only read do not wait for the disk; the others go on when it has their opening line.

use std::{
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Instant,
};

use serde::Serialize;

use super::{
    entry::{CallOutcome, Closing, Opening},
    flush::Flushed,
    journal::{AuditError, Core, FILE_BYTES_MAX},
    line,
    metrics::JournalState,
    state::State,
    together::Waiting,
    verify::{ChainReport, verify, verify_lines},
};
use crate::{
    facts::{JsonObject, Pause, PluginRequest, PluginRequests},
    ledger::{End, Exhausted, Ledger as _, RecordedNote, Settlement},
    policy::{BreakerPlan, Charge, RuleId},
    store::{SealKeys, StateDir},
};

/// Room for the usual line, so that it grows once.
const LINE_BYTES_USUAL: usize = 1_536;

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

/// Everything that ends with the last user of the log.
#[derive(Debug)]
struct Shared {
    core: Arc<Core>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.core.stop();
    }
}

/// A call that has its opening line. Dropped without `close`, it closes itself as abandoned.
#[derive(Debug)]
#[must_use = "an opened entry has to be closed"]
pub struct OpenEntry {
    log: AuditLog,
    call: String,
    opened: Instant,
    is_charged: bool,
    is_closed: bool,
    plugin_requests: PluginRequests,
}

#[derive(Serialize)]
struct Alarm<'a> {
    at: jiff::Timestamp,
    kind: &'a str,
    about: &'a JsonObject,
}

#[derive(Serialize)]
struct ClosingLine<'a> {
    call: &'a str,
    at: jiff::Timestamp,
    #[serde(flatten)]
    closing: Closing<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement: Option<Settlement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// What plugins asked for meanwhile, and what they were told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plugin_requests: Vec<PluginRequest>,
    /// Requests beyond those.
    #[serde(skip_serializing_if = "is_none")]
    more_plugin_requests: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

#[derive(Serialize)]
struct Notes<'a> {
    at: jiff::Timestamp,
    breakers: &'a [RecordedNote],
}

impl AuditLog {
    /// Opens the log, with its keys sealed by the key file of its directory.
    pub fn open(path: &Path) -> Result<Self, AuditError> {
        let dir = directory(path)?;
        let seal = SealKeys::in_file(&dir);
        Self::open_in(path, &dir, seal, FILE_BYTES_MAX)
    }

    /// Opens the log with its keys sealed as the settings want it.
    pub fn open_sealed(path: &Path, seal: SealKeys) -> Result<Self, AuditError> {
        let dir = directory(path)?;
        Self::open_in(path, &dir, seal, FILE_BYTES_MAX)
    }

    /// Opens the log of a state directory; where that has a store that replicas share, their log.
    pub fn open_in_state(state: &StateDir, name: &str, seal: SealKeys) -> Result<Self, AuditError> {
        let log = Self::open_in(&state.path(name), state, seal, FILE_BYTES_MAX)?;
        if state.store().is_some() {
            // So that an outage later is one of lines, and not of keys.
            log.core().keys()?;
        }
        Ok(log)
    }

    /// Brings our copy of the log that replicas share up to date.
    pub fn catch_up(&self) -> Result<(), AuditError> {
        self.core().turn(|_| ())
    }

    /// Is this log one of several servers, so that others write it, too?
    pub fn is_shared(&self) -> bool {
        self.core().lines.is_some()
    }

    /// Checks the whole chain: the one in the store where replicas share it, else the files.
    ///
    /// # Errors
    ///
    /// If the log cannot be read.
    pub fn verify(&self) -> io::Result<ChainReport> {
        match &self.core().lines {
            Some(lines) => verify_lines(lines, self.path()),
            None => verify(self.path()),
        }
    }

    /// Is the store that replicas share known to be away? Then no call can have its line.
    pub fn is_away(&self) -> bool {
        self.core().is_away()
    }

    /// For tests and measurements: files as small as they like.
    pub fn open_with_files_of(path: &Path, file_bytes_max: u64) -> Result<Self, AuditError> {
        let dir = directory(path)?;
        let seal = SealKeys::in_file(&dir);
        Self::open_in(path, &dir, seal, file_bytes_max)
    }

    pub(super) fn open_in(
        path: &Path,
        dir: &StateDir,
        seal: SealKeys,
        file_bytes_max: u64,
    ) -> Result<Self, AuditError> {
        let core = Arc::new(Core::open(path, dir, seal, file_bytes_max)?);
        Ok(Self { shared: Arc::new(Shared { core }) })
    }

    pub fn path(&self) -> &Path {
        &self.core().files.log
    }

    fn core(&self) -> &Arc<Core> {
        &self.shared.core
    }

    /// Reserves the charges and writes the opening line, as one step for every process that shares
    /// the state directory. `durable` waits until the disk has the line.
    pub async fn open_call(
        &self,
        opening: &Opening<'_>,
        charges: &[Charge],
        durable: bool,
    ) -> Result<OpenEntry, OpenError> {
        let core = self.core();
        let mut body = self.body(opening)?;
        let opened = core.turn(|state| open_in_turn(core, state, opening, charges, &mut body, durable))?;
        let (is_charged, flushed) = opened?;
        let entry = OpenEntry {
            log: self.clone(),
            call: opening.call.to_owned(),
            opened: Instant::now(),
            is_charged,
            is_closed: false,
            plugin_requests: PluginRequests::default(),
        };
        let Some(flushed) = flushed else { return Ok(entry) };
        let flushed = flushed.await.unwrap_or_else(|_| Err(io::Error::other("nobody flushes any more")));
        if let Err(error) = flushed {
            // The line may or may not survive; the call does not run, and the closing line says so.
            if let Err(error) = entry.close(&End::of(Settlement::NotSent), CallOutcome::NotSent, None) {
                tracing::error!(%error, "a call that did not run has no closing line");
            }
            return Err(core.fail("flush")(error).into());
        }
        Ok(entry)
    }

    /// The members of an opening line that do not depend on the turn.
    fn body(&self, opening: &Opening<'_>) -> Result<Vec<u8>, AuditError> {
        let core = self.core();
        let digest = core.keys()?.digest(opening.arguments);
        let mut body = Vec::with_capacity(LINE_BYTES_USUAL);
        line::opening(&mut body, opening).map_err(core.fail("encode for"))?;
        body.extend_from_slice(b",\"arguments\":\"");
        body.extend_from_slice(&digest);
        body.push(b'"');
        Ok(body)
    }

    /// Could these charges be reserved right now? Takes nothing.
    pub fn check(&self, charges: &[Charge], now: jiff::Timestamp) -> Result<(), Box<Exhausted>> {
        if charges.is_empty() {
            return Ok(());
        }
        self.core().freshen();
        self.core().ledger.check(charges, now)
    }

    /// What is left of each counter that these charges would be taken from.
    pub fn left(&self, charges: &[Charge], now: jiff::Timestamp) -> Vec<(Arc<str>, String)> {
        if charges.is_empty() {
            return Vec::new();
        }
        self.core().freshen();
        self.core().ledger.left(charges, now)
    }

    /// Is this caller stopped by a breaker?
    pub fn paused(&self, breakers: &[BreakerPlan], now: jiff::Timestamp) -> Option<Pause> {
        if breakers.is_empty() {
            return None;
        }
        self.core().freshen();
        self.core().ledger.paused(breakers, now)
    }

    /// Two lines for a call that did not run: refused, or put to a person. Breakers hear of it.
    pub fn note_refusal(
        &self,
        opening: &Opening<'_>,
        outcome: CallOutcome,
        code: &str,
        breakers: &[BreakerPlan],
    ) -> Result<(), AuditError> {
        let core = self.core();
        let opened = Instant::now();
        let mut body = self.body(opening)?;
        write_notes(&mut body, &recorded(breakers, opening.at)).map_err(core.fail("encode for"))?;
        let end = closing(opening.call, opened, outcome, Some(code), None, &PluginRequests::default())
            .map_err(core.fail("encode for"))?;
        core.turn(|state| {
            state.append("open", &body)?;
            core.ledger.note(breakers, opening.at);
            state.append("close", &end)
        })?
        .map_err(core.fail("write"))
    }

    /// Breakers hear of a call that failed.
    pub fn note_failure(&self, breakers: &[BreakerPlan], now: jiff::Timestamp) {
        if breakers.is_empty() {
            return;
        }
        let core = self.core();
        core.ledger.note(breakers, now);
        let notes = Notes { at: now, breakers: &recorded(breakers, now) };
        if let Err(error) = self.write("failure", &notes) {
            tracing::error!(%error, "a failure is not in the log");
        }
    }

    /// A line about something other than a call: a policy loaded or refused, an approval given.
    pub fn note_event(&self, event: &'static str, body: &impl Serialize) -> Result<(), AuditError> {
        self.write(event, body)
    }

    /// Something an operator should look at.
    pub fn alarm(&self, kind: &str, about: &JsonObject) -> Result<(), AuditError> {
        tracing::error!(kind, "alarm");
        self.note_event("alarm", &Alarm { at: jiff::Timestamp::now(), kind, about })
    }

    /// Does something while no process can write a line.
    pub fn while_nobody_writes<T>(&self, work: impl FnOnce() -> T) -> Result<T, AuditError> {
        self.core().turn(|_| work())
    }

    /// Writes a checkpoint now instead of in a minute.
    pub fn checkpoint(&self) -> Result<(), AuditError> {
        self.core().checkpoint(|_| false)
    }

    /// The key that checkpoints are signed with; `None` before the first line.
    pub fn public_key(&self) -> Option<String> {
        self.core().public_key()
    }

    /// What the journal says of itself, for metrics.
    pub fn state(&self) -> JournalState {
        self.core().state(jiff::Timestamp::now())
    }

    fn write(&self, event: &str, body: &impl Serialize) -> Result<(), AuditError> {
        let core = self.core();
        let mut members = Vec::with_capacity(LINE_BYTES_USUAL);
        line::members(&mut members, body).map_err(core.fail("encode for"))?;
        core.turn(|state| state.append(event, &members))?.map_err(core.fail("write"))
    }
}

fn directory(path: &Path) -> Result<StateDir, AuditError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    StateDir::open(folder.unwrap_or(Path::new("."))).map_err(|error| AuditError {
        what: "open",
        path: path.to_owned(),
        source: error.source,
    })
}

/// Reserve, write, and ask for a flush. Nothing is reserved where nothing could be written.
fn open_in_turn(
    core: &Arc<Core>,
    state: &mut State,
    opening: &Opening<'_>,
    charges: &[Charge],
    body: &mut Vec<u8>,
    durable: bool,
) -> Result<(bool, Option<Flushed>), OpenError> {
    let reservation = core.ledger.reserve(charges, opening.at).map_err(OpenError::Exhausted)?;
    if !reservation.is_empty() {
        body.extend_from_slice(b",\"charges\":");
        reservation.write_charges(body);
    }
    write_shadow(body, reservation.shadow_full());
    if let Err(error) = state.append("open", body) {
        core.ledger.settle(reservation, &End::of(Settlement::NotSent));
        return Err(core.fail("write")(error).into());
    }
    let is_charged = !reservation.is_empty();
    state.under_way.add(opening.call, reservation);
    if let Some(together) = &mut state.together {
        together.opened(opening.call);
        return Ok((is_charged, None));
    }
    let flushed = if durable { Some(core.flusher.ask(&state.tail.file)) } else { None };
    match flushed.transpose() {
        Ok(flushed) => Ok((is_charged, flushed)),
        Err(error) => {
            let end = End::of(Settlement::NotSent);
            if let Some(reservation) = state.under_way.take(opening.call) {
                core.ledger.settle(reservation, &end);
            }
            let written = closing(
                opening.call,
                Instant::now(),
                CallOutcome::NotSent,
                None,
                Some(&end),
                &PluginRequests::default(),
            )
            .and_then(|members| state.append("close", &members));
            if let Err(error) = written {
                tracing::error!(%error, "a call that did not run has no closing line");
            }
            Err(core.fail("flush")(error).into())
        }
    }
}

/// Limits in shadow that would have refused the call, known only once the counters were asked.
fn write_shadow(body: &mut Vec<u8>, rules: &[RuleId]) {
    if rules.is_empty() {
        return;
    }
    body.extend_from_slice(b",\"would_limit\":");
    let texts: Vec<&str> = rules.iter().map(|rule| &*rule.0).collect();
    // Writing texts to a vector cannot fail.
    let _ = serde_json::to_writer(&mut *body, &texts);
}

fn recorded(breakers: &[BreakerPlan], now: jiff::Timestamp) -> Vec<RecordedNote> {
    breakers.iter().map(|plan| RecordedNote::of(plan, now)).collect()
}

fn write_notes(body: &mut Vec<u8>, notes: &[RecordedNote]) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    body.write_all(b",\"breakers\":")?;
    Ok(serde_json::to_writer(&mut *body, notes)?)
}

/// The closing line of a call that never ran.
pub(super) fn not_sent(call: &str, end: &End) -> io::Result<Vec<u8>> {
    closing(call, Instant::now(), CallOutcome::NotSent, None, Some(end), &PluginRequests::default())
}

fn closing(
    call: &str,
    opened: Instant,
    outcome: CallOutcome,
    code: Option<&str>,
    end: Option<&End>,
    asked: &PluginRequests,
) -> io::Result<Vec<u8>> {
    let duration_us = u64::try_from(opened.elapsed().as_micros()).unwrap_or(u64::MAX);
    let (plugin_requests, more_plugin_requests) = asked.so_far();
    let line = ClosingLine {
        call,
        at: jiff::Timestamp::now(),
        closing: Closing { outcome, code, duration_us },
        settlement: end.map(|end| end.settlement),
        rows: end.and_then(|end| end.rows),
        bytes: end.and_then(|end| end.bytes),
        plugin_requests,
        more_plugin_requests,
    };
    let mut members = Vec::with_capacity(LINE_BYTES_USUAL / 4);
    line::members(&mut members, &line)?;
    Ok(members)
}

impl OpenEntry {
    /// What the log calls this call.
    pub fn call(&self) -> &str {
        &self.call
    }

    /// What plugins ask for during the call goes into the closing line, however the call ends.
    pub fn telling(&mut self, requests: &PluginRequests) {
        self.plugin_requests = requests.clone();
    }

    /// Settles the charges and writes the closing line. A failure here cannot undo the call; it is
    /// returned for the log.
    pub fn close(mut self, end: &End, outcome: CallOutcome, code: Option<&str>) -> Result<(), AuditError> {
        self.write_closing(end, outcome, code)
    }

    fn write_closing(
        &mut self,
        end: &End,
        outcome: CallOutcome,
        code: Option<&str>,
    ) -> Result<(), AuditError> {
        if std::mem::replace(&mut self.is_closed, true) {
            return Ok(());
        }
        let core = self.log.core();
        let charged = self.is_charged.then_some(end);
        let members = closing(&self.call, self.opened, outcome, code, charged, &self.plugin_requests)
            .map_err(core.fail("encode for"))?;
        let waiting = Waiting { call: self.call.clone(), end: *end, members };
        let Some(Waiting { members, .. }) = core.close_later(waiting) else { return Ok(()) };
        let written = core.turn(|state| {
            // Written first: what the log does not say must not be given back.
            let written = state.append("close", &members);
            let kept = if written.is_ok() { *end } else { End::of(Settlement::Unknown) };
            if let Some(reservation) = state.under_way.take(&self.call) {
                core.ledger.settle(reservation, &kept);
            }
            written
        })?;
        written.map_err(core.fail("write"))
    }
}

impl Drop for OpenEntry {
    fn drop(&mut self) {
        if self.is_closed {
            return;
        }
        if let Err(error) = self.write_closing(&End::of(Settlement::Unknown), CallOutcome::Abandoned, None) {
            tracing::error!(%error, call = %self.call, "an abandoned call has no closing line");
        }
    }
}
