//! Counters as text: the charges of a call on its log line, and all counters in a checkpoint.

use std::{io::Write as _, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    LocalLedger, RecordedNote, Reservation, Taken,
    breakers::BreakerState,
    cell::{Cell, Memory},
    identity::Identity,
    local::milliseconds,
    sliding::Entry,
};
use crate::{
    facts::Decimal,
    policy::{Count, Measure},
};

/// A charge as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedCharge {
    #[serde(flatten)]
    counter: Identity,
    amount: Decimal,
    mark: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    effects: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    measure: Option<RecordedMeasure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordedMeasure {
    Rows,
    Bytes,
}

/// One line of a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Saved {
    Floor(u64),
    Calendar { counter: Identity, start_ms: u64, used: Decimal },
    Sliding { counter: Identity, entries: Vec<Entry> },
    Open { call: String, charges: Vec<RecordedCharge> },
    Breaker(BreakerState),
}

/// All counters at one moment, as lines of text.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub lines: Vec<u8>,
    pub counters: u64,
}

/// A checkpoint that is not one of ours.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the saved counters cannot be read")]
pub struct SnapshotError {
    line: usize,
}

/// How full a counter is.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterUse {
    /// The counter without the caller, such as `tools/odoo_write/rate`.
    pub counter: String,
    pub percent: f64,
}

impl Reservation {
    /// Writes the charges as a JSON array.
    pub fn write_charges(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, taken) in self.taken.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            taken.write(out);
        }
        out.push(b']');
    }
}

impl Taken {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        out.extend_from_slice(&self.cell.written);
        // Writing to a vector cannot fail.
        let _ = write!(out, ",\"amount\":\"{}\",\"mark\":{}", self.amount, self.mark);
        if self.count == Count::Effects {
            out.extend_from_slice(b",\"effects\":true");
        }
        match self.measure {
            Measure::Stated => {}
            Measure::Rows => out.extend_from_slice(b",\"measure\":\"rows\""),
            Measure::Bytes => out.extend_from_slice(b",\"measure\":\"bytes\""),
        }
        out.push(b'}');
    }
}

impl LocalLedger {
    /// Takes what the log says was taken: no limit is asked, it happened.
    pub fn replay(&self, charges: &[RecordedCharge]) -> Reservation {
        let mut reservation = self.recall(charges);
        reservation.taken.retain(|taken| {
            taken.cell.lock().put(&taken.cell.identity.window, taken.mark, taken.amount);
            true
        });
        reservation
    }

    /// The reservation behind charges that the counters hold already.
    fn recall(&self, charges: &[RecordedCharge]) -> Reservation {
        let taken = charges.iter().filter_map(|charge| {
            Some(Taken {
                cell: self.cell_of(&charge.counter, self.floor_ms())?,
                mark: charge.mark,
                amount: charge.amount,
                count: if charge.effects { Count::Effects } else { Count::Attempts },
                measure: match charge.measure {
                    None => Measure::Stated,
                    Some(RecordedMeasure::Rows) => Measure::Rows,
                    Some(RecordedMeasure::Bytes) => Measure::Bytes,
                },
            })
        });
        Reservation { taken: taken.collect(), ..Reservation::default() }
    }

    /// Hears of an event that the log holds.
    pub fn replay_note(&self, note: &RecordedNote) {
        self.breakers.replay(note);
    }

    /// Everything that still counts, and the calls that are under way.
    pub fn snapshot<'a>(
        &self,
        now: jiff::Timestamp,
        under_way: impl Iterator<Item = (&'a str, &'a Reservation)>,
    ) -> Snapshot {
        let cells = self.cells();
        // Windows that are over are not saved, so none of them may begin again: not even if the clock
        // was ahead when they ended.
        let latest_ms = cells.iter().map(|cell| cell.lock().latest_ms()).max().unwrap_or_default();
        self.raise_floor(milliseconds(now).max(latest_ms));
        let now_ms = self.floor_ms();
        let mut snapshot = Snapshot::default();
        snapshot.add(&Saved::Floor(now_ms));
        for cell in cells {
            if let Some(saved) = saved(&cell, now_ms) {
                snapshot.add(&saved);
                snapshot.counters += 1;
            }
        }
        for (call, reservation) in under_way {
            let mut charges = Vec::new();
            reservation.write_charges(&mut charges);
            if let Ok(charges) = serde_json::from_slice(&charges) {
                snapshot.add(&Saved::Open { call: call.to_owned(), charges });
            }
        }
        for breaker in self.breakers.snapshot(now_ms) {
            snapshot.add(&Saved::Breaker(breaker));
        }
        snapshot
    }

    /// Puts back what a snapshot holds; returns the calls that were under way.
    pub fn restore(&self, lines: &[u8]) -> Result<Vec<(String, Reservation)>, SnapshotError> {
        let mut under_way = Vec::new();
        let lines = lines.split(|byte| *byte == b'\n').enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let saved = serde_json::from_slice(line).map_err(|_| SnapshotError { line: index + 1 })?;
            match saved {
                Saved::Floor(floor_ms) => self.raise_floor(floor_ms),
                Saved::Calendar { counter, start_ms, used } => {
                    if let Some(cell) = self.cell_of(&counter, self.floor_ms()) {
                        cell.lock().put(&counter.window, start_ms, used);
                    }
                }
                Saved::Sliding { counter, entries } => {
                    if let Some(cell) = self.cell_of(&counter, self.floor_ms()) {
                        let mut content = cell.lock();
                        for entry in entries {
                            content.put(&counter.window, entry.until_ms, entry.amount);
                        }
                    }
                }
                Saved::Open { call, charges } => under_way.push((call, self.recall(&charges))),
                Saved::Breaker(breaker) => self.breakers.restore(breaker),
            }
        }
        Ok(under_way)
    }

    /// How full the fullest counter of each name is.
    pub fn usage(&self, now: jiff::Timestamp) -> Vec<CounterUse> {
        let now_ms = milliseconds(now);
        let mut fullest = std::collections::BTreeMap::<String, f64>::new();
        for cell in self.cells() {
            let content = cell.lock();
            if content.is_idle(now_ms) {
                continue;
            }
            let used = approximate(content.used());
            let max = approximate(content.max_seen);
            let percent = if max > 0.0 { used / max * 100.0 } else { 100.0 };
            let entry = fullest.entry(cell.identity.label()).or_default();
            *entry = entry.max(percent);
        }
        fullest.into_iter().map(|(counter, percent)| CounterUse { counter, percent }).collect()
    }
}

/// For showing only: nothing is decided by it.
fn approximate(amount: Decimal) -> f64 {
    amount.to_string().parse().unwrap_or(f64::MAX)
}

fn saved(cell: &Arc<Cell>, now_ms: u64) -> Option<Saved> {
    let content = cell.lock();
    if content.is_idle(now_ms) {
        return None;
    }
    let counter = cell.identity.clone();
    Some(match &content.memory {
        Memory::Calendar { start_ms, used, .. } => {
            Saved::Calendar { counter, start_ms: *start_ms, used: *used }
        }
        Memory::Sliding(sliding) => Saved::Sliding { counter, entries: sliding.entries().collect() },
    })
}

impl Snapshot {
    fn add(&mut self, saved: &Saved) {
        // These types have no keys that are not text, so writing them cannot fail.
        if serde_json::to_writer(&mut self.lines, saved).is_ok() {
            self.lines.push(b'\n');
        }
    }
}
