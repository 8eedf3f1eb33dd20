//! The log of one process: one turn at a time, and a thread that looks after what is left over.
//!
//! Inside a process a mutex orders the calls, between processes the turn does. Reserving, numbering
//! and writing happen within one turn, so the order of the lines is the order of the reservations.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    checkpoint::Pending,
    files::{Files, open_private, sync_folder},
    flush::Flusher,
    keys::{Keys, public_key},
    metrics::JournalState,
    state::State,
    tail::Tail,
    together::{Closings, Together, Waiting},
    turn::Turn,
};
use crate::{
    ledger::LocalLedger,
    store::{Lines, SealKeys, StateDir, is_unreachable},
};

/// Largest file of the log; a full one is put aside and the chain goes on in the next.
pub(super) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How often the keeper looks whether another process waits, while this one keeps its turn.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long closing lines wait before the store is tried again.
const AWAY_PAUSE: Duration = Duration::from_millis(200);

/// The log could not be written: no call may run.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} the audit log {}: {source}", path.display())]
pub struct AuditError {
    pub(super) what: &'static str,
    pub(super) path: PathBuf,
    #[source]
    pub(super) source: io::Error,
}

impl AuditError {
    /// Is it because the store that replicas share is away?
    pub fn is_unreachable(&self) -> bool {
        is_unreachable(&self.source)
    }
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) files: Files,
    dir: StateDir,
    seal: SealKeys,
    keys: OnceLock<Keys>,
    pub(super) ledger: LocalLedger,
    state: Mutex<State>,
    pub(super) flusher: Arc<Flusher>,
    file_bytes_max: u64,
    /// Calls that wait for their turn.
    queue: AtomicU64,
    keeper: Keeper,
    /// Closing lines for the chain of several machines, if this is one.
    closings: Option<Closings>,
    pub(super) lines: Option<Lines>,
}

/// When the keeper has something to do.
#[derive(Debug, Default)]
struct Keeper {
    is_wanted: AtomicBool,
    is_running: AtomicBool,
    is_stopped: Mutex<bool>,
    changed: Condvar,
}

impl Core {
    pub(super) fn open(
        path: &Path,
        dir: &StateDir,
        seal: SealKeys,
        file_bytes_max: u64,
    ) -> Result<Self, AuditError> {
        let fail = |source| AuditError { what: "open", path: path.to_owned(), source };
        let files = Files::of(path);
        let file = open_private(path).map_err(fail)?;
        let turn = Turn::open(&files).map_err(fail)?;
        let lines = dir.store().map(Lines::of);
        let together = lines.clone().map(Together::on);
        let closings = together.as_ref().map(|together| together.closings.clone());
        // The keys of one chain are those of all who write it.
        let dir = dir.shared();
        Ok(Self {
            files,
            dir,
            seal,
            keys: OnceLock::new(),
            ledger: LocalLedger::default(),
            state: Mutex::new(State::new(turn, Tail::empty(file), together)),
            flusher: Arc::default(),
            file_bytes_max,
            queue: AtomicU64::new(0),
            keeper: Keeper::default(),
            closings,
            lines,
        })
    }

    pub(super) fn fail(&self, what: &'static str) -> impl Fn(io::Error) -> AuditError + '_ {
        move |source| AuditError { what, path: self.files.log.clone(), source }
    }

    /// The keys, made with the first line.
    pub(super) fn keys(&self) -> Result<&Keys, AuditError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let keys = Keys::load_or_make(&self.dir, &self.files.keys_name(), &self.seal)
            .map_err(|error| self.fail("use the keys of")(io::Error::other(error)))?;
        Ok(self.keys.get_or_init(|| keys))
    }

    pub(super) fn public_key(&self) -> Option<String> {
        match self.keys.get() {
            Some(keys) => Some(keys.public().to_owned()),
            None => public_key(&self.dir, &self.files.keys_name()),
        }
    }

