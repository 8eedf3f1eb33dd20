//! What must never happen to a counter.

use std::sync::Arc;

use super::{End, Ledger, LocalLedger, Settlement};
use crate::{
    facts::{Decimal, GrantName},
    policy::{CalendarUnit, Charge, Count, CounterId, Limit, Measure, RuleId, Scope, Scopes, Window},
};

fn at(now_ms: u64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(now_ms as i64).unwrap()
}

fn minute() -> Window {
    Window::Calendar { unit: CalendarUnit::Minute, zone: None }
}

fn charge(name: &str, window: Window, max: u64) -> Charge {
    let counter = CounterId {
        body: "".into(),
        namespace: "tools/t".into(),
        name: name.into(),
        window,
        scopes: Scopes { grant: true, ..Scopes::default() },
    };
    let limit = Limit {
        counter,
        max: Decimal::from(max),
        measure: Measure::Stated,
        count: Count::Attempts,
        rule: RuleId(Arc::from("/tools/t/limits/0")),
        rule_name: Arc::from("t"),
        reason: None,
        shadow: false,
    };
    let scope = Scope { grant: Some(GrantName::local()), ..Scope::default() };
    Charge { limit: Arc::new(limit), scope, amount: Decimal::ONE }
}

fn take(ledger: &LocalLedger, charges: &[Charge], now_ms: u64) -> Option<u64> {
    match ledger.reserve(charges, at(now_ms)) {
        Ok(reservation) => {
            ledger.settle(reservation, &End::of(Settlement::Done));
            None
        }
        Err(exhausted) => Some(exhausted.retry_after.map_or(0, |wait| wait.as_millis() as u64)),
    }
}

#[test]
fn a_calendar_window_fills_and_empties() {
    let ledger = LocalLedger::default();
    let charges = [charge("c", minute(), 2)];
    assert_eq!(take(&ledger, &charges, 60_000), None);
    assert_eq!(take(&ledger, &charges, 61_000), None);
    assert_eq!(take(&ledger, &charges, 61_500), Some(58_500));
    assert_eq!(take(&ledger, &charges, 119_999), Some(1));
    assert_eq!(take(&ledger, &charges, 120_000), None);
}

#[test]
fn a_clock_that_goes_back_frees_nothing() {
    let ledger = LocalLedger::default();
    let charges = [charge("c", minute(), 1)];
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
    let ledger = LocalLedger::default();
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
    let ledger = LocalLedger::default();
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
    let ledger = LocalLedger::default();
    let wide = charge("wide", Window::Calendar { unit: CalendarUnit::Hour, zone: None }, 10);
    let narrow = charge("narrow", Window::Calendar { unit: CalendarUnit::Hour, zone: None }, 1);
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
    let ledger = LocalLedger::default();
    let charges = [charge("c", minute(), 1)];
    let reservation = ledger.reserve(&charges, at(0)).unwrap();
    ledger.settle(reservation, &End::of(Settlement::NotSent));
    let reservation = ledger.reserve(&charges, at(1)).unwrap();
    ledger.settle(reservation, &End::of(Settlement::Unknown));
    assert!(ledger.reserve(&charges, at(2)).is_err());
}

#[test]
fn a_refund_after_the_window_ended_frees_nothing() {
    let ledger = LocalLedger::default();
    let charges = [charge("c", minute(), 1)];
    let late = ledger.reserve(&charges, at(0)).unwrap();
    assert_eq!(take(&ledger, &charges, 60_000), None);
    ledger.settle(late, &End::of(Settlement::NotSent));
    assert!(ledger.reserve(&charges, at(60_001)).is_err());
}

#[test]
fn a_maximum_of_zero_refuses_without_a_time_to_wait() {
    let ledger = LocalLedger::default();
    assert_eq!(
        take(&ledger, &[charge("c", Window::Calendar { unit: CalendarUnit::Day, zone: None }, 0)], 0),
        Some(0)
    );
}
