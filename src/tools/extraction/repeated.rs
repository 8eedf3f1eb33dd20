//! A request that is sent again under its id is the same request, or a mistake.
//!
//! The answer itself is kept by the content of the document, so a repetition pays nothing; this only
//! sees that one id does not stand for two documents.

use std::{
    collections::{HashMap, VecDeque},
    sync::{LazyLock, Mutex, PoisonError},
};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{tools::ToolError, usage::Tenant};

/// Ids that are remembered; older ones are forgotten first.
const REMEMBERED_MAX: usize = 10_000;
/// Longest id.
const ID_CHARS_MAX: usize = 100;

static SEEN: LazyLock<Mutex<Seen>> = LazyLock::new(Mutex::default);

/// An id of the caller's choice.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(super) struct RequestId(String);

impl TryFrom<String> for RequestId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_id =
            (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_id {
            Ok(Self(text))
        } else {
            Err(format!("up to {ID_CHARS_MAX} visible characters were expected"))
        }
    }
}

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The first document of an id stays its document.
    pub(super) fn must_mean(&self, tenant: &Tenant, grant: &str, content: &str) -> Result<(), ToolError> {
        let key = [&tenant.server, &tenant.database, grant, &self.0].join("\n");
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_free_or(&key, content) {
            return Ok(());
        }
        Err(ToolError::Stopped {
            code: "request_id_reused",
            message: "this `request_id` was used for another document or another question".to_owned(),
            hint: Some("take a new `request_id` for each document".to_owned()),
        })
    }
}

#[derive(Debug, Default)]
struct Seen {
    contents: HashMap<String, String>,
    order: VecDeque<String>,
}

impl Seen {
    fn is_free_or(&mut self, key: &str, content: &str) -> bool {
        if let Some(known) = self.contents.get(key) {
            return known == content;
        }
        while self.order.len() >= REMEMBERED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.contents.remove(&oldest);
            }
        }
        self.contents.insert(key.to_owned(), content.to_owned());
        self.order.push_back(key.to_owned());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_for_one_document() {
        let mut seen = Seen::default();
        assert!(seen.is_free_or("a", "one") && seen.is_free_or("a", "one"));
        assert!(!seen.is_free_or("a", "two"));
        for number in 0..REMEMBERED_MAX {
            assert!(seen.is_free_or(&number.to_string(), "one"));
        }
        assert_eq!(seen.contents.len(), REMEMBERED_MAX);
        assert!(seen.is_free_or("a", "two"), "the oldest is forgotten");
    }

    #[test]
    fn ids_are_short_and_visible() {
        for text in ["", "a b", "é", &"x".repeat(101)] {
            assert!(RequestId::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert!(RequestId::try_from("2026-11/ab_c:1".to_owned()).is_ok());
    }
}
