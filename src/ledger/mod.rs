//! The counters: reserve all charges of a call or none, settle once.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::policy::{Charge, CounterId, Window};

/// Most live counters; a new one beyond that is refused, none is forgotten.
const COUNTERS_MAX: usize = 1_000_000;
/// Up to this maximum a sliding window remembers each call exactly.
const EXACT_MAX: u64 = 1_024;
/// Above it, the window is kept in so many parts and the oldest counts whole, on the strict side.
const SLIDING_PARTS: u64 = 12;

/// All counters of this process.
#[derive(Debug, Default)]
pub struct Ledger {
    cells: Mutex<HashMap<CounterId, Cell>>,
}

/// What a call has reserved. Settle it once with how the call ended.
#[derive(Debug)]
#[must_use = "a reservation has to be settled"]
pub struct Reservation {
    taken: Vec<(CounterId, u64)>,
}

/// How a call ended, as far as the counters care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Refused before the first byte left: the charge is given back.
    NotSent,
    /// Answered, by a result or by a fault.
    Answered,
    /// It may or may not have happened.
    Unknown,
}

/// Why a reservation was refused.
#[derive(Debug, Clone)]
pub struct Exhausted {
    pub charge: Charge,
    pub retry_after: Option<Duration>,
    pub remaining: Vec<(Arc<str>, u64)>,
}

impl Ledger {
    /// Takes every charge, or none and says which limit stands in the way.
    pub fn reserve(&self, charges: &[Charge], now_ms: u64) -> Result<Reservation, Box<Exhausted>> {
        if charges.is_empty() {
            return Ok(Reservation { taken: Vec::new() });
        }
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let mut refused = None;
        let mut remaining = Vec::with_capacity(charges.len());
        for charge in charges {
            let used = cells.get_mut(&charge.counter).map_or(0, |cell| cell.used(charge, now_ms));
            let full =
                used >= charge.max || (cells.len() >= COUNTERS_MAX && !cells.contains_key(&charge.counter));
            remaining.push((Arc::clone(&charge.counter.name), charge.max.saturating_sub(used)));
            if full && refused.is_none() {
                let wait = if charge.max == 0 {
                    None
                } else {
                    cells.get(&charge.counter).and_then(|cell| cell.free_in_ms(charge, now_ms))
                };
                refused = Some((charge.clone(), wait.map(Duration::from_millis)));
            }
        }
        if let Some((charge, retry_after)) = refused {
            return Err(Box::new(Exhausted { charge, retry_after, remaining }));
        }
        let mut taken = Vec::with_capacity(charges.len());
        for charge in charges {
            let cell = cells.entry(charge.counter.clone()).or_insert_with(|| Cell::new(charge));
            taken.push((charge.counter.clone(), cell.take(charge, now_ms)));
        }
        Ok(Reservation { taken })
    }

    /// Ends a reservation. Only a call that was not sent gets its charges back.
    pub fn settle(&self, reservation: Reservation, settlement: Settlement) {
        if settlement != Settlement::NotSent || reservation.taken.is_empty() {
            return;
        }
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        for (counter, mark) in reservation.taken {
            if let Some(cell) = cells.get_mut(&counter) {
                cell.give_back(mark);
            }
        }
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
        match charge.window {
            Window::Minute | Window::Hour | Window::Day => Self::Calendar { window_number: 0, used: 0 },
            Window::Sliding { .. } if charge.max <= EXACT_MAX => Self::Exact { at_ms: VecDeque::new() },
            Window::Sliding { .. } => Self::Parts { parts: VecDeque::new() },
        }
    }

    fn used(&mut self, charge: &Charge, now_ms: u64) -> u64 {
        let length = charge.window.length_ms();
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
        let length = charge.window.length_ms();
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
        let length = charge.window.length_ms();
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
