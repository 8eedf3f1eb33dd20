//! One call at a time for plugins that do not promise to be thread safe.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::CallError;

/// How often somebody who waits looks whether anybody still wants the answer. A call that hangs keeps
/// its turn for ever, and those behind it must be able to leave.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Who is next.
#[derive(Debug)]
pub(crate) struct Turn {
    several: bool,
    taken: Mutex<bool>,
    freed: Condvar,
}

/// A turn that ends with this value.
#[derive(Debug)]
pub(crate) struct Taken<'a>(Option<&'a Turn>);

impl Turn {
    pub(crate) fn new(several: bool) -> Self {
        Self { several, taken: Mutex::new(false), freed: Condvar::new() }
    }

    /// Waits until nobody else is inside, or until the call is given up.
    pub(crate) fn take(&self, given_up: impl Fn() -> bool) -> Result<Taken<'_>, CallError> {
        if self.several {
            return Ok(Taken(None));
        }
        let mut taken = self.lock();
        while *taken {
            if given_up() {
                return Err(CallError::Cancelled);
            }
            let waited = self.freed.wait_timeout(taken, LOOK_EVERY);
            taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken = true;
        Ok(Taken(Some(self)))
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        // A flag cannot be half written, so a panic elsewhere does not matter here.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.0 {
            *turn.lock() = false;
            turn.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_waits_or_leaves() {
        let turn = Turn::new(false);
        let first = turn.take(|| false).unwrap();
        assert_eq!(turn.take(|| true).unwrap_err(), CallError::Cancelled);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| turn.take(|| false).map(drop));
            drop(first);
            second.join().unwrap().unwrap();
        });
    }

    #[test]
    fn thread_safe_plugins_wait_for_nobody() {
        let turn = Turn::new(true);
        let _first = turn.take(|| false).unwrap();
        let _second = turn.take(|| true).unwrap();
    }
}
