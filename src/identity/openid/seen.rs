//! Tokens that were verified a moment ago, by digest: a signature is dear, and a client shows the same
//! token with every call.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ring::digest::{SHA256, digest};

use super::Verified;

/// Tokens that are remembered; when there are more, the memory starts anew.
const TOKENS_MAX: usize = 4096;
/// A token is verified again after this, whatever it says itself.
const SECONDS_MAX: i64 = 300;

#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<HashMap<[u8; 32], Entry>>);

#[derive(Debug)]
struct Entry {
    verified: Verified,
    generation: u64,
    until: i64,
}

impl Seen {
    /// Whom the token means, if that was found out with the same keys and still holds.
    pub(super) fn find(&self, token: &str, generation: u64, now: i64) -> Option<Verified> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&key(token))?;
        (entry.generation == generation && now < entry.until).then(|| entry.verified.clone())
    }

    pub(super) fn remember(&self, token: &str, verified: &Verified, generation: u64, now: i64) {
        let until = verified.expires_at.min(now.saturating_add(SECONDS_MAX));
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= TOKENS_MAX {
            entries.retain(|_, entry| entry.generation == generation && now < entry.until);
            if entries.len() >= TOKENS_MAX {
                entries.clear();
            }
        }
        entries.insert(key(token), Entry { verified: verified.clone(), generation, until });
    }
}

fn key(token: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    key
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::facts::{GrantName, Scopes, UserName};

    fn verified(expires_at: i64) -> Verified {
        Verified {
            user: UserName::parse("company/u1").unwrap(),
            groups: Arc::default(),
            grant: GrantName::parse("member").unwrap(),
            scopes: Scopes::NONE,
            expires_at,
        }
    }

    #[test]
    fn nothing_is_remembered_past_its_end() {
        let seen = Seen::default();
        seen.remember("short", &verified(110), 1, 100);
        seen.remember("long", &verified(10_000), 1, 100);
        let knows = |token, generation, now| seen.find(token, generation, now).is_some();
        assert!(knows("short", 1, 109) && !knows("short", 1, 110));
        assert!(knows("long", 1, 399) && !knows("long", 1, 400));
        assert!(!knows("long", 2, 101), "the keys changed");
        assert!(!knows("other", 1, 101));
    }

    #[test]
    fn the_memory_is_bounded() {
        let seen = Seen::default();
        for n in 0..3 * TOKENS_MAX {
            seen.remember(&n.to_string(), &verified(10_000), 1, 100);
        }
        assert!(seen.0.lock().unwrap().len() <= TOKENS_MAX);
    }
}
