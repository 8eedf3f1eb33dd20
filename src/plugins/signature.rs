//! Who vouches for a plugin: Ed25519 over the bytes of its manifest, which holds the library's hash.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;

use super::{
    reason::{Reason, Refusal},
    report::{SignatureReport, SignatureStatus},
};
use crate::config::SignaturePolicy;

/// The file beside the manifest.
pub(super) const SIGNATURE_FILE: &str = "plugin.toml.sig";
/// One line; a key's name and 64 bytes.
pub(super) const SIGNATURE_BYTES_MAX: u64 = 512;
/// Largest list of keys.
pub(super) const KEYS_BYTES_MAX: u64 = 256 * 1024;
const ALGORITHM: &str = "ed25519";
const KEY_ID_BYTES_MAX: usize = 100;

/// The keys that the operator trusts. Read at start only.
#[derive(Debug, Clone, Default)]
pub(super) struct TrustedKeys(Vec<TrustedKey>);

#[derive(Debug, Clone)]
struct TrustedKey {
    id: String,
    public: [u8; 32],
    expires: Option<Timestamp>,
    revoked: bool,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKeys {
    #[serde(default)]
    keys: Vec<WrittenKey>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: String,
    public: String,
    expires: Option<String>,
    #[serde(default)]
    revoked: bool,
    #[serde(default = "any_plugin")]
    allow: Vec<String>,
}

fn any_plugin() -> Vec<String> {
    vec!["*".to_owned()]
}

impl TrustedKeys {
    /// Reads the list. One bad key makes the whole list bad: it may be the revoked one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let written: WrittenKeys = toml::from_str(text)
            .map_err(|error| error.message().lines().next().unwrap_or("not TOML").to_owned())?;
        let mut keys: Vec<TrustedKey> = Vec::new();
        for key in written.keys {
            if !is_key_id(&key.id) {
                return Err("an `id` has letters, digits, `-`, `_` and `.`".to_owned());
            }
            if keys.iter().any(|other| other.id == key.id) {
                return Err(format!("the key `{}` is there twice", key.id));
            }
            let public: [u8; 32] = STANDARD
                .decode(&key.public)
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| format!("`public` of `{}` is not 32 bytes in base64", key.id))?;
            if !is_proper_point(&public) {
                return Err(format!("`public` of `{}` is a key that anybody can sign for", key.id));
            }
            let expires = match key.expires {
                None => None,
                Some(text) => Some(text.parse().map_err(|_| {
                    format!("`expires` of `{}` is no time such as 2030-01-01T00:00:00Z", key.id)
                })?),
            };
            keys.push(TrustedKey { id: key.id, public, expires, revoked: key.revoked, allow: key.allow });
        }
        Ok(Self(keys))
    }

    /// Judges the signature of a plugin.
    pub(super) fn judge(
        &self,
        policy: SignaturePolicy,
        plugin: &str,
        manifest: &[u8],
        signature: Option<&[u8]>,
        now: Timestamp,
    ) -> (SignatureReport, Result<(), Refusal>) {
        let report =
            |status, key_id: Option<&str>| SignatureReport { status, key_id: key_id.map(str::to_owned) };
        if policy == SignaturePolicy::Off {
            return (report(SignatureStatus::Off, None), Ok(()));
        }
        let Some(signature) = signature else {
            let outcome = match policy {
                SignaturePolicy::Required => {
                    Err(Refusal::new(Reason::SignatureMissing, format!("`{SIGNATURE_FILE}` is missing")))
                }
                SignaturePolicy::IfPresent | SignaturePolicy::Off => Ok(()),
            };
            return (report(SignatureStatus::Absent, None), outcome);
        };
        let Some((key_id, signature)) = read_signature(signature) else {
            let why = format!("`{SIGNATURE_FILE}` is no line of the form `ed25519:<key>:<base64>`");
            return (
                report(SignatureStatus::Invalid, None),
                Err(Refusal::new(Reason::SignatureInvalid, why)),
            );
        };
        let refused = |status, reason, why: &str| {
            (report(status, Some(&key_id)), Err(Refusal::new(reason, format!("the key `{key_id}` {why}"))))
        };
        let Some(key) = self.0.iter().find(|key| key.id == key_id) else {
            if self.0.is_empty() && policy == SignaturePolicy::IfPresent {
                // Nobody is trusted here, so nothing can be checked: as good as unsigned.
                return (report(SignatureStatus::UnknownKey, Some(&key_id)), Ok(()));
            }
            return refused(SignatureStatus::UnknownKey, Reason::SignerUnknown, "is not trusted here");
        };
        if key.revoked {
            return refused(SignatureStatus::Revoked, Reason::SignerRevoked, "was revoked");
        }
        if UnparsedPublicKey::new(&ED25519, key.public).verify(manifest, &signature).is_err() {
            return refused(SignatureStatus::Invalid, Reason::SignatureInvalid, "did not sign this manifest");
        }
        if key.expires.is_some_and(|expires| expires <= now) {
            return refused(SignatureStatus::Invalid, Reason::SignerExpired, "has expired");
        }
        if !key.allow.iter().any(|pattern| matches_name(pattern, plugin)) {
            return refused(
                SignatureStatus::Invalid,
                Reason::SignerNotAllowed,
                "may not sign plugins of this name",
            );
        }
        (report(SignatureStatus::Valid, Some(&key_id)), Ok(()))
    }
}

