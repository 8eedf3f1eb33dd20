//! The counters of one process: sharded, one lock per cell, nothing forgotten that still counts.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, BuildHasherDefault, Hasher},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use smallvec::SmallVec;

use super::{
    End, Exhausted, Ledger, Refusal, Reservation, Settlement, Taken,
    breakers::Breakers,
    cell::Cell,
    identity::{Identity, View},
};
use crate::{
    facts::{Decimal, Pause},
    policy::{BreakerPlan, Charge, Count, Measure},
};

/// Most live counters; a new one beyond that is refused, none is forgotten.
const COUNTERS_MAX: usize = 1_000_000;
/// Parts of the table that are locked by themselves; a power of two, some times the cores of a server.
const SHARDS: usize = 64;
/// A shard of this size is cleaned before it grows; later, at twice what was left.
const SWEEP_FROM: usize = 64;

/// All counters of this process.
#[derive(Debug)]
pub struct LocalLedger {
    shards: Vec<RwLock<Shard>>,
    /// Counters in all shards.
    live: AtomicUsize,
    next_id: AtomicU64,
    /// Cells that were over at this moment may be gone, so no charge is earlier than this.
    floor_ms: AtomicU64,
    seed: u64,
    pub(super) breakers: Breakers,
}

#[derive(Debug, Default)]
struct Shard {
    cells: HashMap<u64, SmallVec<[Arc<Cell>; 1]>, BuildHasherDefault<AlreadyMixed>>,
    count: usize,
    sweep_at: usize,
}

/// The keys are fingerprints already.
#[derive(Debug, Default)]
struct AlreadyMixed(u64);

impl Hasher for AlreadyMixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |state, byte| state << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type Cells = SmallVec<[Arc<Cell>; 4]>;

/// What a try to reserve came to, under all locks.
struct Tried {
    cells: Cells,
    marks: SmallVec<[Option<u64>; 4]>,
}

impl Default for LocalLedger {
    fn default() -> Self {
        Self {
            shards: std::iter::repeat_with(|| RwLock::new(Shard::default())).take(SHARDS).collect(),
            live: AtomicUsize::new(0),
            next_id: AtomicU64::new(1),
            floor_ms: AtomicU64::new(0),
            seed: std::hash::RandomState::new().hash_one(0_u64),
            breakers: Breakers::default(),
        }
    }
}

impl LocalLedger {
    /// How many breakers stop somebody at this time.
    pub fn breakers_open(&self, now: Timestamp) -> u64 {
        self.breakers.open(milliseconds(now))
    }
}

impl Ledger for LocalLedger {
    fn reserve(&self, charges: &[Charge], now: Timestamp) -> Result<Reservation, Box<Exhausted>> {
        let tried = self.attempt(charges, now, true)?;
        let mut reservation = Reservation::default();
        for ((charge, cell), mark) in charges.iter().zip(tried.cells).zip(tried.marks) {
            match mark {
                Some(mark) => reservation.taken.push(Taken {
                    cell,
                    mark,
                    amount: charge.amount,
                    count: charge.limit.count,
                    measure: charge.limit.measure,
                }),
                None => reservation.shadow_full.push(charge.limit.rule.clone()),
            }
        }
        Ok(reservation)
    }

    fn check(&self, charges: &[Charge], now: Timestamp) -> Result<(), Box<Exhausted>> {
        self.attempt(charges, now, false).map(drop)
    }

    fn left(&self, charges: &[Charge], now: Timestamp) -> Vec<(Arc<str>, String)> {
        let now_ms = milliseconds(now).max(self.floor_ms.load(Ordering::Relaxed));
        let of_charge = |charge: &Charge| {
            let cell = self.cell(&View::of(charge), now_ms)?;
            let mut content = cell.lock();
            content.advance(&charge.limit.counter.window, now_ms);
            let left = charge.limit.max.checked_sub(content.used()).filter(|left| !left.is_negative());
            Some((Arc::clone(&charge.limit.counter.name), left.unwrap_or(Decimal::ZERO).to_string()))
        };
        charges.iter().filter(|charge| !charge.limit.shadow).filter_map(of_charge).collect()
    }

    fn settle(&self, reservation: Reservation, end: &End) {
        for taken in reservation.taken {
            let refund = match end.settlement {
                Settlement::NotSent => true,
                Settlement::Rejected => taken.count == Count::Effects,
                Settlement::Done | Settlement::Unknown => false,
            };
            let real = match (taken.measure, end.settlement) {
                (Measure::Rows, Settlement::Done) => end.rows,
                (Measure::Bytes, Settlement::Done) => end.bytes,
                _ => None,
            };
            let amount = if refund { Decimal::ZERO } else { real.map_or(taken.amount, Decimal::from) };
            if amount != taken.amount {
                taken.cell.lock().change(taken.mark, taken.amount, amount);
            }
        }
    }

    fn note(&self, breakers: &[BreakerPlan], now: Timestamp) {
        self.breakers.note(breakers, milliseconds(now));
    }

    fn paused(&self, breakers: &[BreakerPlan], now: Timestamp) -> Option<Pause> {
        self.breakers.paused(breakers, milliseconds(now))
    }
}

pub(super) fn milliseconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond()).unwrap_or_default()
}

