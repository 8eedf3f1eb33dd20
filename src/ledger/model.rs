//! The counters against a list: everything that was ever taken, looked through each time.
//!
//! Calls, settlements, clocks that jump both ways, changed maxima, crashes with a replay of the lines
//! and crashes with a checkpoint, at random but the same in every run.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    End, Exhausted, Ledger as _, LocalLedger, RecordedCharge, Refusal, Reservation, Settlement,
    window::bounds,
};
use crate::{
    facts::{Decimal, GrantName},
    policy::{CalendarUnit, Charge, Count, CounterId, Limit, Measure, RuleId, Scope, Scopes, Window},
};

/// Random numbers that are the same in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// One counter of the list.
struct Counter {
    window: Window,
    max: u64,
    measure: Measure,
    count: Count,
    entries: Vec<Entry>,
    /// Start and end of the calendar window, or the latest moment seen.
    window_ms: (u64, u64),
    latest_ms: u64,
}

/// Something that was taken once. Nothing is ever removed.
struct Entry {
    call: usize,
    mark: u64,
    amount: Decimal,
}

impl Counter {
    fn new(window: Window, max: u64, measure: Measure, count: Count) -> Self {
        Self { window, max, measure, count, entries: Vec::new(), window_ms: (0, 0), latest_ms: 0 }
    }

    fn touch(&mut self, now_ms: u64) {
        self.latest_ms = self.latest_ms.max(now_ms);
        if let Window::Calendar { unit, .. } = self.window
            && now_ms >= self.window_ms.1
        {
            self.window_ms = bounds(unit, None, now_ms);
        }
    }

    fn mark(&self) -> u64 {
        match self.window {
            Window::Calendar { .. } => self.window_ms.0,
            Window::Sliding { seconds } => {
                // Nothing stops counting before what was taken earlier, even if a crash made the
                // clock's last jump back forgotten.
                let counting =
                    self.entries.iter().filter(|entry| self.counts(entry) && !entry.amount.is_zero());
                let last = counting.map(|entry| entry.mark).max().unwrap_or_default();
                last.max(self.latest_ms + u64::from(seconds) * 1_000)
            }
        }
    }

    fn counts(&self, entry: &Entry) -> bool {
        match self.window {
            Window::Calendar { .. } => entry.mark == self.window_ms.0,
            Window::Sliding { .. } => entry.mark > self.latest_ms,
        }
    }

    fn used(&self) -> Decimal {
        let counting = self.entries.iter().filter(|entry| self.counts(entry));
        counting.fold(Decimal::ZERO, |sum, entry| sum.checked_add(entry.amount).unwrap())
    }

    fn charge(&self, index: usize, amount: Decimal) -> Charge {
        let counter = CounterId {
            body: "".into(),
            namespace: "tools/t".into(),
            name: index.to_string().into(),
            window: self.window.clone(),
            scopes: Scopes { grant: true, ..Scopes::default() },
        };
        let limit = Limit {
            counter,
            max: self.max.into(),
            measure: self.measure,
            count: self.count,
            rule: RuleId(Arc::from("/r")),
            rule_name: Arc::from("r"),
            reason: None,
            shadow: false,
        };
        let scope = Scope { grant: Some(GrantName::local()), ..Scope::default() };
        Charge { limit: Arc::new(limit), scope, amount }
    }
}

struct Model {
    counters: Vec<Counter>,
    floor_ms: u64,
    calls: usize,
}

/// A call under way: which counters with which amounts.
type Taken = Vec<(usize, Decimal)>;

impl Model {
    fn new() -> Self {
        let calendar = |unit| Window::Calendar { unit, zone: None };
        let counters = vec![
            Counter::new(calendar(CalendarUnit::Minute), 20, Measure::Stated, Count::Attempts),
            Counter::new(calendar(CalendarUnit::Hour), 100, Measure::Rows, Count::Effects),
            Counter::new(Window::Sliding { seconds: 60 }, 20, Measure::Stated, Count::Effects),
            Counter::new(Window::Sliding { seconds: 600 }, 90, Measure::Rows, Count::Attempts),
        ];
        Self { counters, floor_ms: 0, calls: 0 }
    }

