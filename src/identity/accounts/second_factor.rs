//! Codes of an authenticator (RFC 6238), each good once, and recovery codes for who lost it.

use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::{
    facts::Secret,
    identity::{
        people::PeopleError,
        secrets::{digest_of, random, same},
    },
    store::{SealError, SealKey},
};

/// A code is good for thirty seconds.
const STEP_SECONDS: i64 = 30;
/// Clocks may be one step apart.
const STEPS_APART_MAX: i64 = 1;
const DIGITS: u32 = 6;
/// What RFC 4226 recommends.
const KEY_BYTES: usize = 20;
const RECOVERY_CODES: usize = 10;
/// Eighty bits each: no need of a slow digest.
const RECOVERY_BYTES: usize = 10;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The second factor of one account.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SecondFactor {
    /// The key of the authenticator in base32, sealed for this account.
    sealed_key: String,
    /// The step of the last code that was used: neither it nor an older one is taken again.
    last_step: i64,
    /// SHA-256 of each recovery code that was not used yet.
    recovery: Vec<String>,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactor").field("last_step", &self.last_step).finish_non_exhaustive()
    }
}

/// What its owner sees once.
#[derive(Debug)]
pub struct NewSecondFactor {
    /// The key to type into an authenticator, in base32.
    pub key: Secret,
    pub recovery_codes: Vec<Secret>,
}

impl NewSecondFactor {
    pub(super) fn make() -> Result<Self, PeopleError> {
        let key = Secret::new(base32(&random::<KEY_BYTES>()?));
        let code = || random::<RECOVERY_BYTES>().map(|bytes| Secret::new(grouped(&base32(&bytes))));
        let recovery_codes = (0..RECOVERY_CODES).map(|_| code()).collect::<Result<_, _>>()?;
        Ok(Self { key, recovery_codes })
    }

    /// The address that authenticators read from a picture.
    pub fn address(&self, account: &str) -> Secret {
        let label: String = url::form_urlencoded::byte_serialize(account.as_bytes()).collect();
        Secret::new(format!(
            "otpauth://totp/odoo-mcp:{label}?secret={}&issuer=odoo-mcp&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            self.key.reveal()
        ))
    }

    /// Does its owner's authenticator show the code of this moment?
    pub fn is_shown_as(&self, code: &str, now: jiff::Timestamp) -> bool {
        step_of(self.key.reveal(), code, now, i64::MIN).is_some()
    }

    pub(super) fn sealed(&self, account_id: &str, seal: &SealKey) -> Result<SecondFactor, SealError> {
        Ok(SecondFactor {
            sealed_key: seal.seal(&place(account_id), &self.key)?,
            last_step: i64::MIN,
            recovery: self.recovery_codes.iter().map(|code| digest_of(&bare(code.reveal()))).collect(),
        })
    }
}

impl SecondFactor {
    pub(super) fn recovery_codes_left(&self) -> usize {
        self.recovery.len()
    }

    /// Uses up a code: the same code is not taken a second time, nor is an older one.
    pub(super) fn take(
        &mut self,
        code: &str,
        account_id: &str,
        seal: &SealKey,
        now: jiff::Timestamp,
    ) -> Result<bool, SealError> {
        let code = bare(code);
        if code.len() == DIGITS as usize {
            let key = seal.open(&place(account_id), &self.sealed_key)?;
            let Some(step) = step_of(key.reveal(), &code, now, self.last_step) else { return Ok(false) };
            self.last_step = step;
            return Ok(true);
        }
        let shown = digest_of(&code);
        let before = self.recovery.len();
        self.recovery.retain(|kept| !same(kept, &shown));
        Ok(self.recovery.len() < before)
    }
}

fn place(account_id: &str) -> [&str; 3] {
    ["account", account_id, "second factor"]
}

