//! One chain for processes on several machines: its lines are in the shared store, and each process
//! holds a copy of them in its state directory.
//!
//! A line is in the store before it is in the copy, so the copy never knows more than the store. Counters
//! are learnt from the lines as they are from those of other processes of one directory. Closing lines
//! wait for the next turn, and for the end of an outage: until then a call stays charged.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    checkpoint::{CHECKPOINT, Pending},
    files::Files,
    line::{Hash, expected_hash},
    state::{UnderWay, apply},
    tail::Tail,
};
use crate::{
    ledger::{End, Ledger as _, LocalLedger, Settlement},
    store::{Lines, LinesTurn},
};

/// Most closing lines that wait for the store. Calls beyond them stay charged.
const WAITING_MAX: usize = 20_000;
/// Most calls of which it is not known whether the store has their opening lines.
const IN_DOUBT_MAX: usize = 1_000;
/// What is only looked at may be as old as this; reserving always knows everything.
const FRESH_FOR: Duration = Duration::from_millis(100);

/// A closing line that is not in the chain yet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) call: String,
    pub(super) end: End,
    pub(super) members: Vec<u8>,
}

/// Closing lines that wait, for every thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Closings(Arc<Mutex<VecDeque<Waiting>>>);

impl Closings {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, closing: Waiting) {
        let mut waiting = self.lock();
        if waiting.len() >= WAITING_MAX {
            tracing::error!("the shared store is away for too long; a closing line is left out");
            waiting.pop_front();
        }
        waiting.push_back(closing);
    }

    pub(super) fn are_there(&self) -> bool {
        !self.lock().is_empty()
    }
}

/// What a process knows of the chain in the store.
#[derive(Debug)]
pub(super) struct Together {
    lines: Lines,
    pub(super) closings: Closings,
    turn: Option<LinesTurn>,
    /// Our lines of this turn.
    composed: Vec<Vec<u8>>,
    /// The end of the chain before them.
    before: Option<(u64, Hash)>,
    /// Calls that were opened in this turn, and that ended in it.
    opened: Vec<String>,
    closed: Vec<Waiting>,
    in_doubt: Vec<String>,
    fresh_at: Option<Instant>,
}

impl Together {
    pub(super) fn on(lines: Lines) -> Self {
        Self {
            lines,
            closings: Closings::default(),
            turn: None,
            composed: Vec::new(),
            before: None,
            opened: Vec::new(),
            closed: Vec::new(),
            in_doubt: Vec::new(),
            fresh_at: None,
        }
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.fresh_at.is_some_and(|at| at.elapsed() < FRESH_FOR)
    }

