//! The counters: reserve all charges of a call or none, settle once.
//!
//! The ledger decides nothing and writes nothing down: the audit log holds what was charged, and
//! from there the counters are rebuilt after a crash.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    facts::{Decimal, Pause},
    policy::{BreakerPlan, CalendarUnit, Charge, CounterId, Scope, Window},
};

/// Most live counters; a new one beyond that is refused, none is forgotten.
const COUNTERS_MAX: usize = 1_000_000;
/// Up to this maximum a sliding window remembers each call exactly.
const EXACT_MAX: u64 = 1_024;
/// Above it, the window is kept in so many parts and the oldest counts whole, on the strict side.
const SLIDING_PARTS: u64 = 12;

/// Counters, wherever they are kept: in this process, or in a store that several machines share.
pub trait Ledger: Send + Sync + fmt::Debug {
    /// Takes every charge, or none and says which limit stands in the way.
    fn reserve(&self, charges: &[Charge], now: Timestamp) -> Result<Reservation, Box<Exhausted>>;

    /// Could they be reserved right now? Takes nothing.
    fn check(&self, charges: &[Charge], now: Timestamp) -> Result<(), Box<Exhausted>> {
        let reservation = self.reserve(charges, now)?;
        self.settle(reservation, &End::of(Settlement::NotSent));
        Ok(())
    }

    /// Ends a reservation, once, whatever the number of retries.
    fn settle(&self, reservation: Reservation, end: &End);

    /// Notes an event for breakers; a full one pauses its scope.
    fn note(&self, breakers: &[BreakerPlan], now: Timestamp);

    /// Is one of these scopes paused?
    fn paused(&self, breakers: &[BreakerPlan], now: Timestamp) -> Option<Pause>;
}

/// What a call has reserved. Settle it once with how the call ended.
#[derive(Debug, Default)]
#[must_use = "a reservation has to be settled"]
pub struct Reservation {
    taken: Vec<(Charge, u64)>,
}

/// How a call ended, as far as the counters care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub settlement: Settlement,
    /// Rows and bytes of the result, where limits count them.
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
}

/// What is known about the effects of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Refused before the first byte left: the charge is given back.
    NotSent,
    /// Odoo answered with a fault and rolled back.
    Rejected,
    /// Answered by a result.
    Done,
    /// It may or may not have happened.
    Unknown,
}

impl End {
    pub fn of(settlement: Settlement) -> Self {
        Self { settlement, rows: None, bytes: None }
    }
}

/// Why a reservation was refused.
#[derive(Debug, Clone)]
pub struct Exhausted {
    pub charge: Charge,
    pub why: Refusal,
    pub retry_after: Option<Duration>,
    /// What is left of each counter of the call, as text: amounts are exact.
    pub remaining: Vec<(Arc<str>, String)>,
}

/// What stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The limit would be exceeded.
    Full,
    /// The amount is negative, or a sum cannot be exact.
    BadAmount,
    /// There are too many counters.
    NoRoom,
}

/// All counters of this process.
#[derive(Debug, Default)]
pub struct LocalLedger {
    cells: Mutex<HashMap<(CounterId, Scope), Cell>>,
}

fn key(charge: &Charge) -> (CounterId, Scope) {
    (charge.limit.counter.clone(), charge.scope.clone())
}

impl Ledger for LocalLedger {
    fn reserve(&self, charges: &[Charge], now: Timestamp) -> Result<Reservation, Box<Exhausted>> {
        let now_ms = u64::try_from(now.as_millisecond()).unwrap_or_default();
        if charges.is_empty() {
            return Ok(Reservation { taken: Vec::new() });
        }
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let mut refused = None;
        let mut remaining = Vec::with_capacity(charges.len());
        for charge in charges {
            let key = key(charge);
            let max = charge.limit.max.as_u64().unwrap_or_default();
            let used = cells.get_mut(&key).map_or(0, |cell| cell.used(charge, now_ms));
            let full = used >= max || (cells.len() >= COUNTERS_MAX && !cells.contains_key(&key));
            remaining.push((Arc::clone(&charge.limit.counter.name), max.saturating_sub(used).to_string()));
            if full && refused.is_none() {
                let wait = if max == 0 {
                    None
                } else {
                    cells.get(&key).and_then(|cell| cell.free_in_ms(charge, now_ms))
                };
                refused = Some((charge.clone(), wait.map(Duration::from_millis)));
            }
        }
        if let Some((charge, retry_after)) = refused {
            return Err(Box::new(Exhausted { charge, why: Refusal::Full, retry_after, remaining }));
        }
        let mut taken = Vec::with_capacity(charges.len());
        for charge in charges {
            let cell = cells.entry(key(charge)).or_insert_with(|| Cell::new(charge));
            taken.push((charge.clone(), cell.take(charge, now_ms)));
        }
        Ok(Reservation { taken })
    }

