//! The Odoo context of a call: language, time zone, companies, and what else the caller sends.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::facts::JsonObject;

/// Most keys of a context; the web client sends about a dozen.
const KEYS_MAX: usize = 64;
/// Longest key.
const KEY_BYTES_MAX: usize = 128;
/// Largest context as JSON: Odoo carries it through every field of every record.
const BYTES_MAX: usize = 32 * 1024;

const LANG: &str = "lang";
const TZ: &str = "tz";
const COMPANIES: &str = "allowed_company_ids";
const ACTIVE_TEST: &str = "active_test";

/// A context, checked when it is read from a caller. Odoo takes it with every call.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Context(pub JsonObject);

/// Why a context cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the context cannot be used: {why}")]
pub struct ContextError {
    why: String,
}

impl Context {
    /// Checks the keys and the values that Odoo reads itself.
    pub fn new(entries: JsonObject) -> Result<Self, ContextError> {
        let refuse = |why: String| Err(ContextError { why });
        if entries.len() > KEYS_MAX {
            return refuse(format!("it has more than {KEYS_MAX} keys"));
        }
        for (key, value) in &entries {
            if !is_key(key) {
                return refuse("keys are letters, digits and `_`, not beginning with a digit".to_owned());
            }
            if let Some(why) = unfit(key, value) {
                return refuse(why);
            }
        }
        if serde_json::to_vec(&entries).map_or(usize::MAX, |bytes| bytes.len()) > BYTES_MAX {
            return refuse(format!("it is larger than {BYTES_MAX} bytes"));
        }
        Ok(Self(entries))
    }

    pub fn as_object(&self) -> &JsonObject {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn lang(&self) -> Option<&str> {
        self.0.get(LANG)?.as_str()
    }

    /// Texts in this language, such as `fr_FR`.
    pub fn with_lang(mut self, lang: &str) -> Result<Self, ContextError> {
        self.0.insert(LANG.to_owned(), json!(lang));
        Self::new(self.0)
    }

    /// Works in this company; companies that the context already allows stay allowed.
    pub fn with_company(mut self, company: i64) -> Result<Self, ContextError> {
        let allowed = self.0.get(COMPANIES).and_then(Value::as_array).cloned().unwrap_or_default();
        let others = allowed.into_iter().filter(|id| id.as_i64() != Some(company));
        let companies = std::iter::once(json!(company)).chain(others).collect();
        self.0.insert(COMPANIES.to_owned(), Value::Array(companies));
        Self::new(self.0)
    }

    /// `false` finds archived records too.
    #[must_use]
    pub fn with_active_test(mut self, active_test: bool) -> Self {
        self.0.insert(ACTIVE_TEST.to_owned(), json!(active_test));
        self
    }
}

/// Context keys become names in Python and, as `default_…`, names of fields.
fn is_key(key: &str) -> bool {
    key.len() <= KEY_BYTES_MAX
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn unfit(key: &str, value: &Value) -> Option<String> {
    let fits = match key {
        LANG => value.as_str().is_some_and(is_lang) || is_nothing(value),
        TZ => value.as_str().is_some_and(is_time_zone) || is_nothing(value),
        COMPANIES => value.as_array().is_some_and(|ids| ids.iter().all(is_id)),
        ACTIVE_TEST => value.is_boolean(),
        _ => true,
    };
    let expected = match key {
        LANG => "a language code such as `fr_FR`",
        TZ => "a time zone such as `Europe/Brussels`",
        COMPANIES => "a list of company ids such as `[1, 2]`",
        _ => "true or false",
    };
    (!fits).then(|| format!("`{key}` is {expected}"))
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
}

fn is_id(value: &Value) -> bool {
    value.as_i64().is_some_and(|id| id > 0)
}

/// `fr`, `fr_FR`, `sr@latin`, `sr_RS@latin`, `es_419`.
fn is_lang(text: &str) -> bool {
    (2..=16).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@'))
}

fn is_time_zone(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'+' | b'-'))
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Option::<JsonObject>::deserialize(deserializer)?.unwrap_or_default();
        Self::new(entries).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Context {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Context".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    #[track_caller]
    fn check(context: Value, fits: bool) {
        let read = serde_json::from_value::<Context>(context.clone());
        assert_eq!(read.is_ok(), fits, "{context} {read:?}");
    }

    #[test]
    fn good_contexts_pass() {
        check(json!({}), true);
        check(json!({"lang": "fr_FR", "tz": "Europe/Brussels", "allowed_company_ids": [2, 1]}), true);
        check(json!({"default_partner_id": 3, "active_test": false, "lang": false}), true);
        check(json!({"lang": "sr@latin"}), true);
    }

    #[test]
    fn odd_contexts_are_refused() {
        check(json!({"a b": 1}), false);
        check(json!({"1a": 1}), false);
        check(json!({"lang": "../etc"}), false);
        check(json!({"lang": 7}), false);
        check(json!({"tz": "a b"}), false);
        check(json!({"allowed_company_ids": ["1"]}), false);
        check(json!({"allowed_company_ids": [-1]}), false);
        check(json!({"active_test": "no"}), false);
        check(json!({"big": "x".repeat(BYTES_MAX)}), false);
        check(json!([1]), false);
    }

    #[test]
    fn the_named_company_comes_first_and_the_others_stay() {
        let context: Context = serde_json::from_value(json!({"allowed_company_ids": [1, 2]})).unwrap();
        let context = context.with_company(2).unwrap();
        assert_eq!(context.as_object()["allowed_company_ids"], json!([2, 1]));
        assert!(Context::default().with_lang("français").is_err());
    }
}
