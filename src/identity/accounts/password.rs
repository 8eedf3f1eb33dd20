//! Passwords: kept as argon2id digests, checked a few at a time, with the same work for everybody.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::{
    facts::Secret,
    identity::{people::PeopleError, secrets::random},
};

/// What OWASP asks of argon2id where memory is dear: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// A digest that wants more was not made by us, and would let whoever can write the store stop us.
const MEMORY_KIB_MAX: u32 = 262_144;
const PASSES_MAX: u32 = 16;
const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;
/// Checks that run at once: each takes 19 MiB and a core for some time.
const CHECKS_AT_ONCE_MAX: usize = 2;
/// Checks that wait for their turn; one more is sent away.
const CHECKS_WAITING_MAX: usize = 32;

/// Long enough that guessing under the waits of this server takes longer than anybody lives.
const PASSWORD_CHARS_MIN: usize = 12;
/// Longer ones only cost time.
const PASSWORD_BYTES_MAX: usize = 1_024;
/// Fewer different characters are a pattern.
const DIFFERENT_CHARS_MIN: usize = 5;

/// `$argon2id$v=19$m=…,t=…,p=…$SALT$DIGEST`, as everybody writes it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordDigest(String);

impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[digest]")
    }
}

/// Why a password is not taken.
pub(super) fn check_new(password: &Secret, name: &str) -> Result<(), String> {
    let text = password.reveal();
    let mut different: Vec<char> = text.chars().collect();
    let chars = different.len();
    different.sort_unstable();
    different.dedup();
    if chars < PASSWORD_CHARS_MIN {
        return Err(format!("a password has at least {PASSWORD_CHARS_MIN} characters"));
    }
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(format!("a password has at most {PASSWORD_BYTES_MAX} bytes"));
    }
    if different.len() < DIFFERENT_CHARS_MIN {
        return Err(format!("a password has at least {DIFFERENT_CHARS_MIN} different characters"));
    }
    let without_name = text.to_lowercase().replace(name, "");
    if without_name.chars().count() < PASSWORD_CHARS_MIN / 2 {
        return Err("a password is more than the name of its account".to_owned());
    }
    Ok(())
}

/// The place where digests are computed. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct PasswordWork {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl PasswordWork {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(CHECKS_AT_ONCE_MAX)), waiting: Arc::default() }
    }

    pub(super) async fn digest(&self, password: &Secret) -> Result<PasswordDigest, PeopleError> {
        let salt = random::<SALT_BYTES>()?;
        let password = normal(password);
        self.away(move || {
            let cost = Params::new(MEMORY_KIB, PASSES, LANES, Some(DIGEST_BYTES)).ok()?;
            let digest = compute(&password, &salt, cost)?;
            Some(PasswordDigest(format!(
                "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
                BASE64_STANDARD_NO_PAD.encode(salt),
                BASE64_STANDARD_NO_PAD.encode(digest),
            )))
        })
        .await?
        .ok_or(PeopleError::Busy)
    }

    /// Is this the password? Without a digest the same work is done, and the answer is no.
    pub(super) async fn fits(
        &self,
        digest: Option<&PasswordDigest>,
        password: &Secret,
    ) -> Result<bool, PeopleError> {
        let parsed = digest.and_then(|digest| parse(&digest.0));
        let is_known = parsed.is_some();
        let parts = parsed.or_else(nobody);
        let too_long = password.reveal().len() > PASSWORD_BYTES_MAX;
        let password = if too_long { Zeroizing::new(String::new()) } else { normal(password) };
        let fits = self
            .away(move || {
                let (cost, salt, expected) = parts?;
                let shown = compute(&password, &salt, cost)?;
                Some(bool::from(shown.as_slice().ct_eq(&expected)))
            })
            .await?
            .ok_or(PeopleError::Busy)?;
        Ok(fits && is_known && !too_long)
    }

    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PeopleError> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= CHECKS_WAITING_MAX + CHECKS_AT_ONCE_MAX {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(PeopleError::Busy);
        }
        let _leave = Leave(Arc::clone(&self.waiting));
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| PeopleError::Busy)?;
        // The work goes on when whoever asked has gone, and keeps its place until it is done.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        })
        .await
        .map_err(|_| PeopleError::Busy)
    }
}