impl LocalLedger {
    fn attempt(&self, charges: &[Charge], now: Timestamp, keep: bool) -> Result<Tried, Box<Exhausted>> {
        let now_ms = milliseconds(now).max(self.floor_ms.load(Ordering::Relaxed));
        let mut cells = Cells::new();
        for charge in charges {
            let Some(cell) = self.cell(&View::of(charge), now_ms) else {
                return Err(Box::new(Exhausted {
                    charge: charge.clone(),
                    why: Refusal::NoRoom,
                    retry_after: None,
                    remaining: Vec::new(),
                }));
            };
            cells.push(cell);
        }
        // One order for everybody, and a cell that is charged twice is locked once.
        let mut order: SmallVec<[&Arc<Cell>; 4]> = cells.iter().collect();
        order.sort_unstable_by_key(|cell| cell.id);
        order.dedup_by_key(|cell| cell.id);
        let mut held: SmallVec<[_; 4]> = order.into_iter().map(|cell| (cell.id, cell.lock())).collect();

        let mut marks = SmallVec::<[Option<u64>; 4]>::new();
        let mut refusal = None;
        for (charge, cell) in charges.iter().zip(&cells) {
            let Some((_, content)) = held.iter_mut().find(|(id, _)| *id == cell.id) else { continue };
            match content.take(&charge.limit.counter.window, now_ms, charge.limit.max, charge.amount) {
                Ok(mark) => marks.push(Some(mark)),
                // A limit in shadow refuses nothing.
                Err(_) if charge.limit.shadow => marks.push(None),
                Err(why) => {
                    refusal = Some((charge, cell.id, why));
                    break;
                }
            }
        }
        if refusal.is_some() || !keep {
            for ((charge, cell), mark) in charges.iter().zip(&cells).zip(&marks).rev() {
                let (Some((_, content)), Some(mark)) = (held.iter_mut().find(|(id, _)| *id == cell.id), mark)
                else {
                    continue;
                };
                content.change(*mark, charge.amount, Decimal::ZERO);
            }
        }
        let Some((charge, id, why)) = refusal else {
            drop(held);
            return Ok(Tried { cells, marks });
        };
        let mut remaining: Vec<(Arc<str>, String)> = Vec::with_capacity(charges.len());
        for (charge, cell) in charges.iter().zip(&cells).filter(|(charge, _)| !charge.limit.shadow) {
            let Some((_, content)) = held.iter_mut().find(|(id, _)| *id == cell.id) else { continue };
            content.advance(&charge.limit.counter.window, now_ms);
            let left = charge.limit.max.checked_sub(content.used()).filter(|left| !left.is_negative());
            let name = Arc::clone(&charge.limit.counter.name);
            remaining.push((name, left.unwrap_or(Decimal::ZERO).to_string()));
        }
        let wait = held
            .iter()
            .find(|(held, _)| *held == id && why == Refusal::Full)
            .and_then(|(_, content)| content.free_in_ms(now_ms, charge.limit.max, charge.amount));
        Err(Box::new(Exhausted {
            charge: charge.clone(),
            why,
            retry_after: wait.map(Duration::from_millis),
            remaining,
        }))
    }

    /// The cell of a counter, made now if there is none.
    pub(super) fn cell(&self, view: &View<'_>, now_ms: u64) -> Option<Arc<Cell>> {
        let fingerprint = view.fingerprint(self.seed);
        let shard = self.shards.get(fingerprint as usize % SHARDS)?;
        let found = |shard: &Shard| {
            let cells = shard.cells.get(&fingerprint)?;
            cells.iter().find(|cell| cell.identity.view() == *view).cloned()
        };
        if let Some(cell) = found(&shard.read().unwrap_or_else(PoisonError::into_inner)) {
            return Some(cell);
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = found(&shard) {
            return Some(cell);
        }
        if shard.count >= shard.sweep_at.max(SWEEP_FROM) || self.live.load(Ordering::Relaxed) >= COUNTERS_MAX
        {
            self.sweep(&mut shard, now_ms);
            if self.live.load(Ordering::Relaxed) >= COUNTERS_MAX {
                return None;
            }
        }
        let cell = Arc::new(Cell::new(self.next_id.fetch_add(1, Ordering::Relaxed), view.to_identity()));
        shard.cells.entry(fingerprint).or_default().push(Arc::clone(&cell));
        shard.count += 1;
        self.live.fetch_add(1, Ordering::Relaxed);
        Some(cell)
    }

    /// Forgets the cells of a shard in which nothing counts any more and that nobody holds.
    fn sweep(&self, shard: &mut Shard, now_ms: u64) {
        self.floor_ms.fetch_max(now_ms, Ordering::Relaxed);
        let before = shard.count;
        let mut left = 0;
        shard.cells.retain(|_, cells| {
            cells.retain(|cell| Arc::strong_count(cell) > 1 || !cell.lock().is_idle(now_ms));
            left += cells.len();
            !cells.is_empty()
        });
        shard.count = left;
        shard.sweep_at = left * 2;
        self.live.fetch_sub(before - left, Ordering::Relaxed);
    }

    pub(super) fn cell_of(&self, identity: &Identity, now_ms: u64) -> Option<Arc<Cell>> {
        self.cell(&identity.view(), now_ms)
    }

    /// Every cell there is, for showing and for checkpoints.
    pub(super) fn cells(&self) -> Vec<Arc<Cell>> {
        let mut all = Vec::with_capacity(self.live.load(Ordering::Relaxed));
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.cells.values().flatten().cloned());
        }
        all
    }

    pub(super) fn floor_ms(&self) -> u64 {
        self.floor_ms.load(Ordering::Relaxed)
    }

    pub(super) fn raise_floor(&self, to_ms: u64) {
        self.floor_ms.fetch_max(to_ms, Ordering::Relaxed);
    }
}
