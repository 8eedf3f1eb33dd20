//! How often somebody showed something wrong, and how long they have to wait: longer each time.
//!
//! Kept in the memory of this process, in a bounded number of entries. Those that count most stay.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Entries that are kept. When there are more, those with the fewest failures go.
const ENTRIES_MAX: usize = 4_096;
/// Doubling stops here, long after every wait has reached its limit.
const DOUBLINGS_MAX: u32 = 20;

/// When waiting begins, and how it grows.
#[derive(Debug, Clone, Copy)]
pub(super) struct WaitRule {
    /// So many failures cost nothing.
    pub(super) free: u32,
    /// The wait after the first one that costs; it doubles with each further one.
    pub(super) first: Duration,
    pub(super) longest: Duration,
    /// After so long without a failure nothing is remembered.
    pub(super) forgotten_after: Duration,
}

/// Wrong tokens of one address. Right ones always pass, so a wait harms nobody else there.
pub(super) const TOKENS_OF_ADDRESS: WaitRule = WaitRule {
    free: 20,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(300),
    forgotten_after: Duration::from_secs(600),
};

/// Wrong passwords from one address. The wait stays short, because others may share the address.
pub(super) const PASSWORDS_OF_ADDRESS: WaitRule = WaitRule {
    free: 20,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
    forgotten_after: Duration::from_secs(1_800),
};

/// Wrong passwords for one account, from wherever. The wait stays short, because its owner waits, too,
/// unless their browser is known.
pub(super) const PASSWORDS_OF_ACCOUNT: WaitRule = WaitRule {
    free: 5,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(60),
    forgotten_after: Duration::from_secs(3_600),
};

/// Wrong passwords from a browser that signed in to the account before: nobody else is harmed.
pub(super) const PASSWORDS_OF_BROWSER: WaitRule = WaitRule {
    free: 10,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(900),
    forgotten_after: Duration::from_secs(3_600),
};

/// Wrong codes for one account, after the right password: whoever gets that far without the code is not
/// the owner, and six digits want longer waits.
pub(super) const CODES_OF_ACCOUNT: WaitRule = WaitRule {
    free: 5,
    first: Duration::from_secs(30),
    longest: Duration::from_secs(3_600),
    forgotten_after: Duration::from_secs(24 * 3_600),
};

/// Wrong passwords for users of one Odoo, together: an Odoo refuses every login from an address that
/// showed five wrong ones within a minute, and this server's own logins come from the same address.
pub(super) const PASSWORDS_OF_ODOO: WaitRule = WaitRule {
    free: 3,
    first: Duration::from_secs(20),
    longest: Duration::from_secs(60),
    forgotten_after: Duration::from_secs(120),
};

/// The failures of many.
#[derive(Debug)]
pub(super) struct Failures<K> {
    rule: WaitRule,
    seen: Mutex<HashMap<K, Entry>>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    count: u32,
    last: Instant,
}

impl<K: Hash + Eq + Clone> Failures<K> {
    pub(super) fn under(rule: WaitRule) -> Self {
        Self { rule, seen: Mutex::default() }
    }

    /// How long to wait before anything is looked at.
    pub(super) fn wait(&self, who: &K, now: Instant) -> Option<Duration> {
        let seen = self.lock();
        let entry = seen.get(who)?;
        let wait = self.wait_after(entry.count)?;
        let left = wait.checked_sub(now.saturating_duration_since(entry.last))?;
        (!left.is_zero()).then_some(left)
    }

    /// Counts one failure; how long to wait now, if there were too many.
    pub(super) fn count(&self, who: K, now: Instant) -> Option<Duration> {
        let mut seen = self.lock();
        if seen.len() >= ENTRIES_MAX && !seen.contains_key(&who) {
            self.make_room(&mut seen, now);
        }
        let entry = seen.entry(who).or_insert(Entry { count: 0, last: now });
        if now.saturating_duration_since(entry.last) >= self.rule.forgotten_after {
            entry.count = 0;
        }
        entry.count = entry.count.saturating_add(1);
        entry.last = now;
        self.wait_after(entry.count)
    }

    /// One of the counted tries was none.
    pub(super) fn take_back(&self, who: &K) {
        if let Some(entry) = self.lock().get_mut(who) {
            entry.count = entry.count.saturating_sub(1);
        }
    }

    /// Somebody showed the right thing.
    pub(super) fn forget(&self, who: &K) {
        self.lock().remove(who);
    }

    fn wait_after(&self, count: u32) -> Option<Duration> {
        let beyond = count.checked_sub(self.rule.free)?.checked_sub(1)?;
        Some(self.rule.first.saturating_mul(1 << beyond.min(DOUBLINGS_MAX)).min(self.rule.longest))
    }

    /// Whoever fails once from many places must not make us forget those who fail often.
    fn make_room(&self, seen: &mut HashMap<K, Entry>, now: Instant) {
        seen.retain(|_, entry| now.saturating_duration_since(entry.last) < self.rule.forgotten_after);
        if seen.len() < ENTRIES_MAX {
            return;
        }
        let mut by_weight: Vec<(u32, Instant, K)> =
            seen.iter().map(|(who, entry)| (entry.count, entry.last, who.clone())).collect();
        by_weight.sort_by_key(|(count, last, _)| (*count, *last));
        for (_, _, who) in by_weight.into_iter().take(ENTRIES_MAX / 4) {
            seen.remove(&who);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Entry>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever has one IPv6 address has its whole /64.
pub(super) fn neighbourhood(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        other @ IpAddr::V4(_) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: WaitRule = WaitRule {
        free: 3,
        first: Duration::from_secs(2),
        longest: Duration::from_secs(30),
        forgotten_after: Duration::from_secs(100),
    };

    fn address(text: &str) -> IpAddr {
        neighbourhood(text.parse().unwrap())
    }

    #[test]
    fn waits_grow_up_to_a_limit_and_are_forgotten() {
        let failures = Failures::under(RULE);
        let start = Instant::now();
        let who = address("192.0.2.1");
        for _ in 0..3 {
            assert_eq!(failures.count(who, start), None);
            assert_eq!(failures.wait(&who, start), None);
        }
        let waits: Vec<u64> = (0..6).map(|_| failures.count(who, start).unwrap().as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 30, 30]);
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(failures.wait(&who, after(10)), Some(Duration::from_secs(20)));
        assert_eq!(failures.wait(&who, after(30)), None);
        assert_eq!(failures.wait(&address("192.0.2.2"), start), None);
        assert_eq!(failures.count(who, after(130)), None, "forgotten");
        for _ in 0..100 {
            failures.count(who, after(131));
        }
        assert_eq!(failures.wait(&who, after(131)), Some(Duration::from_secs(30)));
        failures.forget(&who);
        assert_eq!(failures.wait(&who, after(131)), None);
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one() {
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_those_who_fail_often() {
        let failures = Failures::under(RULE);
        let now = Instant::now();
        let often = address("192.0.2.1");
        for _ in 0..10 {
            failures.count(often, now);
        }
        for n in 0..20_000_u32 {
            failures.count(IpAddr::from(n.to_be_bytes()), now);
        }
        assert!(failures.lock().len() <= ENTRIES_MAX);
        assert!(failures.wait(&often, now).is_some());
    }
}
