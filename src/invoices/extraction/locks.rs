//! Who may go on: so many at a time of each kind, the others in the order they came.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Turns by key; a key that nobody waits for is forgotten.
#[derive(Debug)]
pub(super) struct Turns {
    at_once: usize,
    by_key: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), by_key: Mutex::default() }
    }

    /// Waits for a turn, which lasts as long as what is given back.
    pub(super) async fn wait(&self, key: String) -> Option<OwnedSemaphorePermit> {
        let turns = {
            let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
            by_key.retain(|_, turns| turns.strong_count() > 0);
            match by_key.get(&key).and_then(Weak::upgrade) {
                Some(turns) => turns,
                None => {
                    let turns = Arc::new(Semaphore::new(self.at_once));
                    by_key.insert(key, Arc::downgrade(&turns));
                    turns
                }
            }
        };
        turns.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn so_many_of_a_key_go_on_and_other_keys_do_not_wait() {
        let turns = Turns::new(2);
        let now = |key: &str| turns.wait(key.to_owned()).now_or_never().flatten();
        let (first, second) = (now("one").unwrap(), now("one").unwrap());
        assert!(now("one").is_none(), "a third waits");
        let other = now("other").unwrap();
        drop(second);
        let third = now("one").unwrap();
        assert!(now("one").is_none());
        drop((first, third, other));
        let _again = now("again").unwrap();
        assert_eq!(turns.by_key.lock().unwrap().len(), 1, "keys that nobody waits for are forgotten");
    }
}
