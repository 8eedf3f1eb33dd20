//! One counter.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Refusal, identity::Identity, sliding::Sliding, window::bounds};
use crate::{facts::Decimal, policy::Window};

/// One counter: who it is, and what it holds.
#[derive(Debug)]
pub(super) struct Cell {
    /// Cells are locked in the order of these.
    pub(super) id: u64,
    pub(super) identity: Identity,
    /// The members of the identity as the log writes them, without braces.
    pub(super) written: Box<[u8]>,
    content: Mutex<Content>,
}

/// What a counter holds.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) memory: Memory,
    /// The maximum that a limit last compared it with; for showing only.
    pub(super) max_seen: Decimal,
}

#[derive(Debug)]
pub(super) enum Memory {
    Calendar { start_ms: u64, end_ms: u64, used: Decimal },
    Sliding(Sliding),
}

impl Cell {
    pub(super) fn new(id: u64, identity: Identity) -> Self {
        let written = serde_json::to_vec(&identity).unwrap_or_default();
        let members = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
        let memory = match identity.window {
            Window::Calendar { .. } => Memory::Calendar { start_ms: 0, end_ms: 0, used: Decimal::ZERO },
            Window::Sliding { .. } => Memory::Sliding(Sliding::default()),
        };
        let content = Mutex::new(Content { memory, max_seen: Decimal::ZERO });
        Self { id, written: members.into(), identity, content }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Content> {
        // Nothing between lock and unlock leaves a cell half changed.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    /// Moves to the window of this moment. The window never goes back when the clock does.
    pub(super) fn advance(&mut self, window: &Window, now_ms: u64) {
        match (&mut self.memory, window) {
            (Memory::Calendar { start_ms, end_ms, used }, Window::Calendar { unit, zone })
                if now_ms >= *end_ms =>
            {
                (*start_ms, *end_ms) = bounds(*unit, zone.as_deref(), now_ms);
                *used = Decimal::ZERO;
            }
            (Memory::Sliding(sliding), _) => {
                sliding.advance(now_ms);
            }
            _ => {}
        }
    }

    /// Adds an amount if the sum stays within `max`. Returns the mark of the window it fell into.
    pub(super) fn take(
        &mut self,
        window: &Window,
        now_ms: u64,
        max: Decimal,
        amount: Decimal,
    ) -> Result<u64, Refusal> {
        if amount.is_negative() {
            return Err(Refusal::BadAmount);
        }
        self.advance(window, now_ms);
        self.max_seen = max;
        let total = self.used().checked_add(amount).ok_or(Refusal::BadAmount)?;
        // A maximum of zero refuses also a call that weighs nothing.
        if total > max || max.is_zero() {
            return Err(Refusal::Full);
        }
        match (&mut self.memory, window) {
            (Memory::Calendar { start_ms, used, .. }, _) => {
                *used = total;
                Ok(*start_ms)
            }
            (Memory::Sliding(_), _) if amount.is_zero() => Ok(0),
            (Memory::Sliding(sliding), Window::Sliding { seconds }) => {
                Ok(sliding.take(now_ms, *seconds, max, amount, total))
            }
            (Memory::Sliding(_), Window::Calendar { .. }) => Err(Refusal::BadAmount),
        }
    }

    /// Adds what another process or an earlier run took.
    pub(super) fn put(&mut self, window: &Window, mark: u64, amount: Decimal) {
        match (&mut self.memory, window) {
            (Memory::Calendar { start_ms, end_ms, used }, Window::Calendar { unit, zone }) => {
                if mark > *start_ms || *end_ms == 0 {
                    (*start_ms, *end_ms) = bounds(*unit, zone.as_deref(), mark);
                    *start_ms = mark;
                    *used = Decimal::ZERO;
                }
                if mark == *start_ms {
                    *used = used.checked_add(amount).unwrap_or(*used);
                }
            }
            (Memory::Sliding(sliding), _) if !amount.is_zero() => sliding.put(mark, amount),
            _ => {}
        }
    }

    /// Makes an amount that was taken larger or smaller; only in the window it came from.
    pub(super) fn change(&mut self, mark: u64, from: Decimal, to: Decimal) {
        match &mut self.memory {
            Memory::Calendar { start_ms, used, .. } if *start_ms == mark => {
                let changed = used.checked_sub(from).and_then(|rest| rest.checked_add(to));
                *used = changed.filter(|changed| !changed.is_negative()).unwrap_or(*used);
            }
            Memory::Calendar { .. } => {}
            Memory::Sliding(sliding) => sliding.change(mark, from, to),
        }
    }

    pub(super) fn used(&self) -> Decimal {
        match &self.memory {
            Memory::Calendar { used, .. } => *used,
            Memory::Sliding(sliding) => sliding.used(),
        }
    }

    /// How long until `amount` more would fit; `None` where waiting does not help.
    pub(super) fn free_in_ms(&self, now_ms: u64, max: Decimal, amount: Decimal) -> Option<u64> {
        match &self.memory {
            _ if max.is_zero() || amount > max => None,
            Memory::Calendar { end_ms, .. } => Some(end_ms.saturating_sub(now_ms)),
            Memory::Sliding(sliding) => sliding.free_in_ms(max, amount),
        }
    }

    /// The latest moment this counter knows of.
    pub(super) fn latest_ms(&self) -> u64 {
        match &self.memory {
            Memory::Calendar { start_ms, .. } => *start_ms,
            Memory::Sliding(sliding) => sliding.latest_ms(),
        }
    }

    /// Nothing in it counts any more.
    pub(super) fn is_idle(&self, now_ms: u64) -> bool {
        match &self.memory {
            Memory::Calendar { end_ms, used, .. } => *end_ms <= now_ms || used.is_zero(),
            Memory::Sliding(sliding) => sliding.is_idle(now_ms),
        }
    }
}
