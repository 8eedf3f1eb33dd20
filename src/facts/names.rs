//! Names that were checked at the door: inside the house there is a `ModelName`, not a string that might be one.

use std::{borrow::Cow, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// Why a text is not a name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not {kind}: {rule}")]
pub struct NameError {
    shown: String,
    kind: &'static str,
    rule: &'static str,
}

/// Longest piece of a refused name that an error repeats.
const NAME_SHOWN_CHARS_MAX: usize = 60;

impl NameError {
    fn new(text: &str, kind: &'static str, rule: &'static str) -> Self {
        let mut shown: String = text
            .chars()
            .take(NAME_SHOWN_CHARS_MAX)
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Self { shown, kind, rule }
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, NameError> {
                if $check(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(NameError::new(text, $kind, $rule))
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string" })
            }
        }
    };
}

name_type!(
    /// The short name of a connection to one Odoo database.
    ConnectionAlias, "a connection alias",
    "use 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit",
    is_alias
);
name_type!(
    /// Technical name of an Odoo model, such as `res.partner`.
    ModelName, "a model name",
    "use lower-case letters, digits, `_` and `.`, such as `res.partner`",
    is_model
);
name_type!(
    /// Name of a public method of an Odoo model.
    MethodName, "a public method name",
    "use letters, digits and `_`, not beginning with `_` or a digit",
    is_method
);
name_type!(
    /// Name of a field of an Odoo model.
    FieldName, "a field name",
    "use letters, digits and `_`, not beginning with a digit",
    is_field
);
name_type!(
    /// The person or account behind a call.
    UserName, "a user name",
    "use 1 to 256 bytes of visible characters",
    is_visible
);
name_type!(
    /// The set of rights a caller holds; the policy file knows callers by it.
    GrantName, "a grant name",
    "use 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit",
    is_alias
);

impl ConnectionAlias {
    /// The alias that a call means when it names none.
    pub fn default_alias() -> Self {
        Self(Arc::from("default"))
    }
}

impl ModelName {
    /// A model that this program knows by itself.
    ///
    /// INVARIANT: `name` is a literal in our source; a test over the catalogue decodes them all.
    pub fn known(name: &'static str) -> Self {
        debug_assert!(is_model(name), "{name} is no model name");
        Self(Arc::from(name))
    }
}

impl MethodName {
    /// A method that this program calls by itself.
    ///
    /// INVARIANT: `name` is a literal in our source; a test over the catalogue decodes them all.
    pub fn known(name: &'static str) -> Self {
        debug_assert!(is_method(name), "{name} is no method name");
        Self(Arc::from(name))
    }
}

impl FieldName {
    /// A field that this program knows by itself.
    ///
    /// INVARIANT: `name` is a literal in our source; a test over the catalogue decodes them all.
    pub fn known(name: &'static str) -> Self {
        debug_assert!(is_field(name), "{name} is no field name");
        Self(Arc::from(name))
    }
}

impl UserName {
    pub fn local() -> Self {
        Self(Arc::from("local"))
    }
}

impl GrantName {
    pub fn local() -> Self {
        Self(Arc::from("local"))
    }

    /// A grant that nobody gives to anybody.
    pub fn nobody() -> Self {
        Self(Arc::from("nobody"))
    }
}

/// Odoo builds PostgreSQL names from these; 63 is its limit, 128 leaves room for dotted ones.
const NAME_BYTES_MAX: usize = 128;
const ALIAS_BYTES_MAX: usize = 64;
/// A connection or a provider, a slash, and the name that somebody has there.
const USER_BYTES_MAX: usize = 256;

fn is_alias(text: &str) -> bool {
    text.len() <= ALIAS_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_model(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.'))
}

fn is_method(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_field(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.len() <= USER_BYTES_MAX && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_wild_are_refused() {
        for bad in ["", "..", ".", "a/b", "A B", "-x", "é", "a\0b"] {
            assert!(ConnectionAlias::parse(bad).is_err(), "{bad:?}");
            assert!(ModelName::parse(bad).is_err(), "{bad:?}");
            assert!(MethodName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(MethodName::parse("_write").is_err());
        assert!(ModelName::parse("res.partner").is_ok());
        assert!(MethodName::parse("action_confirm").is_ok());
    }

    #[test]
    fn a_refused_name_is_shown_shortened_and_without_control_characters() {
        let error = ModelName::parse(&format!("X\n{}", "y".repeat(500))).unwrap_err().to_string();
        assert!(error.len() < 250, "{error}");
        assert!(!error.contains('\n'));
    }
}
