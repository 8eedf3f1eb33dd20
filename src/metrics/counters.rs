//! Numbers with labels, none of which can grow without end.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::OTHER;

/// Things by name, up to a bound; the names beyond it share one thing called `other`.
#[derive(Debug)]
pub(super) struct Named<T> {
    things: Mutex<BTreeMap<Box<str>, Arc<T>>>,
    names_max: usize,
}

impl<T: Default> Named<T> {
    pub(super) fn up_to(names_max: usize) -> Self {
        Self { things: Mutex::default(), names_max }
    }

    pub(super) fn get(&self, name: &str) -> Arc<T> {
        let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thing) = things.get(name) {
            return Arc::clone(thing);
        }
        let name = if things.len() < self.names_max { name } else { OTHER };
        Arc::clone(things.entry(name.into()).or_default())
    }

    /// Everything by name, as it is now.
    pub(super) fn all(&self) -> Vec<(Box<str>, Arc<T>)> {
        let things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
        things.iter().map(|(name, thing)| (name.clone(), Arc::clone(thing))).collect()
    }
}

/// One number for each of a few words.
#[derive(Debug)]
pub(super) struct Counts<const WORDS: usize>([AtomicU64; WORDS]);

impl<const WORDS: usize> Default for Counts<WORDS> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl<const WORDS: usize> Counts<WORDS> {
    pub(super) fn add(&self, word: usize) {
        if let Some(number) = self.0.get(word) {
            number.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The numbers beside their words.
    pub(super) fn with<'a>(
        &'a self,
        words: &'a [&'static str],
    ) -> impl Iterator<Item = (&'static str, u64)> + 'a {
        words.iter().copied().zip(self.0.iter().map(|number| number.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_share_one() {
        let named: Named<Counts<1>> = Named::up_to(2);
        for name in ["a", "b", "c", "d", "a"] {
            named.get(name).add(0);
        }
        let all: Vec<(String, u64)> = named
            .all()
            .iter()
            .map(|(name, counts)| (name.to_string(), counts.with(&["x"]).map(|(_, number)| number).sum()))
            .collect();
        assert_eq!(all, [("a".to_owned(), 2), ("b".to_owned(), 1), (OTHER.to_owned(), 2)]);
    }
}