    fn reserve(&mut self, wanted: &Taken, now_ms: u64) -> Result<usize, Refusal> {
        let now_ms = now_ms.max(self.floor_ms);
        let call = self.calls;
        self.calls += 1;
        let mut refused = None;
        for (index, amount) in wanted {
            let counter = &mut self.counters[*index];
            counter.touch(now_ms);
            if refused.is_some() {
                continue;
            }
            let total = counter.used().checked_add(*amount).unwrap();
            if amount.is_negative() {
                // Negative amounts are refused before the window is looked at.
                refused = Some(Refusal::BadAmount);
            } else if total > counter.max.into() || counter.max == 0 {
                refused = Some(Refusal::Full);
            } else {
                let mark = counter.mark();
                counter.entries.push(Entry { call, mark, amount: *amount });
            }
        }
        match refused {
            Some(refusal) => {
                for counter in &mut self.counters {
                    counter.entries.retain(|entry| entry.call != call);
                }
                Err(refusal)
            }
            None => Ok(call),
        }
    }

    fn settle(&mut self, call: usize, end: &End) {
        for counter in &mut self.counters {
            let refund = match end.settlement {
                Settlement::NotSent => true,
                Settlement::Rejected => counter.count == Count::Effects,
                Settlement::Done | Settlement::Unknown => false,
            };
            let rows =
                end.rows.filter(|_| counter.measure == Measure::Rows && end.settlement == Settlement::Done);
            for entry in counter.entries.iter_mut().filter(|entry| entry.call == call) {
                if refund {
                    entry.amount = Decimal::ZERO;
                } else if let Some(rows) = rows {
                    entry.amount = rows.into();
                }
            }
        }
    }

    /// After a replay of lines only what lines say is known.
    fn replayed(&mut self) {
        self.floor_ms = 0;
        for counter in &mut self.counters {
            counter.latest_ms = 0;
            if let Window::Calendar { unit, .. } = counter.window {
                let last = counter.entries.iter().map(|entry| entry.mark).max();
                counter.window_ms = last.map_or((0, 0), |mark| bounds(unit, None, mark));
            }
        }
    }

    fn saved(&mut self, now_ms: u64) {
        let latest = self.counters.iter().map(|counter| match counter.window {
            Window::Calendar { .. } => counter.window_ms.0,
            Window::Sliding { .. } => counter.latest_ms,
        });
        self.floor_ms = latest.max().unwrap().max(now_ms).max(self.floor_ms);
    }
}

fn moment(now_ms: u64) -> Timestamp {
    Timestamp::from_millisecond(now_ms as i64).unwrap()
}

/// One line of the log that a crash leaves.
enum Line {
    Open(usize, Vec<RecordedCharge>),
    Close(usize, End),
}

