//! What one process knows of the log: its end, the counters, and the calls that are under way.

use std::{
    collections::{HashMap, VecDeque},
    io,
    time::{Duration, Instant},
};

use super::{
    checkpoint::{self, CHECKPOINT, Pending},
    files::Files,
    keys::Keys,
    tail::{ROTATED, Seen, Tail},
    together::Together,
    turn::Turn,
};
use crate::ledger::{End, Ledger as _, LocalLedger, Reservation, Settlement};

/// After another process wrote, the turn is given back each time for so long.
const SHARING: Duration = Duration::from_millis(50);
/// A process that writes nothing for so long gives its turn back.
const IDLE: Duration = Duration::from_millis(20);
/// Most charged calls without a closing line that are remembered. Older ones belong to processes that
/// died; they stay charged.
const UNDER_WAY_MAX: usize = 65_536;
/// Time between checkpoints while there is traffic.
const CHECKPOINT_EVERY_S: i64 = 60;
/// After so many lines a checkpoint comes sooner, so that a start never reads many more.
const CHECKPOINT_LINES: u64 = 10_000;
const CHECKPOINT_EARLIEST_S: i64 = 5;

#[derive(Debug)]
pub(super) struct State {
    pub(super) turn: Turn,
    pub(super) tail: Tail,
    is_loaded: bool,
    pub(super) under_way: UnderWay,
    /// The chain of several machines, if this is one.
    pub(super) together: Option<Together>,
    /// Where our last checkpoint stands in it.
    pub(super) place: Option<Pending>,
    shared_until: Option<Instant>,
    last_used: Instant,
    lines_since_checkpoint: u64,
    /// The last checkpoint, or the first line if there is none.
    checkpoint_at: Option<jiff::Timestamp>,
    pub(super) chain_holds: bool,
}

/// Reservations of calls that have an opening line and no closing one.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    calls: HashMap<String, Reservation>,
    order: VecDeque<String>,
}

impl UnderWay {
    pub(super) fn add(&mut self, call: &str, reservation: Reservation) {
        if reservation.is_empty() {
            return;
        }
        // The order also holds calls that ended; they are swept out before they are too many.
        if self.order.len() >= UNDER_WAY_MAX {
            let calls = &self.calls;
            self.order.retain(|call| calls.contains_key(call));
            while self.order.len() >= UNDER_WAY_MAX {
                let Some(oldest) = self.order.pop_front() else { break };
                self.calls.remove(&oldest);
            }
        }
        self.order.push_back(call.to_owned());
        self.calls.insert(call.to_owned(), reservation);
    }

    pub(super) fn take(&mut self, call: &str) -> Option<Reservation> {
        self.calls.remove(call)
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &Reservation)> {
        self.calls.iter().map(|(call, reservation)| (call.as_str(), reservation))
    }
}

impl State {
    pub(super) fn new(turn: Turn, tail: Tail, together: Option<Together>) -> Self {
        Self {
            turn,
            tail,
            is_loaded: false,
            under_way: UnderWay::default(),
            together,
            place: None,
            shared_until: None,
            last_used: Instant::now(),
            lines_since_checkpoint: 0,
            checkpoint_at: None,
            chain_holds: true,
        }
    }

    /// Takes the turn and learns what others wrote meanwhile.
    pub(super) fn begin(
        &mut self,
        files: &Files,
        ledger: &LocalLedger,
        with_closings: bool,
        public: impl FnOnce() -> Option<String>,
    ) -> io::Result<()> {
        self.begin_here(files, ledger, public)?;
        let Self { together, tail, under_way, .. } = self;
        let Some(together) = together else { return Ok(()) };
        let begun = together.begin(files, tail, ledger, under_way, with_closings);
        match &begun {
            Ok(()) => self.chain_holds = true,
            // Away is not broken.
            Err(error) => self.chain_holds &= error.kind() != io::ErrorKind::InvalidData,
        }
        begun
    }

    /// The same among the processes of one state directory.
    fn begin_here(
        &mut self,
        files: &Files,
        ledger: &LocalLedger,
        public: impl FnOnce() -> Option<String>,
    ) -> io::Result<()> {
        if self.turn.is_held() {
            return Ok(());
        }
        let was_free = self.turn.take()?;
        let learnt = if self.is_loaded {
            self.learn(files, ledger)
        } else {
            self.load(files, ledger, public).map(|()| false)
        };
        match learnt {
            Ok(foreign) => {
                if foreign || !was_free {
                    self.shared_until = Some(Instant::now() + SHARING);
                }
                self.chain_holds = true;
                Ok(())
            }
            Err(error) => {
                self.chain_holds = false;
                self.turn.give();
                Err(error)
            }
        }
    }

    /// Writes what was made for the chain of several machines.
    pub(super) fn commit(&mut self, files: &Files, ledger: &LocalLedger) -> io::Result<()> {
        let Self { together, tail, under_way, .. } = self;
        let Some(together) = together else { return Ok(()) };
        if let Some(place) = together.end(files, tail, ledger, under_way)? {
            self.place = Some(place);
        }
        Ok(())
    }

    /// Keeps the turn if nobody else seems to be there. True if it is kept.
    pub(super) fn end(&mut self) -> bool {
        self.last_used = Instant::now();
        if self.shared_until.is_some_and(|until| self.last_used < until) {
            self.turn.give();
            return false;
        }
        self.shared_until = None;
        true
    }

    /// Gives the turn to whoever waits, and after a pause to nobody. True while it is kept.
    pub(super) fn look_around(&mut self) -> bool {
        if self.turn.is_held() {
            if self.turn.is_wanted() {
                self.shared_until = Some(Instant::now() + SHARING);
                self.turn.give();
            } else if self.last_used.elapsed() >= IDLE {
                self.turn.give();
            }
        }
        self.turn.is_held()
    }