/// The step whose code this is, if it comes after the last one that was used.
fn step_of(key: &str, code: &str, now: jiff::Timestamp, after: i64) -> Option<i64> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &from_base32(key)?);
    let middle = now.as_second().div_euclid(STEP_SECONDS);
    let steps = middle - STEPS_APART_MAX..=middle + STEPS_APART_MAX;
    // Each is compared, whichever fits.
    let fits = steps.filter(|step| same(&code_of(&key, *step), code)).collect::<Vec<_>>();
    fits.into_iter().find(|step| *step > after)
}

/// RFC 4226, section 5.3.
fn code_of(key: &hmac::Key, step: i64) -> String {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0xf);
    let four = bytes.get(offset..offset + 4).and_then(|four| four.first_chunk::<4>());
    let number = four.map_or(0, |four| u32::from_be_bytes(*four) & 0x7fff_ffff);
    format!("{:0width$}", number % 10_u32.pow(DIGITS), width = DIGITS as usize)
}

/// People type spaces, dashes and small letters.
fn bare(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.to_lowercase().chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

pub(super) fn base32(bytes: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(bits: u32) -> char {
    BASE32.get((bits & 31) as usize).map_or('A', |byte| char::from(*byte))
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes() {
        let value = BASE32.iter().position(|letter| *letter == byte)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).unwrap()
    }

    /// Appendix B of RFC 6238, the last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let key = base32(b"12345678901234567890");
        assert_eq!(key, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(&key, code, at(second), i64::MIN), Some(second / 30), "{second}");
        }
    }

    fn seal() -> SealKey {
        SealKey::parse(&Secret::new(base64::Engine::encode(&base64::prelude::BASE64_STANDARD, [7; 32])))
            .unwrap()
    }

    fn code(new: &NewSecondFactor, second: i64) -> String {
        let key =
            hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &from_base32(new.key.reveal()).unwrap());
        code_of(&key, second / 30)
    }

    #[test]
    fn a_code_is_taken_once_and_never_an_older_one() {
        let (new, seal) = (NewSecondFactor::make().unwrap(), seal());
        let mut factor = new.sealed("id", &seal).unwrap();
        let now = 1_800_000_000;
        let mut take = |code: &str, second| factor.take(code, "id", &seal, at(second)).unwrap();
        assert!(!take(&code(&new, now - 90), now), "too old");
        assert!(!take(&code(&new, now + 90), now), "too early");
        assert!(take(&code(&new, now), now));
        assert!(!take(&code(&new, now), now), "a second time");
        assert!(!take(&code(&new, now - 30), now), "older than the last one");
        assert!(take(&code(&new, now + 30), now), "the next one, from a clock that is ahead");
        for wrong in ["", "000", "abcdef", "12345a", "1234567", "０００００１"] {
            assert!(!take(wrong, now + 60), "{wrong}");
        }
    }

    #[test]
    fn a_recovery_code_is_good_once_however_it_is_typed() {
        let (new, seal) = (NewSecondFactor::make().unwrap(), seal());
        let mut factor = new.sealed("id", &seal).unwrap();
        assert_eq!(factor.recovery_codes_left(), 10);
        let first = new.recovery_codes[0].reveal().to_uppercase().replace('-', " ");
        assert!(factor.take(&first, "id", &seal, at(0)).unwrap());
        assert!(!factor.take(&first, "id", &seal, at(0)).unwrap());
        assert!(!factor.take("aaaa-bbbb-cccc-dddd", "id", &seal, at(0)).unwrap());
        assert_eq!(factor.recovery_codes_left(), 9);
        let kept = serde_json::to_string(&factor).unwrap();
        assert!(!kept.contains(new.key.reveal()) && !kept.contains(new.recovery_codes[1].reveal()));
    }

    #[test]
    fn a_key_is_good_for_its_account_only() {
        let (new, seal) = (NewSecondFactor::make().unwrap(), seal());
        let mut factor = new.sealed("id", &seal).unwrap();
        assert!(factor.take(&code(&new, 0), "other", &seal, at(0)).is_err());
        assert!(new.address("default/anna@example.com").reveal().contains("default%2Fanna%40example.com"));
    }
}
