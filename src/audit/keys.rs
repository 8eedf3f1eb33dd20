//! The keys of a log: one signs checkpoints, one makes digests that cannot be guessed.
//!
//! They are made with the first line and sealed like every secret of the state directory; the public
//! half stands beside them in the open.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::line::{Hash, canonical, hex_of};
use crate::{
    facts::{JsonObject, Secret, from_hex, hex},
    store::{KeyError, SealError, SealKeys, StateDir, StoreError, parse_document, write_document},
};

const KEYS_VERSION: u64 = 1;
const SIGNING_PLACE: &str = "signing";
const DIGEST_PLACE: &str = "digest";
/// Bytes of the key for digests.
const DIGEST_KEY_BYTES: usize = 32;

pub(super) struct Keys {
    signing: Ed25519KeyPair,
    digest: hmac::Key,
    public: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.public)
    }
}

/// Why the log has no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Seal(#[from] KeyError),
    #[error("the keys of the audit log cannot be used: {0}")]
    Unusable(String),
}

/// The keys as they are kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    public: String,
    signing: String,
    digest: String,
}

impl Keys {
    /// Reads the keys, or makes them if there are none. Keys sealed with a sealing key that is gone are
    /// replaced: the log says so by another public key.
    pub(super) fn load_or_make(dir: &StateDir, name: &str, seal: &SealKeys) -> Result<Self, KeysError> {
        if let Some(keys) = Self::load(dir, name, seal)? {
            return Ok(keys);
        }
        let file = dir.lock(name)?;
        if let Some(keys) = Self::load(dir, name, seal)? {
            return Ok(keys);
        }
        let unusable = |why: &str| KeysError::Unusable(why.to_owned());
        let random = SystemRandom::new();
        let signing = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| unusable("no random numbers"))?;
        let mut digest = Zeroizing::new([0_u8; DIGEST_KEY_BYTES]);
        random.fill(digest.as_mut_slice()).map_err(|_| unusable("no random numbers"))?;
        let keys = Self::of(signing.as_ref(), digest.as_slice())?;
        let key = seal.for_sealing()?;
        let sealed = |place: &str, bytes: &[u8]| {
            key.seal(&[name, place], &Secret::new(BASE64_STANDARD.encode(bytes)))
                .map_err(|error| KeysError::Unusable(error.to_string()))
        };
        let kept = Kept {
            public: keys.public.clone(),
            signing: sealed(SIGNING_PLACE, signing.as_ref())?,
            digest: sealed(DIGEST_PLACE, digest.as_slice())?,
        };
        let bytes = write_document(&kept, KEYS_VERSION).map_err(|error| unusable(&error.to_string()))?;
        file.replace(&bytes)?;
        Ok(keys)
    }

    fn load(dir: &StateDir, name: &str, seal: &SealKeys) -> Result<Option<Self>, KeysError> {
        let Some(bytes) = dir.read(name)? else { return Ok(None) };
        let kept: Kept =
            parse_document(&bytes, KEYS_VERSION).map_err(|error| KeysError::Unusable(error.to_string()))?;
        let key = match seal.for_opening() {
            Ok(key) => key,
            Err(KeyError::NoFile) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let open = |place: &str, text: &str| match key.open(&[name, place], text) {
            Ok(secret) => BASE64_STANDARD
                .decode(secret.reveal())
                .map(|bytes| Some(Zeroizing::new(bytes)))
                .map_err(|_| KeysError::Unusable("they are damaged".to_owned())),
            Err(SealError::OtherKey) => Ok(None),
            Err(error) => Err(KeysError::Unusable(error.to_string())),
        };
        let (Some(signing), Some(digest)) =
            (open(SIGNING_PLACE, &kept.signing)?, open(DIGEST_PLACE, &kept.digest)?)
        else {
            tracing::warn!("the keys of the audit log were sealed with another key; it gets new ones");
            return Ok(None);
        };
        Self::of(&signing, &digest).map(Some)
    }

    fn of(signing: &[u8], digest: &[u8]) -> Result<Self, KeysError> {
        let signing = Ed25519KeyPair::from_pkcs8(signing)
            .map_err(|_| KeysError::Unusable("they are damaged".to_owned()))?;
        let public = hex(signing.public_key().as_ref());
        Ok(Self { signing, digest: hmac::Key::new(hmac::HMAC_SHA256, digest), public })
    }

    /// The public key, as hexadecimal text.
    pub(super) fn public(&self) -> &str {
        &self.public
    }

    pub(super) fn sign(&self, text: &str) -> String {
        hex(self.signing.sign(text.as_bytes()).as_ref())
    }

    /// A digest of arguments that only the owner of the key can compare with a guess.
    pub(super) fn digest(&self, arguments: &JsonObject) -> Hash {
        let mut bytes = Vec::with_capacity(512);
        canonical(&mut bytes, arguments);
        hex_of(hmac::sign(&self.digest, &bytes).as_ref())
    }
}

/// Was this text signed by the owner of that public key?
pub(super) fn is_signed_by(public: &str, text: &str, signature: &str) -> bool {
    let (Some(public), Some(signature)) = (from_hex(public), from_hex(signature)) else { return false };
    UnparsedPublicKey::new(&ED25519, public).verify(text.as_bytes(), &signature).is_ok()
}

/// The public key of a state directory without opening anything; `None` before the first line.
pub(super) fn public_key(dir: &StateDir, name: &str) -> Option<String> {
    let bytes = dir.read(name).ok()??;
    parse_document::<Kept>(&bytes, KEYS_VERSION).ok().map(|kept| kept.public)
}
