//! How often an address showed a wrong token.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Wrong tokens that one address may show within [`WINDOW_MS`] before it is told to wait.
const FAILURES_MAX: u32 = 20;
const WINDOW_MS: u64 = 60_000;
/// Addresses that are remembered; when there are more, the memory starts anew.
const ADDRESSES_MAX: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Failures {
    seen: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    count: u32,
}

impl Failures {
    /// Counts one failure; how long to wait, if there were too many.
    pub(super) fn count(&self, peer: IpAddr, now: Instant) -> Option<Duration> {
        let window = Duration::from_millis(WINDOW_MS);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= ADDRESSES_MAX {
            seen.retain(|_, entry| now.duration_since(entry.began) < window);
            if seen.len() >= ADDRESSES_MAX {
                seen.clear();
            }
        }
        let entry = seen.entry(neighbourhood(peer)).or_insert(Window { began: now, count: 0 });
        if now.duration_since(entry.began) >= window {
            *entry = Window { began: now, count: 0 };
        }
        entry.count = entry.count.saturating_add(1);
        (entry.count > FAILURES_MAX).then(|| window.saturating_sub(now.duration_since(entry.began)))
    }
}

/// Whoever has one IPv6 address has its whole /64.
fn neighbourhood(peer: IpAddr) -> IpAddr {
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

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn too_many_failures_must_wait_and_a_new_window_begins() {
        let failures = Failures::default();
        let start = Instant::now();
        for _ in 0..FAILURES_MAX {
            assert_eq!(failures.count(address("192.0.2.1"), start), None);
        }
        assert!(failures.count(address("192.0.2.1"), start).is_some());
        assert!(failures.count(address("::ffff:192.0.2.1"), start).is_some());
        assert_eq!(failures.count(address("192.0.2.2"), start), None);
        assert_eq!(failures.count(address("192.0.2.1"), start + Duration::from_millis(WINDOW_MS)), None);
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one() {
        let failures = Failures::default();
        let start = Instant::now();
        for host in 0..FAILURES_MAX {
            failures.count(address(&format!("2001:db8::{host:x}")), start);
        }
        assert!(failures.count(address("2001:db8::ffff"), start).is_some());
        assert_eq!(failures.count(address("2001:db8:0:1::1"), start), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let failures = Failures::default();
        let now = Instant::now();
        for n in 0..10_000_u32 {
            failures.count(IpAddr::from(n.to_be_bytes()), now);
        }
        assert!(failures.seen.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
