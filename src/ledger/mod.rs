//! The counters: reserve all charges of a call or none, settle once.
//!
//! The ledger decides nothing and writes nothing down: the audit log holds what was charged, and
//! from there the counters are rebuilt after a crash.

mod breakers;
mod cell;
mod identity;
mod local;
mod recorded;
mod sliding;
mod window;

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use smallvec::SmallVec;

pub use breakers::RecordedNote;
pub use local::LocalLedger;
pub use recorded::{CounterUse, RecordedCharge, Snapshot, SnapshotError};

use crate::{
    facts::{Decimal, Pause},
    policy::{BreakerPlan, Charge, Count, Measure, RuleId},
};

/// Counters, wherever they are kept: in this process, or in a store that several machines share.
pub trait Ledger: Send + Sync + fmt::Debug {
    /// Takes every charge, or none and says which limit stands in the way.
    fn reserve(&self, charges: &[Charge], now: Timestamp) -> Result<Reservation, Box<Exhausted>>;

    /// Could they be reserved right now? Takes nothing.
    fn check(&self, charges: &[Charge], now: Timestamp) -> Result<(), Box<Exhausted>>;

    /// What is left of each counter that these charges would be taken from, as text: amounts are exact.
    fn left(&self, charges: &[Charge], now: Timestamp) -> Vec<(Arc<str>, String)>;

    /// Ends a reservation, once, whatever the number of retries.
    fn settle(&self, reservation: Reservation, end: &End);

    /// Notes an event for breakers; a full one pauses its scope.
    fn note(&self, breakers: &[BreakerPlan], now: Timestamp);

    /// Is one of these scopes paused?
    fn paused(&self, breakers: &[BreakerPlan], now: Timestamp) -> Option<Pause>;
}

/// What a call has reserved. Settle it once with how the call ended; one that is let go without
/// stays charged, as if nobody knew what became of the call.
#[derive(Debug, Default)]
#[must_use = "a reservation has to be settled"]
pub struct Reservation {
    taken: SmallVec<[Taken; 4]>,
    shadow_full: SmallVec<[RuleId; 1]>,
}

/// One charge that was taken.
#[derive(Debug)]
struct Taken {
    cell: Arc<cell::Cell>,
    /// The window it fell into.
    mark: u64,
    amount: Decimal,
    count: Count,
    measure: Measure,
}

impl Reservation {
    /// Nothing was taken, so there is nothing to settle.
    pub fn is_empty(&self) -> bool {
        self.taken.is_empty()
    }

    /// Limits in shadow that would have refused the call.
    pub fn shadow_full(&self) -> &[RuleId] {
        &self.shadow_full
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl Settlement {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Done => "done",
            Self::Unknown => "unknown",
        }
    }
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

#[cfg(test)]
mod linearizable;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
