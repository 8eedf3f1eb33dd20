//! Values of the policy file, prepared for comparing: exact numbers, composed text, sorted sets.

use std::borrow::Cow;

use serde_json::Value;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::facts::Decimal;

/// A value of the file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::policy) enum Literal {
    Null,
    Flag(bool),
    Number(Decimal),
    Text(Box<str>),
    List(Box<[Literal]>),
    Object(Box<[(Box<str>, Literal)]>),
}

impl Literal {
    /// Nothing where a number cannot be held exactly.
    pub(in crate::policy) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Flag(*flag),
            Value::Number(number) => Self::Number(Decimal::of_json(number).ok()?),
            Value::String(text) => Self::Text(composed(text).into()),
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect::<Option<_>>()?),
            Value::Object(members) => {
                let member =
                    |(key, value): (&String, &Value)| Some((Box::from(&*composed(key)), Self::of(value)?));
                Self::Object(members.iter().map(member).collect::<Option<_>>()?)
            }
        })
    }
}

/// Text with its characters composed, so that the same letters are the same code points.
pub(in crate::policy) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// A list of the file as a set.
#[derive(Debug, Clone, Default)]
pub(in crate::policy) struct Set {
    /// Sorted.
    pub(in crate::policy) texts: Box<[Box<str>]>,
    /// Sorted.
    pub(in crate::policy) numbers: Box<[Decimal]>,
    pub(in crate::policy) others: Box<[Literal]>,
}

impl Set {
    /// Nothing where it is no list, or a number cannot be held exactly.
    pub(in crate::policy) fn of(value: &Value) -> Option<Self> {
        let (mut texts, mut numbers, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for item in value.as_array()? {
            match Literal::of(item)? {
                Literal::Text(text) => texts.push(text),
                Literal::Number(number) => numbers.push(number),
                other => others.push(other),
            }
        }
        texts.sort_unstable();
        numbers.sort_unstable();
        Some(Self { texts: texts.into(), numbers: numbers.into(), others: others.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_letters_are_the_same_text() {
        assert_eq!(composed("cafe\u{301}"), "caf\u{e9}");
        assert!(matches!(composed("cafe"), Cow::Borrowed(_)));
        assert!(matches!(composed("caf\u{e9}"), Cow::Borrowed(_)));
        assert_ne!(composed("cafe\u{301}"), "cafe");
    }

    #[test]
    fn what_is_not_exact_is_no_literal() {
        assert_eq!(Literal::of(&serde_json::json!([1, [1e300]])), None);
        assert!(Set::of(&serde_json::json!("x")).is_none());
        assert!(Set::of(&serde_json::json!([1e300])).is_none());
        assert!(Set::of(&serde_json::json!([1, "a", null])).is_some());
    }
}
