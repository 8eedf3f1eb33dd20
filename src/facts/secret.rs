//! A secret that prints nothing.

use std::fmt;

use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A password, key or token. It has no text form: whoever needs the bytes calls [`Secret::reveal`],
/// which is easy to search for and happens only where bytes leave for their owner.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// A shorter secret is found inside ordinary words, and masking those would only point at it.
const MASKED_BYTES_MIN: usize = 6;
/// What stands where a secret stood.
const MASK: &str = "[secret]";

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The bytes themselves. Never format, log or store the answer.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with every occurrence of the secret masked.
    pub fn masked_in(&self, text: String) -> String {
        if self.0.len() < MASKED_BYTES_MIN || !text.contains(self.reveal()) {
            return text;
        }
        text.replace(self.reveal(), MASK)
    }

    /// Equality in constant time (for equal lengths).
    pub fn same_as(&self, other: &str) -> bool {
        bool::from(self.0.as_bytes().ct_eq(other.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The usual message about a wrong type would repeat the value.
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self::new(text)),
            _ => Err(serde::de::Error::custom("a secret is a text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(secret.masked_in("a hunter2, hunter2".to_owned()), "a [secret], [secret]");
        assert_eq!(Secret::new("admin".to_owned()).masked_in("admin".to_owned()), "admin");
        assert_eq!(Secret::new(String::new()).masked_in("x".to_owned()), "x");
    }

    #[test]
    fn debug_prints_nothing_of_it() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "[secret] Some([secret])");
    }
}