    /// The state without a turn: for what needs no line.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something while nobody else can write, knowing everything that was written before.
    pub(super) fn turn<T>(self: &Arc<Self>, work: impl FnOnce(&mut State) -> T) -> Result<T, AuditError> {
        self.turn_with(true, work)
    }

    fn turn_with<T>(
        self: &Arc<Self>,
        with_closings: bool,
        work: impl FnOnce(&mut State) -> T,
    ) -> Result<T, AuditError> {
        self.queue.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        self.queue.fetch_sub(1, Ordering::Relaxed);
        let begun = state.begin(&self.files, &self.ledger, with_closings, || self.public_key());
        if let Err(error) = begun {
            // Otherwise it is kept for as long as the store is away.
            state.turn.give();
            return Err(self.fail("follow")(error));
        }
        let done = work(&mut state);
        let committed = state.commit(&self.files, &self.ledger);
        let is_kept = state.end();
        let is_due = state.tail.offset >= self.file_bytes_max
            || (!is_kept && state.wants_checkpoint(jiff::Timestamp::now()));
        drop(state);
        if is_kept || is_due {
            self.wake_keeper();
        }
        committed.map_err(self.fail("write"))?;
        Ok(done)
    }

    /// Leaves the closing line of a call to the next turn, where several machines write the chain. Gives
    /// it back where none do.
    pub(super) fn close_later(self: &Arc<Self>, closing: Waiting) -> Option<Waiting> {
        let Some(closings) = &self.closings else { return Some(closing) };
        closings.add(closing);
        self.wake_keeper();
        None
    }

    fn has_closings(&self) -> bool {
        self.closings.as_ref().is_some_and(Closings::are_there)
    }

    /// Is the store that holds the chain known to be away?
    pub(super) fn is_away(&self) -> bool {
        self.lines.as_ref().is_some_and(Lines::is_away)
    }

    /// Learns what other processes wrote, if they did. Where that fails, the next line says so.
    pub(super) fn freshen(self: &Arc<Self>) {
        let is_fresh = self.lock().is_fresh(&self.files);
        if !is_fresh && let Err(error) = self.turn(|_| ()) {
            tracing::warn!(%error, "the log cannot be read for now");
        }
    }

    fn wake_keeper(self: &Arc<Self>) {
        if self.keeper.is_wanted.swap(true, Ordering::AcqRel) {
            return;
        }
        if !self.keeper.is_running.swap(true, Ordering::AcqRel) {
            let core = Arc::clone(self);
            let started =
                std::thread::Builder::new().name("log keeper".to_owned()).spawn(move || core.keep());
            if let Err(error) = started {
                // Without a keeper the turn must not be kept.
                tracing::error!(%error, "the keeper of the audit log did not start");
                self.keeper.is_running.store(false, Ordering::Release);
                self.keeper.is_wanted.store(false, Ordering::Release);
                self.lock().turn.give();
            }
            return;
        }
        // Taken and let go, so that the keeper is either waiting or will look once more.
        drop(self.keeper.is_stopped.lock().unwrap_or_else(PoisonError::into_inner));
        self.keeper.changed.notify_one();
    }

