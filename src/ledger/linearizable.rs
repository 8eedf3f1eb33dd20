//! Sixteen threads on two counters: whatever they saw could have happened one after the other.

use std::{
    collections::HashSet,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;

use super::{End, Ledger as _, LocalLedger, Settlement, model::Dice};
use crate::{
    facts::{Decimal, GrantName},
    policy::{CalendarUnit, Charge, Count, CounterId, Limit, Measure, RuleId, Scope, Scopes, Window},
};

const THREADS: usize = 16;
const ROUNDS: u64 = 150;
const MAXIMA: [u64; 2] = [5, 3];

/// What one thread did: when it asked, when it was answered, what it asked for and what it heard.
#[derive(Debug, Clone)]
struct Seen {
    asked: u64,
    answered: u64,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// Amounts for the two counters.
    Reserve {
        amounts: [u64; 2],
        granted: bool,
    },
    GiveBack {
        amounts: [u64; 2],
    },
}

fn charges(amounts: [u64; 2]) -> Vec<Charge> {
    let windows =
        [Window::Calendar { unit: CalendarUnit::Day, zone: None }, Window::Sliding { seconds: 3_600 }];
    let mut charges = Vec::new();
    for (index, window) in windows.into_iter().enumerate() {
        if amounts[index] == 0 {
            continue;
        }
        let counter = CounterId {
            body: "".into(),
            namespace: "tools/t".into(),
            name: index.to_string().into(),
            window,
            scopes: Scopes::default(),
        };
        let limit = Limit {
            counter,
            max: MAXIMA[index].into(),
            measure: Measure::Stated,
            count: Count::Attempts,
            rule: RuleId(Arc::from("/r")),
            rule_name: Arc::from("r"),
            reason: None,
            shadow: false,
        };
        let scope = Scope { grant: Some(GrantName::local()), ..Scope::default() };
        charges.push(Charge { limit: Arc::new(limit), scope, amount: Decimal::from(amounts[index]) });
    }
    charges
}

fn round(seed: u64) -> Vec<Seen> {
    let ledger = LocalLedger::default();
    let clock = AtomicU64::new(0);
    let seen = Mutex::new(Vec::new());
    let start = Barrier::new(THREADS);
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (ledger, clock, seen, start) = (&ledger, &clock, &seen, &start);
            scope.spawn(move || {
                let mut dice = Dice::new(seed * 100 + thread as u64 + 1);
                // Some take the counters in the other order.
                let mut amounts = [dice.below(3), dice.below(2)];
                if amounts == [0, 0] {
                    amounts = [1, 1];
                }
                let mut charges = charges(amounts);
                if dice.below(2) == 0 {
                    charges.reverse();
                }
                start.wait();
                let tick = || clock.fetch_add(1, Ordering::SeqCst);
                let asked = tick();
                let reserved = ledger.reserve(&charges, now);
                let answered = tick();
                let granted = reserved.is_ok();
                let what = What::Reserve { amounts, granted };
                seen.lock().unwrap().push(Seen { asked, answered, what });
                let Ok(reservation) = reserved else { return };
                if dice.below(2) == 0 {
                    let asked = tick();
                    ledger.settle(reservation, &End::of(Settlement::NotSent));
                    let answered = tick();
                    let what = What::GiveBack { amounts };
                    seen.lock().unwrap().push(Seen { asked, answered, what });
                } else {
                    ledger.settle(reservation, &End::of(Settlement::Done));
                }
            });
        }
    });
    seen.into_inner().unwrap()
}

/// Is there an order of these that respects time and in which each answer is right?
fn has_an_order(seen: &[Seen], done: u64, used: [u64; 2], hopeless: &mut HashSet<(u64, [u64; 2])>) -> bool {
    if done.count_ones() as usize == seen.len() {
        return true;
    }
    if hopeless.contains(&(done, used)) {
        return false;
    }
    let open = || seen.iter().enumerate().filter(|(index, _)| done & 1 << index == 0);
    let first_answer = open().map(|(_, seen)| seen.answered).min().unwrap();
    for (index, candidate) in open().filter(|(_, seen)| seen.asked < first_answer) {
        let next = match candidate.what {
            What::Reserve { amounts, granted } => {
                let sums = [used[0] + amounts[0], used[1] + amounts[1]];
                let fits = (0..2).all(|at| amounts[at] == 0 || sums[at] <= MAXIMA[at]);
                if fits != granted {
                    continue;
                }
                if granted { sums } else { used }
            }
            // Counters are given back one by one, so others may see half of it; see below.
            What::GiveBack { amounts } => [used[0] - amounts[0], used[1] - amounts[1]],
        };
        if has_an_order(seen, done | 1 << index, next, hopeless) {
            return true;
        }
    }
    hopeless.insert((done, used));
    false
}

/// Giving back is one step per counter: it is split, each part anywhere between question and answer.
fn split(seen: Vec<Seen>) -> Vec<Seen> {
    let mut parts = Vec::new();
    for one in seen {
        match one.what {
            What::GiveBack { amounts: [first, second] } if first > 0 && second > 0 => {
                for amounts in [[first, 0], [0, second]] {
                    parts.push(Seen { what: What::GiveBack { amounts }, ..one });
                }
            }
            _ => parts.push(one),
        }
    }
    parts
}

#[test]
fn sixteen_threads_see_what_one_after_the_other_would_see() {
    for seed in 1..=ROUNDS {
        let seen = split(round(seed));
        assert!(seen.len() <= 64);
        assert!(has_an_order(&seen, 0, [0, 0], &mut HashSet::new()), "round {seed}: {seen:#?}");
    }
}

#[test]
fn an_impossible_history_is_told_apart() {
    let all = |granted| Seen { asked: 0, answered: 9, what: What::Reserve { amounts: [5, 0], granted } };
    let later = Seen { asked: 10, answered: 11, ..all(true) };
    assert!(has_an_order(&[all(true), all(false)], 0, [0, 0], &mut HashSet::new()));
    assert!(!has_an_order(&[all(true), all(true)], 0, [0, 0], &mut HashSet::new()));
    assert!(!has_an_order(&[all(false), later], 0, [0, 0], &mut HashSet::new()));
}
