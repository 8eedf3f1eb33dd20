//! Public keys of a provider (RFC 7517): only those that can check a signature, each for one algorithm.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use crate::config::TokenAlgorithm;

/// Providers publish two or three keys at a time; the largest about twenty.
const KEYS_MAX: usize = 64;
/// An uncompressed point of P-256: a byte of form and two coordinates.
const COORDINATE_BYTES: usize = 32;
const UNCOMPRESSED: u8 = 4;

/// A key and the one algorithm it is good for. What it is decides the algorithm, never a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) kid: Option<String>,
    pub(super) algorithm: TokenAlgorithm,
    public: Public,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Point(Vec<u8>),
}

impl Key {
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (&self.public, self.algorithm) {
            (Public::Rsa { n, e }, TokenAlgorithm::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Public::Point(point), TokenAlgorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Public::Point(point), TokenAlgorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The private part. A provider that publishes it has no secret left.
    d: Option<String>,
}

/// The keys of a set that are of use; `None` if it is no set.
pub(super) fn read_set(bytes: &[u8]) -> Option<Vec<Key>> {
    let set: KeySet = serde_json::from_slice(bytes).ok()?;
    let keys = set.keys.into_iter().take(KEYS_MAX);
    Some(keys.filter_map(|key| serde_json::from_value(key).ok().and_then(|jwk: Jwk| read(&jwk))).collect())
}

fn read(jwk: &Jwk) -> Option<Key> {
    let for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
        && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    if !for_signatures || jwk.d.is_some() {
        return None;
    }
    let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    let (algorithm, public) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let (n, e) = (unpadded(bytes(&jwk.n)?), unpadded(bytes(&jwk.e)?));
            (TokenAlgorithm::Rs256, Public::Rsa { n, e })
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes(&jwk.x)?, bytes(&jwk.y)?);
            if x.len() != COORDINATE_BYTES || y.len() != COORDINATE_BYTES {
                return None;
            }
            (TokenAlgorithm::Es256, Public::Point([&[UNCOMPRESSED], x.as_slice(), y.as_slice()].concat()))
        }
        ("OKP", Some("Ed25519")) => (TokenAlgorithm::EdDsa, Public::Point(bytes(&jwk.x)?)),
        _ => return None,
    };
    let fits = jwk.alg.as_deref().is_none_or(|alg| alg == algorithm.as_str());
    fits.then(|| Key { kid: jwk.kid.clone(), algorithm, public })
}

