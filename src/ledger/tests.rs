//! What must never happen to a counter.

use std::sync::Arc;

use super::{Ledger, Settlement};
use crate::policy::{Charge, CounterId, RuleId, Window};

fn charge(name: &str, window: Window, max: u64) -> Charge {
    Charge {
        counter: CounterId { tool: "t".into(), name: name.into(), window, grant: "g".into() },
        window,
        max,
        rule: RuleId(Arc::from("/tools/t/limits/0")),
        rule_name: Arc::from("t"),
        reason: None,
    }
}

fn take(ledger: &Ledger, charges: &[Charge], now_ms: u64) -> Option<u64> {
    match ledger.reserve(charges, now_ms) {
        Ok(reservation) => {
            ledger.settle(reservation, Settlement::Answered);
            None
        }
        Err(exhausted) => Some(exhausted.retry_after.map_or(0, |wait| wait.as_millis() as u64)),
    }
}

#[test]
fn a_calendar_window_fills_and_empties() {
    let ledger = Ledger::default();
    let charges = [charge("c", Window::Minute, 2)];
    assert_eq!(take(&ledger, &charges, 60_000), None);
    assert_eq!(take(&ledger, &charges, 61_000), None);
    assert_eq!(take(&ledger, &charges, 61_500), Some(58_500));
    assert_eq!(take(&ledger, &charges, 119_999), Some(1));
    assert_eq!(take(&ledger, &charges, 120_000), None);
}

#[test]
fn a_clock_that_goes_back_frees_nothing() {
    let ledger = Ledger::default();
    let charges = [charge("c", Window::Minute, 1)];
    assert_eq!(take(&ledger, &charges, 120_000), None);
    assert!(take(&ledger, &charges, 60_000).is_some());
    let sliding = [charge("s", Window::Sliding { seconds: 60 }, 1)];
    assert_eq!(take(&ledger, &sliding, 120_000), None);
    assert!(take(&ledger, &sliding, 1_000).is_some());
    assert!(take(&ledger, &sliding, 179_999).is_some());
    assert_eq!(take(&ledger, &sliding, 180_000), None);
}

#[test]
fn a_sliding_window_is_exact() {
    let ledger = Ledger::default();
    let charges = [charge("c", Window::Sliding { seconds: 10 }, 3)];
    for now_ms in [0, 4_000, 8_000] {
        assert_eq!(take(&ledger, &charges, now_ms), None);
    }
    assert_eq!(take(&ledger, &charges, 9_999), Some(1));
    assert_eq!(take(&ledger, &charges, 10_000), None);
    assert_eq!(take(&ledger, &charges, 10_001), Some(3_999));
}

#[test]
fn a_large_sliding_window_errs_on_the_strict_side() {
    let ledger = Ledger::default();
    let charges = [charge("c", Window::Sliding { seconds: 60 }, 2_000)];
    for now_ms in 0..2_000 {
        assert_eq!(take(&ledger, &charges, now_ms), None);
    }
    assert!(take(&ledger, &charges, 59_999).is_some());
    assert!(take(&ledger, &charges, 60_000).is_some());
    assert_eq!(take(&ledger, &charges, 65_000), None);
}

#[test]
fn all_charges_or_none() {
    let ledger = Ledger::default();
    let wide = charge("wide", Window::Hour, 10);
    let narrow = charge("narrow", Window::Hour, 1);
    assert_eq!(take(&ledger, &[wide.clone(), narrow.clone()], 0), None);
    for _ in 0..5 {
        assert!(take(&ledger, &[wide.clone(), narrow.clone()], 0).is_some());
    }
    for _ in 0..9 {
        assert_eq!(take(&ledger, std::slice::from_ref(&wide), 0), None);
    }
    assert!(take(&ledger, &[wide], 0).is_some());
}

#[test]
fn only_a_call_that_was_not_sent_gets_its_charge_back() {
    let ledger = Ledger::default();
    let charges = [charge("c", Window::Minute, 1)];
    let reservation = ledger.reserve(&charges, 0).unwrap();
    ledger.settle(reservation, Settlement::NotSent);
    let reservation = ledger.reserve(&charges, 1).unwrap();
    ledger.settle(reservation, Settlement::Unknown);
    assert!(ledger.reserve(&charges, 2).is_err());
}

#[test]
fn a_refund_after_the_window_ended_frees_nothing() {
    let ledger = Ledger::default();
    let charges = [charge("c", Window::Minute, 1)];
    let late = ledger.reserve(&charges, 0).unwrap();
    assert_eq!(take(&ledger, &charges, 60_000), None);
    ledger.settle(late, Settlement::NotSent);
    assert!(ledger.reserve(&charges, 60_001).is_err());
}

#[test]
fn a_maximum_of_zero_refuses_without_a_time_to_wait() {
    let ledger = Ledger::default();
    assert_eq!(take(&ledger, &[charge("c", Window::Day, 0)], 0), Some(0));
}