/// The line of a signature file.
pub(super) fn signature_line(key_id: &str, signature: &[u8]) -> String {
    format!("{ALGORITHM}:{key_id}:{}\n", STANDARD.encode(signature))
}

fn read_signature(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let mut parts = line.split(':');
    let (algorithm, key_id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let signature = STANDARD.decode(encoded).ok()?;
    (parts.next().is_none() && algorithm == ALGORITHM && is_key_id(key_id) && signature.len() == 64)
        .then(|| (key_id.to_owned(), signature))
}

/// How keys may be called.
pub(super) fn is_key_id(id: &str) -> bool {
    (1..=KEY_ID_BYTES_MAX).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// A pattern is a name, or the beginning of one with a star.
fn matches_name(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

/// Is it the one encoding of a point outside the small subgroup? Signatures that hold for the others can
/// be made by anybody.
fn is_proper_point(public: &[u8; 32]) -> bool {
    const SMALL_ORDER: [&str; 5] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ];
    let mut without_sign = *public;
    if let Some(last) = without_sign.last_mut() {
        *last &= 0x7f;
    }
    // Numbers from the prime on have a second, smaller encoding.
    let canonical = match without_sign {
        [first, middle @ .., 0x7f] => first < 0xed || middle.iter().any(|byte| *byte != 0xff),
        _ => true,
    };
    let text = crate::facts::hex(&without_sign);
    canonical && !SMALL_ORDER.contains(&text.as_str())
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    const NOW: &str = "2026-01-01T00:00:00Z";

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
    }

    fn keys(more: &str) -> TrustedKeys {
        let public = STANDARD.encode(pair().public_key().as_ref());
        TrustedKeys::parse(&format!("[[keys]]\nid = \"office\"\npublic = \"{public}\"\n{more}")).unwrap()
    }

    #[track_caller]
    fn check(
        keys: &TrustedKeys,
        policy: SignaturePolicy,
        signature: Option<&str>,
        expected: Result<SignatureStatus, Reason>,
    ) {
        let (report, outcome) = keys.judge(
            policy,
            "vendor_hint",
            b"manifest",
            signature.map(str::as_bytes),
            NOW.parse().unwrap(),
        );
        let outcome = outcome.map(|()| report.status).map_err(|refusal| refusal.reason);
        assert_eq!(outcome, expected, "{signature:?}");
    }

    #[test]
    fn only_a_whole_and_trusted_signature_counts() {
        use SignaturePolicy::{IfPresent, Off, Required};
        let good = signature_line("office", pair().sign(b"manifest").as_ref());
        let other = signature_line("office", pair().sign(b"other").as_ref());
        let stranger = signature_line("stranger", pair().sign(b"manifest").as_ref());
        check(&keys(""), Required, Some(&good), Ok(SignatureStatus::Valid));
        check(&keys(""), Required, Some(good.trim_end()), Ok(SignatureStatus::Valid));
        check(&keys(""), Required, None, Err(Reason::SignatureMissing));
        check(&keys(""), IfPresent, None, Ok(SignatureStatus::Absent));
        check(&keys(""), IfPresent, Some(&other), Err(Reason::SignatureInvalid));
        check(&keys(""), Required, Some(&stranger), Err(Reason::SignerUnknown));
        check(&TrustedKeys::default(), IfPresent, Some(&stranger), Ok(SignatureStatus::UnknownKey));
        check(&keys(""), Off, Some(&other), Ok(SignatureStatus::Off));
        check(&keys("revoked = true"), Required, Some(&good), Err(Reason::SignerRevoked));
        check(&keys("expires = \"2025-01-01T00:00:00Z\""), Required, Some(&good), Err(Reason::SignerExpired));
        check(&keys("expires = \"2027-01-01T00:00:00Z\""), Required, Some(&good), Ok(SignatureStatus::Valid));
        check(&keys("allow = [\"other_*\"]"), Required, Some(&good), Err(Reason::SignerNotAllowed));
        check(&keys("allow = [\"vendor_*\"]"), Required, Some(&good), Ok(SignatureStatus::Valid));
        for bad in ["", "ed25519:office", "rsa:office:AAAA", "ed25519:office:!!", "ed25519:office:AAAA"] {
            check(&keys(""), Required, Some(bad), Err(Reason::SignatureInvalid));
        }
        let twice = format!("{good}{good}");
        check(&keys(""), Required, Some(&twice), Err(Reason::SignatureInvalid));
    }

    #[test]
    fn a_signature_with_a_second_encoding_is_refused() {
        // The order of the group added to the second half gives an equation that holds as well.
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let mut signature = pair().sign(b"manifest").as_ref().to_vec();
        let mut carry = 0;
        for (byte, more) in signature[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(more) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        let line = signature_line("office", &signature);
        check(&keys(""), SignaturePolicy::Required, Some(&line), Err(Reason::SignatureInvalid));
    }

    #[test]
    fn keys_that_anybody_can_sign_for_are_refused() {
        for hex in [
            "0100000000000000000000000000000000000000000000000000000000000080",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        ] {
            let public = STANDARD.encode(crate::facts::from_hex(hex).unwrap());
            let list = format!("[[keys]]\nid = \"a\"\npublic = \"{public}\"");
            assert!(TrustedKeys::parse(&list).is_err(), "{hex}");
        }
    }
}