fn run(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut model = Model::new();
    let mut ledger = LocalLedger::default();
    let mut under_way: Vec<(usize, Reservation)> = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    let mut now_ms = 1_700_000_000_000;
    for step in 0..300 {
        match dice.below(20) {
            0..=10 => {
                let mut wanted: Taken = Vec::new();
                for _ in 0..=dice.below(3) {
                    let amount = match dice.below(12) {
                        0 => Decimal::parse("-0.5").unwrap(),
                        1 => Decimal::parse("0.25").unwrap(),
                        number => Decimal::from(number / 2),
                    };
                    wanted.push((dice.below(4) as usize, amount));
                }
                let charges: Vec<Charge> = wanted
                    .iter()
                    .map(|(index, amount)| model.counters[*index].charge(*index, *amount))
                    .collect();
                if dice.below(4) == 0 {
                    let could = ledger.check(&charges, moment(now_ms)).map_err(|refused| refused.why);
                    let expected = model.reserve(&wanted, now_ms);
                    if let Ok(call) = expected {
                        model.settle(call, &End::of(Settlement::NotSent));
                        for counter in &mut model.counters {
                            counter.entries.retain(|entry| entry.call != call);
                        }
                    }
                    assert_eq!(could, expected.map(|_| ()), "seed {seed} step {step}");
                    continue;
                }
                let expected = model.reserve(&wanted, now_ms);
                match (ledger.reserve(&charges, moment(now_ms)), expected) {
                    (Ok(reservation), Ok(call)) => {
                        let mut text = Vec::new();
                        reservation.write_charges(&mut text);
                        lines.push(Line::Open(call, serde_json::from_slice(&text).unwrap()));
                        under_way.push((call, reservation));
                    }
                    (Err(refused), Err(why)) => check_refusal(&refused, why, &model, &wanted, seed),
                    (found, expected) => panic!("seed {seed} step {step}: {found:?}, not {expected:?}"),
                }
            }
            11..=14 if !under_way.is_empty() => {
                let (call, reservation) = under_way.swap_remove(dice.below(under_way.len() as u64) as usize);
                let settlement =
                    [Settlement::NotSent, Settlement::Rejected, Settlement::Done, Settlement::Unknown]
                        [dice.below(4) as usize];
                // The real rows are never more than what was reserved.
                let end = End { settlement, rows: (dice.below(2) == 0).then_some(0), bytes: None };
                ledger.settle(reservation, &end);
                model.settle(call, &end);
                lines.push(Line::Close(call, end));
            }
            15 | 16 => now_ms += dice.below(40_000),
            17 => now_ms = (now_ms + 400_000).saturating_sub(dice.below(900_000)),
            18 => {
                let index = dice.below(4) as usize;
                model.counters[index].max = dice.below(120);
            }
            // Whole runs crash one way or the other: a checkpoint forgets what is over.
            _ if seed.is_multiple_of(2) => {
                // A crash: what is left are the lines.
                ledger = LocalLedger::default();
                let mut open: Vec<(usize, Reservation)> = Vec::new();
                for line in &lines {
                    match line {
                        Line::Open(call, charges) => open.push((*call, ledger.replay(charges))),
                        Line::Close(call, end) => {
                            let index = open.iter().position(|(open, _)| open == call).unwrap();
                            ledger.settle(open.swap_remove(index).1, end);
                        }
                    }
                }
                under_way = open;
                model.replayed();
            }
            _ => {
                // A crash right after a checkpoint.
                let names: Vec<String> = under_way.iter().map(|(call, _)| call.to_string()).collect();
                let open = names.iter().map(String::as_str).zip(under_way.iter().map(|(_, taken)| taken));
                let snapshot = ledger.snapshot(moment(now_ms), open);
                ledger = LocalLedger::default();
                let open = ledger.restore(&snapshot.lines).unwrap();
                under_way = open.into_iter().map(|(call, taken)| (call.parse().unwrap(), taken)).collect();
                model.saved(now_ms);
            }
        }
    }
}

#[track_caller]
fn check_refusal(refused: &Exhausted, why: Refusal, model: &Model, wanted: &Taken, seed: u64) {
    assert_eq!(refused.why, why, "seed {seed}");
    for ((index, _), (_, left)) in wanted.iter().zip(&refused.remaining) {
        let counter = &model.counters[*index];
        let expected = Decimal::from(counter.max).checked_sub(counter.used()).unwrap();
        let expected = if expected.is_negative() { Decimal::ZERO } else { expected };
        assert_eq!(*left, expected.to_string(), "seed {seed}: counter {index}");
    }
}

#[test]
fn counters_do_what_a_list_of_everything_would() {
    for seed in 1..=300 {
        run(seed);
    }
}
