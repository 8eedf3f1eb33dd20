//! How often a page may ask while somebody types: enough for fast fingers, too little for a flood.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Asked in one span; somebody who types all the time asks about four times a second.
const ASKED_MAX: u32 = 80;
const SPAN: Duration = Duration::from_secs(10);
/// Sessions that are remembered; those whose span is over go first.
const SESSIONS_MAX: usize = 1_000;
/// Texts that are read at the same time: reading one takes a core.
const AT_ONCE_MAX: usize = 2;

/// What each session asked of late.
#[derive(Debug)]
pub(super) struct Pace {
    asked: Mutex<HashMap<String, (Instant, u32)>>,
    places: Semaphore,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { asked: Mutex::default(), places: Semaphore::new(AT_ONCE_MAX) }
    }

    /// A place to work in, or nothing for a session that asks too often.
    pub(super) async fn enter(&self, session: &str) -> Option<SemaphorePermit<'_>> {
        if !self.may_ask(session, Instant::now()) {
            return None;
        }
        self.places.acquire().await.ok()
    }

    fn may_ask(&self, session: &str, now: Instant) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |began: Instant| now.saturating_duration_since(began) >= SPAN;
        if asked.len() >= SESSIONS_MAX && !asked.contains_key(session) {
            asked.retain(|_, (began, _)| !is_over(*began));
            if asked.len() >= SESSIONS_MAX {
                return false;
            }
        }
        let (began, count) = asked.entry(session.to_owned()).or_insert((now, 0));
        if is_over(*began) {
            (*began, *count) = (now, 0);
        }
        *count += 1;
        *count <= ASKED_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_asks_too_often_waits_for_the_next_span() {
        let (pace, now) = (Pace::new(), Instant::now());
        for _ in 0..ASKED_MAX {
            assert!(pace.may_ask("a", now));
        }
        assert!(!pace.may_ask("a", now) && pace.may_ask("b", now));
        assert!(pace.may_ask("a", now + SPAN));
    }

    #[test]
    fn not_everybody_is_remembered() {
        let (pace, now) = (Pace::new(), Instant::now());
        for session in 0..SESSIONS_MAX {
            assert!(pace.may_ask(&session.to_string(), now));
        }
        assert!(!pace.may_ask("one more", now));
        assert!(pace.may_ask("one more", now + SPAN));
    }
}