/// Numbers as `ring` wants them: without leading zeros.
fn unpadded(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::{Value, json};

    use super::*;

    fn okp() -> (Ed25519KeyPair, Value) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        (pair, json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x }))
    }

    fn set(keys: &[Value]) -> Vec<Key> {
        read_set(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_key_checks_what_its_other_half_signed() {
        let (pair, jwk) = okp();
        let keys = set(&[jwk]);
        let signature = pair.sign(b"message");
        assert!(keys[0].verifies(b"message", signature.as_ref()));
        assert!(!keys[0].verifies(b"massage", signature.as_ref()));
        assert!(!keys[0].verifies(b"message", &[0; 64]));
        assert!(!keys[0].verifies(b"message", b""));
    }

    /// A key of 2048 bits and its signature of `message`, made elsewhere.
    const RSA: (&str, &str) = (
        "qZHburgEtXiHDcPADIVyuSka0WTgglAsura5VWb2vB0-QmvUqBbeBI1sdRwFh-kAq4lPGrFB8yKzjXwA8A3pGEOp9G\
        _VzxYP8iQ2G7zNVBQkK16TV5bGZF7WJrKUAHJWWE330hU3Zb7F9M4G8gU0rg_qzJRF-58Ct7tBxBfKPHqQC497bFSB\
        gE5PBEIhQQB6Kk_DSh0yoR0yYumELQ_qg5k6ishl9uBGDxWl67zlGheZg6TOym7m3rUkl6JOuaOyumvuj-GKdZiOlT\
        p7r2hCJIyYAcblpg30XfEH_aZ0My2ZPMx5GOBxmGRz9X534E8ObUc7c5JIs6u8ageIigk1CQ",
        "VNgWTjpJ-OIrWw3FR56vSLFffzJxoUAvvQppRGJVwS8KNwMkRWkV9moG04UNyWgshWoqW3NI_G-jcXeX6s4Ts1PHhq\
        On502xnFlYcZWkBOCK3hGKOY3y26e_zEBzBY67L0JUlFVyT0w3Ypp8Dm1nmsoJIc47DzdWcU6IqQ7IwDfoGrZNWoey\
        ASdPAZOc44kI2zqhgtmtDa51HcKSusYwsdfVUpuUX8qrwpIkDNgHOse4qTvNOSwGpj3VcLg4wtY6DPv1hqWRVJeIgN\
        SdEG-lZ53Gnvri2oh2EmI8PjvEeNiyOrrejvSwODxJ5IXjyjs8YbDakCzvj8u7nhzQnXuhow",
    );
    /// The same with 1024 bits, which is too short by now.
    const SHORT_RSA: (&str, &str) = (
        "0pk6u-LGskfxs_LMMe8-zJfJAL52Mf5XGmPonMo-VA3QKCZuZwPuaZ7sPuZA4vHbj1dtgnKVOFZMgEnoYVMG9DXnpY\
        _zihBa3n4LJWPHIKdMtzK-kASuNZaocSTL9RCBi52AVjYXt1i1gGZtmn5xowPP5yzC8AMR6asQ2sWLJjE",
        "WUvhnEkri31xKYSt1EjU-xLcjqnDtBBSIwnbjFU56kSbsWDn30w1bUAq3WWwkes2QTAaumaKBQqoSj9yBCwymhOH0P\
        vtIa_HqUuPgYjYxDt9s3bRH4KsTMD0sU2xPy9Y3Ie5Zq7NzcIXvd8XCPrDeWbwz4wLooskFROnVB9NsVA",
    );

    #[test]
    fn rsa_keys_have_at_least_2048_bits() {
        let check = |(n, signature): (&str, &str), message: &[u8]| {
            let jwk = json!({ "kty": "RSA", "e": "AQAB", "n": n, "alg": "RS256", "use": "sig" });
            set(&[jwk])[0].verifies(message, &URL_SAFE_NO_PAD.decode(signature).unwrap())
        };
        assert!(check(RSA, b"message"));
        assert!(!check(RSA, b"massage"));
        assert!(!check(SHORT_RSA, b"message"));
        assert!(!check((RSA.0, SHORT_RSA.1), b"message"));
    }

    #[test]
    fn keys_of_no_use_are_left_out() {
        let with = |member: &str, value: Value| {
            let mut jwk = okp().1;
            jwk[member] = value;
            jwk
        };
        assert_eq!(set(&[with("use", json!("sig")), with("key_ops", json!(["verify"]))]).len(), 2);
        for useless in [
            with("use", json!("enc")),
            with("key_ops", json!(["encrypt"])),
            with("alg", json!("RS256")),
            with("alg", json!("none")),
            with("d", json!("c2VjcmV0")),
            with("crv", json!("X25519")),
            with("crv", json!("P-256")),
            with("x", json!("not base64!")),
            with("kty", json!("oct")),
            json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }),
            json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
            json!({ "kty": "RSA" }),
            json!("key"),
        ] {
            assert_eq!(set(std::slice::from_ref(&useless)), [], "{useless}");
        }
        assert!(read_set(b"[]").is_none() && read_set(b"{}").is_none() && read_set(b"<html>").is_none());
    }

    #[test]
    fn a_key_never_changes_its_algorithm() {
        // The point of another curve is not taken for one of ours, whatever the lengths.
        let mut key = set(&[okp().1]).remove(0);
        key.algorithm = TokenAlgorithm::Rs256;
        let signature = okp().0.sign(b"message");
        assert!(!key.verifies(b"message", signature.as_ref()));
        key.algorithm = TokenAlgorithm::Es256;
        assert!(!key.verifies(b"message", signature.as_ref()));
    }
}