    fn keep(self: &Arc<Self>) {
        let keeper = &self.keeper;
        loop {
            {
                let mut is_stopped = keeper.is_stopped.lock().unwrap_or_else(PoisonError::into_inner);
                while !*is_stopped && !keeper.is_wanted.load(Ordering::Acquire) {
                    is_stopped = keeper.changed.wait(is_stopped).unwrap_or_else(PoisonError::into_inner);
                }
                if !*is_stopped {
                    let waited = keeper.changed.wait_timeout(is_stopped, LOOK_EVERY);
                    is_stopped = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                if *is_stopped {
                    return;
                }
            }
            if self.has_closings()
                && let Err(error) = self.turn(|_| ())
            {
                tracing::debug!(%error, "closing lines wait for the shared store");
                std::thread::sleep(AWAY_PAUSE);
            }
            self.checkpoint_if_due();
            // Whoever takes the turn after this asks for the keeper again.
            let mut state = self.lock();
            let is_kept = state.look_around();
            keeper.is_wanted.store(is_kept, Ordering::Release);
            // Looked at last: whoever adds one after this asks for the keeper.
            if self.has_closings() {
                keeper.is_wanted.store(true, Ordering::Release);
            }
        }
    }

    fn checkpoint_if_due(self: &Arc<Self>) {
        let now = jiff::Timestamp::now();
        let is_full = |state: &State| state.tail.offset >= self.file_bytes_max;
        {
            let state = self.lock();
            if !is_full(&state) && !state.wants_checkpoint(now) {
                return;
            }
        }
        if let Err(error) = self.checkpoint(is_full) {
            tracing::error!(%error, "no checkpoint for now");
        }
    }

    /// Writes a checkpoint; into a new file where the old one is full.
    pub(super) fn checkpoint(self: &Arc<Self>, is_full: impl Fn(&State) -> bool) -> Result<(), AuditError> {
        if self.lines.is_some() {
            return self.checkpoint_together(is_full);
        }
        let keys = self.keys()?;
        let now = jiff::Timestamp::now();
        let (pending, old, new) = self
            .turn(|state| -> io::Result<_> {
                let old = Arc::clone(&state.tail.file);
                let pending: Pending = if is_full(state) {
                    state.rotate(&self.files, &self.ledger, keys, now)?
                } else {
                    state.checkpoint(&self.ledger, keys, now, false)?
                };
                Ok((pending, old, Arc::clone(&state.tail.file)))
            })?
            .map_err(self.fail("write"))?;
        // The line first: counters without their line would not be believed.
        let kept = old
            .sync_data()
            .and_then(|()| if Arc::ptr_eq(&old, &new) { Ok(()) } else { new.sync_data() })
            .and_then(|()| sync_folder(&self.files.log))
            .and_then(|()| pending.write(&self.files));
        kept.map_err(self.fail("save the counters of"))
    }

    /// The same for the chain of several machines. No closing line goes along: its charges are settled
    /// after it is written, and the counters have to be those of this very line.
    fn checkpoint_together(self: &Arc<Self>, is_full: impl Fn(&State) -> bool) -> Result<(), AuditError> {
        let keys = self.keys()?;
        let now = jiff::Timestamp::now();
        let counters = self
            .turn_with(false, |state| {
                let is_full = is_full(state);
                state.checkpoint_together(&self.ledger, keys, now, is_full)
            })?
            .map_err(self.fail("write"))?;
        let (place, file) = {
            let mut state = self.lock();
            (state.place.take(), Arc::clone(&state.tail.file))
        };
        let Some(place) = place else { return Ok(()) };
        let kept = file
            .sync_data()
            .and_then(|()| sync_folder(&self.files.log))
            .and_then(|()| place.with(counters).write(&self.files));
        kept.map_err(self.fail("save the counters of"))
    }

    /// The last of this process: what is due is written, the turn is given back.
    pub(super) fn stop(self: &Arc<Self>) {
        if self.has_closings()
            && let Err(error) = self.turn(|_| ())
        {
            tracing::error!(%error, "the last closing lines are not in the log; their calls stay charged");
        }
        self.checkpoint_if_due();
        *self.keeper.is_stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.keeper.changed.notify_all();
        self.flusher.stop();
        self.lock().turn.give();
    }

    pub(super) fn state(&self, now: jiff::Timestamp) -> JournalState {
        let counters = self.ledger.usage(now);
        let state = self.lock();
        JournalState {
            sequence: state.tail.sequence,
            queue: self.queue.load(Ordering::Relaxed) + self.flusher.waiting() as u64,
            under_way: state.under_way.len() as u64,
            chain_holds: state.chain_holds,
            checkpoint_at: state.checkpoint_at(),
            counters,
            breakers_open: Some(self.ledger.breakers_open(now)),
        }
    }
}