    /// Waits for the turn among all machines, and learns every line that is new.
    pub(super) fn begin(
        &mut self,
        files: &Files,
        tail: &mut Tail,
        ledger: &LocalLedger,
        under_way: &mut UnderWay,
        with_closings: bool,
    ) -> io::Result<()> {
        // Left by a turn that did not come to its end: its lines were never written.
        if let Some(before) = self.before.take() {
            tail.go_back(before);
            self.turn = None;
            self.composed.clear();
            self.opened.clear();
            let mut waiting = self.closings.lock();
            for closing in std::mem::take(&mut self.closed).into_iter().rev() {
                waiting.push_front(closing);
            }
        }
        loop {
            let mut turn = self.lines.turn(tail.sequence)?;
            let Some(behind) = turn.head.checked_sub(tail.sequence) else {
                let why = "the shared store has fewer lines of the log than the copy in the state directory";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            };
            // A store that was put back to an earlier state goes on from there with other lines.
            let is_ours = tail.sequence == 0
                || turn.known.as_deref().and_then(expected_hash).is_some_and(|hash| hash == tail.hash);
            if !is_ours {
                let why = "the shared store has other lines of the log than the copy in the state directory";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            let new = std::mem::take(&mut turn.new);
            if behind <= new.len() as u64 {
                for line in new {
                    self.take_in(files, tail, ledger, under_way, &line)?;
                }
                self.turn = Some(turn);
                break;
            }
            // Far behind: nobody has to wait for that.
            drop(turn);
            while tail.sequence < self.lines.head()? {
                for line in self.lines.after(tail.sequence)? {
                    self.take_in(files, tail, ledger, under_way, &line)?;
                }
            }
        }
        self.before = Some((tail.sequence, tail.hash));
        if with_closings {
            let waiting = std::mem::take(&mut *self.closings.lock());
            for closing in waiting {
                match tail.compose("close", &closing.members) {
                    Ok(line) => {
                        self.composed.push(line);
                        self.closed.push(closing);
                    }
                    Err(error) => tracing::error!(%error, "a closing line is left out"),
                }
            }
        }
        Ok(())
    }

    /// These calls do not run. Should the store have their lines all the same, they are closed then.
    fn take_back(&mut self, opened: Vec<String>, ledger: &LocalLedger, under_way: &mut UnderWay) {
        for call in opened {
            if let Some(reservation) = under_way.take(&call) {
                ledger.settle(reservation, &End::of(Settlement::NotSent));
            }
            if self.in_doubt.len() < IN_DOUBT_MAX {
                self.in_doubt.push(call);
            }
        }
    }

    fn take_in(
        &mut self,
        files: &Files,
        tail: &mut Tail,
        ledger: &LocalLedger,
        under_way: &mut UnderWay,
        line: &[u8],
    ) -> io::Result<()> {
        let Self { closings, in_doubt, .. } = self;
        tail.copy_in(files, line, &mut |seen| {
            apply(seen, ledger, under_way);
            let Some(call) = seen.call.as_deref() else { return };
            if seen.event == "close" {
                // Ours, written although the answer was lost.
                closings.lock().retain(|waiting| waiting.call != call);
            } else if let Some(at) = in_doubt.iter().position(|doubted| doubted == call) {
                in_doubt.swap_remove(at);
                let end = End::of(Settlement::NotSent);
                if let Ok(members) = super::log::not_sent(call, &end) {
                    closings.add(Waiting { call: call.to_owned(), end, members });
                }
            }
        })
    }

    pub(super) fn compose(&mut self, tail: &mut Tail, event: &str, members: &[u8]) -> io::Result<()> {
        let line = tail.compose(event, members)?;
        self.composed.push(line);
        Ok(())
    }

    /// This call has its reservation; it is given back if the line does not get into the store.
    pub(super) fn opened(&mut self, call: &str) {
        self.opened.push(call.to_owned());
    }

    /// Writes the lines of this turn, into the store and then into the copy, and lets the next one have
    /// the turn. Gives the place of a checkpoint of ours.
    pub(super) fn end(
        &mut self,
        files: &Files,
        tail: &mut Tail,
        ledger: &LocalLedger,
        under_way: &mut UnderWay,
    ) -> io::Result<Option<Pending>> {
        let composed = std::mem::take(&mut self.composed);
        let opened = std::mem::take(&mut self.opened);
        let closed = std::mem::take(&mut self.closed);
        let (Some(turn), Some(before)) = (self.turn.take(), self.before.take()) else { return Ok(None) };
        tail.go_back(before);
        if composed.is_empty() {
            self.fresh_at = Some(Instant::now());
            return Ok(None);
        }
        if let Err(error) = turn.commit(before.0 + 1, composed.clone()) {
            self.take_back(opened, ledger, under_way);
            let mut waiting = self.closings.lock();
            for closing in closed.into_iter().rev() {
                waiting.push_front(closing);
            }
            return Err(error.into());
        }
        self.fresh_at = Some(Instant::now());
        for closing in closed {
            if let Some(reservation) = under_way.take(&closing.call) {
                ledger.settle(reservation, &closing.end);
            }
        }
        let mut place = None;
        for line in composed {
            let mut is_checkpoint = false;
            let copied = tail.copy_in(files, &line, &mut |seen| is_checkpoint = seen.event == CHECKPOINT);
            if let Err(error) = copied {
                // The next turn reads these lines from the store, and charges what they say.
                self.take_back(opened, ledger, under_way);
                return Err(error);
            }
            if is_checkpoint {
                let start = tail.offset.saturating_sub(line.len() as u64 + 1);
                place = Some(Pending::at(tail, start, Vec::new()));
            }
        }
        Ok(place)
    }
}