    fn settle(&self, reservation: Reservation, end: &End) {
        if end.settlement != Settlement::NotSent || reservation.taken.is_empty() {
            return;
        }
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        for (charge, mark) in reservation.taken {
            if let Some(cell) = cells.get_mut(&key(&charge)) {
                cell.give_back(mark);
            }
        }
    }

    fn note(&self, _: &[BreakerPlan], _: Timestamp) {}

    fn paused(&self, _: &[BreakerPlan], _: Timestamp) -> Option<Pause> {
        None
    }
}

fn length_ms(window: &Window) -> u64 {
    match window {
        Window::Calendar { unit: CalendarUnit::Minute, .. } => 60_000,
        Window::Calendar { unit: CalendarUnit::Hour, .. } => 3_600_000,
        Window::Calendar { unit: CalendarUnit::Day, .. } => 86_400_000,
        Window::Calendar { unit: CalendarUnit::Week, .. } => 7 * 86_400_000,
        Window::Calendar { unit: CalendarUnit::Month, .. } => 30 * 86_400_000,
        Window::Sliding { seconds } => u64::from(*seconds) * 1_000,
    }
}

/// One counter's memory.
#[derive(Debug)]
enum Cell {
    Calendar { window_number: u64, used: u64 },
    Exact { at_ms: VecDeque<u64> },
    Parts { parts: VecDeque<(u64, u64)> },
}

impl Cell {
    fn new(charge: &Charge) -> Self {
        match charge.limit.counter.window {
            Window::Calendar { .. } => Self::Calendar { window_number: 0, used: 0 },
            Window::Sliding { .. } if charge.limit.max <= Decimal::from(EXACT_MAX) => {
                Self::Exact { at_ms: VecDeque::new() }
            }
            Window::Sliding { .. } => Self::Parts { parts: VecDeque::new() },
        }
    }

    fn used(&mut self, charge: &Charge, now_ms: u64) -> u64 {
        let length = length_ms(&charge.limit.counter.window);
        match self {
            Self::Calendar { window_number, used } => {
                // The window number never goes back when the clock does.
                let current = now_ms / length;
                if current > *window_number {
                    *window_number = current;
                    *used = 0;
                }
                *used
            }
            Self::Exact { at_ms } => {
                while at_ms.front().is_some_and(|at| at + length <= now_ms) {
                    at_ms.pop_front();
                }
                at_ms.len() as u64
            }
            Self::Parts { parts } => {
                while parts.front().is_some_and(|(start, _)| start + length + part_ms(length) <= now_ms) {
                    parts.pop_front();
                }
                parts.iter().map(|(_, used)| used).sum()
            }
        }
    }

    /// Adds one and returns the mark by which it can be given back.
    fn take(&mut self, charge: &Charge, now_ms: u64) -> u64 {
        let length = length_ms(&charge.limit.counter.window);
        match self {
            Self::Calendar { window_number, used } => {
                *window_number = (*window_number).max(now_ms / length);
                *used += 1;
                *window_number
            }
            Self::Exact { at_ms } => {
                let at = at_ms.back().map_or(now_ms, |last| now_ms.max(*last));
                at_ms.push_back(at);
                at
            }
            Self::Parts { parts } => {
                let start = now_ms - now_ms % part_ms(length);
                match parts.back_mut() {
                    Some((last, used)) if *last >= start => {
                        *used += 1;
                        *last
                    }
                    _ => {
                        parts.push_back((start, 1));
                        start
                    }
                }
            }
        }
    }

    fn give_back(&mut self, mark: u64) {
        match self {
            // A refund touches only the window it came from.
            Self::Calendar { window_number, used } if *window_number == mark => {
                *used = used.saturating_sub(1)
            }
            Self::Calendar { .. } => {}
            Self::Exact { at_ms } => {
                if let Some(index) = at_ms.iter().rposition(|at| *at == mark) {
                    at_ms.remove(index);
                }
            }
            Self::Parts { parts } => {
                if let Some((_, used)) = parts.iter_mut().find(|(start, _)| *start == mark) {
                    *used = used.saturating_sub(1);
                }
            }
        }
    }

    fn free_in_ms(&self, charge: &Charge, now_ms: u64) -> Option<u64> {
        let length = length_ms(&charge.limit.counter.window);
        match self {
            Self::Calendar { window_number, .. } => {
                Some(((window_number + 1) * length).saturating_sub(now_ms))
            }
            Self::Exact { at_ms } => at_ms.front().map(|at| (at + length).saturating_sub(now_ms)),
            Self::Parts { parts } => {
                parts.front().map(|(start, _)| (start + length + part_ms(length)).saturating_sub(now_ms))
            }
        }
    }
}

fn part_ms(length_ms: u64) -> u64 {
    (length_ms / SLIDING_PARTS).max(1)
}

#[cfg(test)]
mod tests;
