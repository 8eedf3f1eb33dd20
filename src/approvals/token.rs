//! What a client brings back with an answer, sealed: it can be neither read nor made nor moved to
//! another call, and it counts once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ApprovalError, entry::ApprovalId};
use crate::{
    facts::{GrantName, Secret, UserName},
    store::SealKey,
};

/// What the seal is for; a sealed text of another place does not open here.
pub const REQUEST_STATE: &[&str] = &["approval", "request state", "1"];
/// A longer text is none of ours.
const STATE_BYTES_MAX: usize = 4 * 1024;

/// How the question was put, which decides what an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Asked {
    /// The answer is the person's.
    Form,
    /// The answer says that the page was opened; what the person says, they say there.
    Page,
}

/// The content of a request state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub(super) id: ApprovalId,
    pub(super) asked: Asked,
    pub(super) digest: String,
    pub(super) user: UserName,
    pub(super) grant: GrantName,
    pub(super) expires_at: Timestamp,
    /// Burned by the store when an answer counts.
    pub(super) nonce: String,
}

impl Token {
    pub(super) fn seal(&self, key: &SealKey) -> Result<String, ApprovalError> {
        let text = serde_json::to_string(self).map_err(|_| ApprovalError::Encoding)?;
        Ok(key.seal(REQUEST_STATE, &Secret::new(text))?)
    }

    /// Whatever is not a token of ours is `None`, with no word on why.
    pub(super) fn open(key: &SealKey, state: &str) -> Option<Self> {
        if state.len() > STATE_BYTES_MAX {
            return None;
        }
        let text = key.open(REQUEST_STATE, state).ok()?;
        let token: Self = serde_json::from_str(text.reveal()).ok()?;
        ApprovalId::parse(token.id.as_str()).is_some_and(|id| id == token.id).then_some(token)
    }
}

/// Reads a text as a request state. For those who try to break the reader: true where it is one.
pub fn is_request_state(key: &SealKey, text: &str) -> bool {
    Token::open(key, text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: char) -> SealKey {
        SealKey::parse(&Secret::new(byte.to_string().repeat(64))).unwrap()
    }

    fn token() -> Token {
        Token {
            id: ApprovalId::random().unwrap(),
            asked: Asked::Form,
            digest: "d".repeat(64),
            user: UserName::local(),
            grant: GrantName::local(),
            expires_at: Timestamp::UNIX_EPOCH,
            nonce: "n".repeat(32),
        }
    }

    #[test]
    fn only_what_was_sealed_here_opens() {
        let ours = key('a');
        let token = token();
        let sealed = token.seal(&ours).unwrap();
        assert_eq!(Token::open(&ours, &sealed), Some(token.clone()));
        assert_ne!(token.seal(&ours).unwrap(), sealed, "no two sealed texts are the same");
        assert!(!sealed.contains("local") && !sealed.contains("dddd"));

        assert_eq!(Token::open(&key('b'), &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            if let Ok(changed) = String::from_utf8(changed) {
                assert_ne!(Token::open(&ours, &changed).map(|token| token.nonce), Some(String::new()));
                assert!(changed == sealed || Token::open(&ours, &changed).is_none(), "byte {at}");
            }
        }
        let elsewhere =
            ours.seal(&["approval"], &Secret::new(serde_json::to_string(&token).unwrap())).unwrap();
        let too_much = ours.seal(REQUEST_STATE, &Secret::new("{\"id\":\"0123456789\"}".to_owned())).unwrap();
        let long = "x".repeat(STATE_BYTES_MAX + 1);
        for other in ["", "x", "aes256gcm::", &elsewhere, &too_much, &long] {
            assert_eq!(Token::open(&ours, other), None, "{other}");
        }
    }

    #[test]
    fn an_id_that_is_none_does_not_come_through() {
        let ours = key('a');
        let mut value = serde_json::to_value(token()).unwrap();
        value["id"] = "../../etc/x".into();
        let sealed = ours.seal(REQUEST_STATE, &Secret::new(value.to_string())).unwrap();
        assert_eq!(Token::open(&ours, &sealed), None);
    }
}