    /// Do we know everything that is in the log, without taking the turn?
    pub(super) fn is_fresh(&self, files: &Files) -> bool {
        if let Some(together) = &self.together {
            return self.is_loaded && together.is_fresh();
        }
        self.turn.is_held() || (self.is_loaded && self.tail.is_current(files))
    }

    fn learn(&mut self, files: &Files, ledger: &LocalLedger) -> io::Result<bool> {
        if self.is_loaded && self.tail.is_current(files) {
            return Ok(false);
        }
        let Self { tail, under_way, lines_since_checkpoint, checkpoint_at, .. } = self;
        tail.follow(files, |seen| {
            *lines_since_checkpoint += 1;
            if checkpoint_at.is_none() {
                *checkpoint_at = seen.at;
            }
            if seen.event == CHECKPOINT {
                *lines_since_checkpoint = 0;
                *checkpoint_at = seen.at;
            }
            apply(seen, ledger, under_way);
        })
    }

    /// The first look at the log: the last checkpoint, and everything after it.
    fn load(
        &mut self,
        files: &Files,
        ledger: &LocalLedger,
        public: impl FnOnce() -> Option<String>,
    ) -> io::Result<()> {
        let found = checkpoint::find(files, public().as_deref())?;
        self.tail = match found {
            Some(found) => {
                let under_way = ledger
                    .restore(&found.lines)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                for (call, reservation) in under_way {
                    self.under_way.add(&call, reservation);
                }
                self.checkpoint_at = Some(found.at);
                found.tail
            }
            None => match files.all_full()?.first() {
                Some((_, oldest)) => Tail::before(oldest)?,
                None => Tail::before(&files.log)?,
            },
        };
        let learnt = self.learn(files, ledger);
        // Even where a mistake stops this half way, counters only ever got higher.
        self.is_loaded = true;
        learnt.map(drop)
    }

    pub(super) fn append(&mut self, event: &str, members: &[u8]) -> io::Result<()> {
        match &mut self.together {
            Some(together) => together.compose(&mut self.tail, event, members)?,
            None => self.tail.append(event, members)?,
        }
        self.lines_since_checkpoint += 1;
        self.checkpoint_at.get_or_insert_with(jiff::Timestamp::now);
        Ok(())
    }

    /// Is it time for a checkpoint?
    pub(super) fn wants_checkpoint(&self, now: jiff::Timestamp) -> bool {
        let Some(at) = self.checkpoint_at.filter(|_| self.lines_since_checkpoint > 0) else { return false };
        let age_s = now.as_second().saturating_sub(at.as_second());
        let late = !(0..CHECKPOINT_EVERY_S).contains(&age_s);
        late || (self.lines_since_checkpoint >= CHECKPOINT_LINES && age_s >= CHECKPOINT_EARLIEST_S)
    }

    /// Appends a checkpoint. `begins` says that it is the first line of its file.
    pub(super) fn checkpoint(
        &mut self,
        ledger: &LocalLedger,
        keys: &Keys,
        now: jiff::Timestamp,
        begins: bool,
    ) -> io::Result<Pending> {
        let snapshot = ledger.snapshot(now, self.under_way.iter());
        let pending = checkpoint::append(&mut self.tail, snapshot, keys, now, begins)?;
        self.lines_since_checkpoint = 0;
        self.checkpoint_at = Some(now);
        Ok(pending)
    }

    /// Ends the file and begins the next one, with a checkpoint as its first line.
    pub(super) fn rotate(
        &mut self,
        files: &Files,
        ledger: &LocalLedger,
        keys: &Keys,
        now: jiff::Timestamp,
    ) -> io::Result<Pending> {
        let mut members = Vec::new();
        super::line::members(&mut members, &serde_json::json!({ "at": now }))?;
        self.tail.append(ROTATED, &members)?;
        self.tail.enter_next(files)?;
        self.checkpoint(ledger, keys, now, true)
    }

    /// A checkpoint for the chain of several machines, after the last line of a file that is full. Gives
    /// the counters; its place is known once it is written.
    pub(super) fn checkpoint_together(
        &mut self,
        ledger: &LocalLedger,
        keys: &Keys,
        now: jiff::Timestamp,
        is_full: bool,
    ) -> io::Result<Vec<u8>> {
        if is_full {
            let mut members = Vec::new();
            super::line::members(&mut members, &serde_json::json!({ "at": now }))?;
            self.append(ROTATED, &members)?;
        }
        let snapshot = ledger.snapshot(now, self.under_way.iter());
        let body = checkpoint::body(&self.tail, &snapshot, keys, now, is_full)?;
        self.append(CHECKPOINT, &body)?;
        self.lines_since_checkpoint = 0;
        self.checkpoint_at = Some(now);
        Ok(snapshot.lines)
    }

    pub(super) fn checkpoint_at(&self) -> Option<jiff::Timestamp> {
        self.checkpoint_at
    }
}

/// What a line of the log does to the counters.
pub(super) fn apply(seen: &Seen<'_>, ledger: &LocalLedger, under_way: &mut UnderWay) {
    for note in &seen.breakers {
        ledger.replay_note(note);
    }
    let Some(call) = seen.call.as_deref() else { return };
    match &*seen.event {
        "open" if !seen.charges.is_empty() => under_way.add(call, ledger.replay(&seen.charges)),
        "close" => {
            if let Some(reservation) = under_way.take(call) {
                // A closing line without a settlement says as little as none.
                let settlement = seen.settlement.unwrap_or(Settlement::Unknown);
                ledger.settle(reservation, &End { settlement, rows: seen.rows, bytes: seen.bytes });
            }
        }
        _ => {}
    }
}
