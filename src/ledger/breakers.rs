//! Breakers: so many events within a time pause whoever caused them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::{
    identity::ScopeValues,
    sliding::{Entry, Sliding},
};
use crate::{
    facts::{Decimal, Pause},
    policy::BreakerPlan,
};

/// Most callers that breakers watch at a time. Whoever is over is forgotten first.
const WATCHED_MAX: usize = 100_000;

/// All breakers of this process.
#[derive(Debug, Default)]
pub(super) struct Breakers {
    watched: Mutex<HashMap<Key, Watched>>,
}

/// Which breaker, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Key {
    rule: String,
    #[serde(flatten)]
    scope: ScopeValues,
}

#[derive(Debug, Default)]
struct Watched {
    events: Sliding,
    /// Paused until then.
    until_ms: u64,
}

/// A note as the log writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedNote {
    #[serde(flatten)]
    key: Key,
    max: u64,
    window: u32,
    #[serde(rename = "for")]
    pause: u32,
    at_ms: u64,
}

/// A breaker in a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BreakerState {
    #[serde(flatten)]
    key: Key,
    until_ms: u64,
    events: Vec<Entry>,
}

impl RecordedNote {
    pub fn of(plan: &BreakerPlan, now: jiff::Timestamp) -> Self {
        Self {
            key: key(plan),
            max: plan.max,
            window: plan.window_seconds,
            pause: plan.pause_seconds,
            at_ms: super::local::milliseconds(now),
        }
    }
}

fn key(plan: &BreakerPlan) -> Key {
    Key { rule: plan.rule.0.to_string(), scope: ScopeValues::of_scope(&plan.scope) }
}

impl Breakers {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, breakers: &[BreakerPlan], now_ms: u64) {
        for plan in breakers {
            self.event(key(plan), plan.max, plan.window_seconds, plan.pause_seconds, now_ms);
        }
    }

    pub(super) fn replay(&self, note: &RecordedNote) {
        self.event(note.key.clone(), note.max, note.window, note.pause, note.at_ms);
    }

    fn event(&self, key: Key, max: u64, window_seconds: u32, pause_seconds: u32, now_ms: u64) {
        let mut watched = self.lock();
        if watched.len() >= WATCHED_MAX && !watched.contains_key(&key) {
            watched.retain(|_, state| state.until_ms > now_ms || !state.events.is_idle(now_ms));
            if watched.len() >= WATCHED_MAX {
                tracing::error!(rule = %key.rule, "breakers watch as many callers as they can");
                return;
            }
        }
        let state = watched.entry(key).or_default();
        let now_ms = state.events.advance(now_ms);
        let Some(total) = state.events.used().checked_add(Decimal::ONE) else { return };
        state.events.take(now_ms, window_seconds, Decimal::from(max), Decimal::ONE, total);
        if total >= Decimal::from(max) {
            state.until_ms = state.until_ms.max(now_ms.saturating_add(u64::from(pause_seconds) * 1_000));
        }
    }

    pub(super) fn paused(&self, breakers: &[BreakerPlan], now_ms: u64) -> Option<Pause> {
        if breakers.is_empty() {
            return None;
        }
        let watched = self.lock();
        breakers.iter().find_map(|plan| {
            let until_ms = watched.get(&key(plan))?.until_ms;
            let until = jiff::Timestamp::from_millisecond(i64::try_from(until_ms).ok()?).ok()?;
            (until_ms > now_ms).then(|| Pause {
                rule: plan.rule.0.clone(),
                reason: "too many of these calls in a short time".into(),
                until: Some(until),
            })
        })
    }

    /// How many stop somebody at this time.
    pub(super) fn open(&self, now_ms: u64) -> u64 {
        self.lock().values().filter(|state| state.until_ms > now_ms).count() as u64
    }

    pub(super) fn snapshot(&self, now_ms: u64) -> Vec<BreakerState> {
        self.lock()
            .iter()
            .filter(|(_, state)| state.until_ms > now_ms || !state.events.is_idle(now_ms))
            .map(|(key, state)| BreakerState {
                key: key.clone(),
                until_ms: state.until_ms,
                events: state.events.entries().collect(),
            })
            .collect()
    }

    pub(super) fn restore(&self, saved: BreakerState) {
        let mut state = Watched { until_ms: saved.until_ms, ..Watched::default() };
        for event in saved.events {
            state.events.put(event.until_ms, event.amount);
        }
        self.lock().insert(saved.key, state);
    }
}
