//! Random secrets that we hand out, and how they are found again without being kept.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use subtle::ConstantTimeEq as _;

use super::people::PeopleError;
use crate::facts::{Secret, hex};

/// 256 bits: nobody guesses that.
const SECRET_BYTES: usize = 32;
/// The part of a digest that finds an entry; the rest proves it.
const PLACE_BYTES: usize = 16;

/// A new secret of 256 bits behind this prefix.
pub(super) fn new_secret(prefix: &str) -> Result<Secret, PeopleError> {
    let bytes = random::<SECRET_BYTES>()?;
    Ok(Secret::new(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
}

/// A short name that says nothing, such as the one under which a token is revoked.
pub(super) fn new_id() -> Result<String, PeopleError> {
    Ok(hex(&random::<8>()?))
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], PeopleError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| PeopleError::NoRandomness)?;
    Ok(bytes)
}

/// The digest of a secret in two parts: the first is the key of its entry, the second is kept in the
/// entry and compared in constant time, so that the time of a look-up tells nothing that helps.
pub(super) struct Trace {
    pub(super) place: String,
    proof: String,
}

impl Trace {
    pub(super) fn of(secret: &str) -> Self {
        let whole = digest(&SHA256, secret.as_bytes());
        let (place, proof) = whole.as_ref().split_at(PLACE_BYTES);
        Self { place: hex(place), proof: hex(proof) }
    }

    pub(super) fn proof(&self) -> &str {
        &self.proof
    }

    pub(super) fn proves(&self, kept: &str) -> bool {
        bool::from(self.proof.as_bytes().ct_eq(kept.as_bytes()))
    }
}

/// SHA-256 of a secret that nobody can guess, as text.
pub(super) fn digest_of(secret: &str) -> String {
    hex(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// A text that only who knows the secret can make for this purpose.
pub(super) fn derived(secret: &str, purpose: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, purpose.as_bytes()).as_ref())
}

/// A secret for a browser that has no session yet; forms are bound to it.
///
/// # Errors
///
/// If the system gives no random numbers.
pub fn browser_secret() -> Result<Secret, PeopleError> {
    new_secret("")
}

/// What stands in a form for the browser with this secret. A page of somebody else cannot know it.
pub fn form_token(browser_secret: &str) -> String {
    derived(browser_secret, "form")
}

/// Did this form come from a page of ours, in this browser?
pub fn form_token_fits(browser_secret: &str, shown: &str) -> bool {
    !browser_secret.is_empty() && same(&form_token(browser_secret), shown)
}

/// Compares two texts in constant time for equal lengths.
pub(super) fn same(one: &str, other: &str) -> bool {
    bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_new_each_time() {
        let (one, two) = (new_secret("p_").unwrap(), new_secret("p_").unwrap());
        assert_ne!(one.reveal(), two.reveal());
        assert_eq!(one.reveal().len(), 2 + 43);
    }

    #[test]
    fn only_the_secret_proves_its_trace() {
        let kept = Trace::of("the secret");
        assert!(Trace::of("the secret").proves(kept.proof()));
        for other in ["the secre", "the secrets", ""] {
            assert!(!Trace::of(other).proves(kept.proof()), "{other}");
        }
        assert!(!Trace::of("the secret").proves(""));
        assert_ne!(kept.place, kept.proof);
    }

    #[test]
    fn what_is_derived_depends_on_secret_and_purpose() {
        assert_eq!(derived("a", "b"), derived("a", "b"));
        assert_ne!(derived("a", "b"), derived("a", "c"));
        assert_ne!(derived("a", "b"), derived("b", "b"));
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }
}
