//! Secrets at rest: authenticated encryption, bound to the place they belong to.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use zeroize::Zeroizing;

use crate::facts::{Secret, from_hex, hex};

/// Bytes of a sealing key.
const SEAL_KEY_BYTES: usize = 32;

/// A key that seals secrets and opens them again.
pub struct SealKey {
    key: LessSafeKey,
    /// Made from the same bytes, for digests that nobody else can compute.
    mac: hmac::Key,
    /// Tells keys apart without saying anything about them.
    id: String,
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.id)
    }
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error(
        "a sealing key is 32 random bytes, written as 64 hexadecimal digits or as 44 characters of base64"
    )]
    NotAKey,
    #[error("it was sealed with another key")]
    OtherKey,
    #[error("it was changed after it was sealed, or belongs to another entry")]
    Tampered,
    #[error("it is not a sealed secret")]
    NotSealed,
    #[error("this system gives no random numbers")]
    NoRandomness,
}

/// How a sealed text begins; another way of sealing gets another word.
const FORMAT: &str = "aes256gcm";

impl SealKey {
    /// A key as people write it: base64 (with or without padding, also the URL alphabet) or hexadecimal.
    pub fn parse(text: &Secret) -> Result<Self, SealError> {
        let text = text.reveal().trim();
        let bytes = if text.len() == SEAL_KEY_BYTES * 2 { from_hex(text) } else { from_base64(text) };
        let bytes = Zeroizing::new(bytes.ok_or(SealError::NotAKey)?);
        Self::from_bytes(&bytes)
    }

    /// A new key and its text form.
    pub(super) fn generate() -> Result<(Self, Secret), SealError> {
        let mut bytes = Zeroizing::new([0_u8; SEAL_KEY_BYTES]);
        SystemRandom::new().fill(bytes.as_mut_slice()).map_err(|_| SealError::NoRandomness)?;
        Ok((Self::from_bytes(bytes.as_slice())?, Secret::new(BASE64_STANDARD.encode(bytes.as_slice()))))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::NotAKey)?;
        let root = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let name = hmac::sign(&root, b"odoo-mcp: name of a sealing key");
        let id = hex(name.as_ref().first_chunk::<8>().ok_or(SealError::NotAKey)?);
        let mac = hmac::sign(&root, b"odoo-mcp: digests under a sealing key");
        let mac = hmac::Key::new(hmac::HMAC_SHA256, mac.as_ref());
        Ok(Self { key: LessSafeKey::new(key), mac, id })
    }

    /// A digest that tells nothing to whoever lacks the key, not even of guessable bytes.
    pub fn digest(&self, bytes: &[u8]) -> String {
        hex(hmac::sign(&self.mac, bytes).as_ref())
    }

    /// Seals a secret for one place; `place` is everything that must stay as it is for it to open again.
    pub fn seal(&self, place: &[&str], secret: &Secret) -> Result<String, SealError> {
        let mut nonce = [0_u8; NONCE_LEN];
        // Random nonces of 96 bits are safe for billions of secrets under one key.
        SystemRandom::new().fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
        let mut bytes = Zeroizing::new(secret.reveal().as_bytes().to_vec());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated(place), &mut *bytes)
            .map_err(|_| SealError::NotSealed)?;
        let sealed = [nonce.as_slice(), bytes.as_slice()].concat();
        Ok(format!("{FORMAT}:{}:{}", self.id, BASE64_STANDARD.encode(sealed)))
    }

    /// Opens what was sealed with this key for this very place.
    pub fn open(&self, place: &[&str], sealed: &str) -> Result<Secret, SealError> {
        let mut parts = sealed.split(':');
        let (Some(FORMAT), Some(id), Some(body), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SealError::NotSealed);
        };
        if id != self.id {
            return Err(SealError::OtherKey);
        }
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(body).map_err(|_| SealError::NotSealed)?);
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(SealError::NotSealed)?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let plain = self
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), associated(place), &mut rest)
            .map_err(|_| SealError::Tampered)?;
        String::from_utf8(plain.to_vec()).map(Secret::new).map_err(|_| SealError::Tampered)
    }
}

/// Each part with its length before it, so that no two places look alike.
fn associated(place: &[&str]) -> Aad<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in place {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Aad::from(bytes)
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let relaxed = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [alphabet::STANDARD, alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, relaxed).decode(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &[&str] = &["file", "alias", "field"];

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn key() -> SealKey {
        SealKey::generate().unwrap().0
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_at_the_same_place() {
        let key = key();
        let sealed = key.seal(PLACE, &secret("canary")).unwrap();
        assert!(!sealed.contains("canary"));
        assert!(key.open(PLACE, &sealed).unwrap().same_as("canary"));
        assert_ne!(sealed, key.seal(PLACE, &secret("canary")).unwrap(), "the nonce is new each time");
    }

    #[test]
    fn another_key_another_place_and_every_changed_character_are_refused() {
        let ours = key();
        let sealed = ours.seal(PLACE, &secret("canary")).unwrap();
        assert_eq!(key().open(PLACE, &sealed).unwrap_err(), SealError::OtherKey);
        for place in [&["file", "alias"][..], &["file", "alia", "sfield"], &["file", "other", "field"], &[]] {
            assert_eq!(ours.open(place, &sealed).unwrap_err(), SealError::Tampered, "{place:?}");
        }
        for index in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(ours.open(PLACE, &changed).is_err(), "{index}");
        }
        for broken in ["", "x", "aes256gcm:a", "aes256gcm::", &format!("{sealed}:x")] {
            assert!(ours.open(PLACE, broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn digests_are_the_same_under_one_key_only() {
        let ours = key();
        assert_eq!(ours.digest(b"x"), ours.digest(b"x"));
        assert_ne!(ours.digest(b"x"), ours.digest(b"y"));
        assert_ne!(ours.digest(b"x"), key().digest(b"x"));
    }

    #[test]
    fn a_key_is_read_in_each_accepted_form() {
        let bytes = [0xfb_u8; SEAL_KEY_BYTES];
        let forms = [
            hex(&bytes),
            hex(&bytes).to_uppercase(),
            BASE64_STANDARD.encode(bytes),
            BASE64_STANDARD.encode(bytes).replace('+', "-").replace('/', "_"),
            BASE64_STANDARD.encode(bytes).trim_end_matches('=').to_owned(),
            format!(" {}\n", hex(&bytes)),
        ];
        let expected = SealKey::from_bytes(&bytes).unwrap().id;
        for form in forms {
            assert_eq!(SealKey::parse(&secret(&form)).unwrap().id, expected, "{form}");
        }
        for bad in ["", "password", &"0".repeat(63), &"g".repeat(64), &BASE64_STANDARD.encode([1_u8; 31])] {
            let error = SealKey::parse(&secret(bad)).unwrap_err();
            assert_eq!(error, SealError::NotAKey);
            assert!(error.to_string().contains("hexadecimal") && error.to_string().contains("base64"));
        }
    }
}
