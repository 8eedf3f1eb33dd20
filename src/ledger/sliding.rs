//! The last so many seconds: what was taken, and until when it counts.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::facts::Decimal;

/// Up to this maximum a sliding window remembers each call exactly.
const EXACT_MAX: u64 = 1_024;
/// Above it, the window is kept in so many parts and the oldest counts whole, on the strict side.
const PARTS: u64 = 12;

/// What a sliding window remembers.
#[derive(Debug, Default)]
pub(super) struct Sliding {
    /// In the order in which they stop counting; never more than `EXACT_MAX`.
    entries: VecDeque<Entry>,
    total: Decimal,
    /// The latest moment seen: a clock that goes back frees nothing.
    latest_ms: u64,
}

/// Something that counts until a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) until_ms: u64,
    pub(super) amount: Decimal,
}

impl Sliding {
    /// Lets go of what is over and returns the moment that counts as now.
    pub(super) fn advance(&mut self, now_ms: u64) -> u64 {
        self.latest_ms = self.latest_ms.max(now_ms);
        while let Some(front) = self.entries.front().filter(|entry| entry.until_ms <= self.latest_ms) {
            // What was added can be taken away again: both are exact.
            self.total = self.total.checked_sub(front.amount).unwrap_or(Decimal::ZERO);
            self.entries.pop_front();
        }
        self.latest_ms
    }

    pub(super) fn used(&self) -> Decimal {
        self.total
    }

    /// Adds an amount now; returns the mark under which it can be changed.
    pub(super) fn take(
        &mut self,
        now_ms: u64,
        seconds: u32,
        max: Decimal,
        amount: Decimal,
        total: Decimal,
    ) -> u64 {
        let now_ms = self.advance(now_ms);
        let length_ms = u64::from(seconds) * 1_000;
        let until_ms = if max <= Decimal::from(EXACT_MAX) {
            now_ms.saturating_add(length_ms)
        } else {
            let part_ms = (length_ms / PARTS).max(1);
            (now_ms - now_ms % part_ms).saturating_add(part_ms).saturating_add(length_ms)
        };
        self.push(until_ms, amount, total)
    }

    fn push(&mut self, until_ms: u64, amount: Decimal, total: Decimal) -> u64 {
        self.total = total;
        let full = self.entries.len() >= EXACT_MAX as usize;
        match self.entries.back_mut() {
            Some(back) if full || back.until_ms >= until_ms => {
                // Amounts that count equally long share an entry; so do they where there are too many,
                // and then the earlier one counts longer than it had to.
                back.until_ms = back.until_ms.max(until_ms);
                back.amount = back.amount.checked_add(amount).unwrap_or(total);
                back.until_ms
            }
            _ => {
                self.entries.push_back(Entry { until_ms, amount });
                until_ms
            }
        }
    }

    /// Adds what another process or an earlier run took.
    pub(super) fn put(&mut self, until_ms: u64, amount: Decimal) {
        if let Some(total) = self.total.checked_add(amount) {
            self.push(until_ms, amount, total);
        }
    }

    /// Makes an amount that was taken larger or smaller, unless it is over already.
    pub(super) fn change(&mut self, mark: u64, from: Decimal, to: Decimal) {
        let Ok(index) = self.entries.binary_search_by_key(&mark, |entry| entry.until_ms) else { return };
        let Some(entry) = self.entries.get_mut(index) else { return };
        let changed = entry.amount.checked_sub(from).and_then(|rest| rest.checked_add(to));
        let total = self.total.checked_sub(from).and_then(|rest| rest.checked_add(to));
        let (Some(changed), Some(total)) = (changed, total) else { return };
        if changed.is_negative() || total.is_negative() {
            return;
        }
        entry.amount = changed;
        self.total = total;
        if changed.is_zero() {
            self.entries.remove(index);
        }
    }

    /// How long until `amount` more would fit below `max`; never where it is larger than that.
    pub(super) fn free_in_ms(&self, max: Decimal, amount: Decimal) -> Option<u64> {
        let room_needed = self.total.checked_add(amount)?.checked_sub(max)?;
        if amount > max {
            return None;
        }
        let mut freed = Decimal::ZERO;
        for entry in &self.entries {
            freed = freed.checked_add(entry.amount)?;
            if freed >= room_needed {
                return Some(entry.until_ms.saturating_sub(self.latest_ms));
            }
        }
        None
    }

    pub(super) fn latest_ms(&self) -> u64 {
        self.latest_ms
    }

    pub(super) fn is_idle(&self, now_ms: u64) -> bool {
        self.entries.back().is_none_or(|last| last.until_ms <= now_ms.max(self.latest_ms))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.entries.iter().copied()
    }
}