/// One fewer waits.
struct Leave(Arc<AtomicUsize>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

type Parts = (Params, Vec<u8>, Vec<u8>);

fn compute(password: &str, salt: &[u8], cost: Params) -> Option<Zeroizing<Vec<u8>>> {
    let mut digest = Zeroizing::new(vec![0; DIGEST_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
        .hash_password_into(password.as_bytes(), salt, &mut digest)
        .ok()?;
    Some(digest)
}

/// The digest that is checked where there is no account.
fn nobody() -> Option<Parts> {
    let cost = Params::new(MEMORY_KIB, PASSES, LANES, Some(DIGEST_BYTES)).ok()?;
    Some((cost, vec![0; SALT_BYTES], vec![0; DIGEST_BYTES]))
}

fn parse(text: &str) -> Option<Parts> {
    let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
    let (cost, salt, digest) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let mut numbers = ["m=", "t=", "p="].into_iter().zip(cost.split(','));
    let mut number = || numbers.next().and_then(|(name, text)| text.strip_prefix(name)?.parse::<u32>().ok());
    let (memory, passes, lanes) = (number()?, number()?, number()?);
    if memory > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes != LANES {
        return None;
    }
    let cost = Params::new(memory, passes, lanes, Some(DIGEST_BYTES)).ok()?;
    let salt = BASE64_STANDARD_NO_PAD.decode(salt).ok()?;
    let digest = BASE64_STANDARD_NO_PAD.decode(digest).ok()?;
    (digest.len() == DIGEST_BYTES).then_some((cost, salt, digest))
}

/// One form of each text, however a keyboard writes it.
fn normal(password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(password.reveal().nfkc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_password_fits() {
        let work = PasswordWork::new();
        let digest = work.digest(&secret("correct horse battery")).await.unwrap();
        assert!(digest.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !digest.0.contains("horse"));
        assert!(work.fits(Some(&digest), &secret("correct horse battery")).await.unwrap());
        for wrong in ["correct horse batter", "", "Correct horse battery", &"x".repeat(5_000)] {
            assert!(!work.fits(Some(&digest), &secret(wrong)).await.unwrap(), "{wrong}");
        }
        assert!(!work.fits(None, &secret("correct horse battery")).await.unwrap());
        assert!(!work.fits(None, &secret("")).await.unwrap());
        let again = work.digest(&secret("correct horse battery")).await.unwrap();
        assert_ne!(digest, again, "each has a salt of its own");
        assert_eq!(format!("{digest:?}"), "[digest]");
    }

    #[tokio::test]
    async fn letters_may_be_typed_in_either_form() {
        let work = PasswordWork::new();
        let digest = work.digest(&secret("se\u{301}same ouvre-toi")).await.unwrap();
        assert!(work.fits(Some(&digest), &secret("s\u{e9}same ouvre-toi")).await.unwrap());
    }

    #[tokio::test]
    async fn a_damaged_digest_fits_nothing() {
        let work = PasswordWork::new();
        for text in [
            "",
            "plain",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$",
            "$argon2id$v=19$m=4000000,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAA",
            "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAA",
        ] {
            assert!(
                !work.fits(Some(&PasswordDigest(text.to_owned())), &secret("x")).await.unwrap(),
                "{text}"
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn who_comes_when_too_many_wait_is_sent_away() {
        let work = PasswordWork::new();
        let checks: Vec<_> = (0..60)
            .map(|_| {
                let work = work.clone();
                tokio::spawn(async move { work.fits(None, &secret("guess")).await })
            })
            .collect();
        let mut sent_away = 0;
        for check in checks {
            match check.await.unwrap() {
                Ok(fits) => assert!(!fits),
                Err(PeopleError::Busy) => sent_away += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!((1..=60 - CHECKS_WAITING_MAX).contains(&sent_away), "{sent_away}");
        assert!(work.fits(None, &secret("later")).await.is_ok());
    }

    #[test]
    fn weak_passwords_are_not_taken() {
        assert!(check_new(&secret("four words in a row"), "anna").is_ok());
        for (text, says) in [
            ("", "at least 12"),
            ("short", "at least 12"),
            ("aaaaaaaaaaaaaaaa", "different"),
            ("annaannaannaanna", "different"),
            ("annabelle-annabelle-1", "name"),
            (&"long ".repeat(300), "at most"),
        ] {
            let refused = check_new(&secret(text), "annabelle").unwrap_err();
            assert!(refused.contains(says), "{text}: {refused}");
        }
    }
}
