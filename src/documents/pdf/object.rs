//! The values a PDF file is made of.

use std::{collections::BTreeMap, ops::Range};

/// A value. Streams are no values: they exist as indirect objects only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Object {
    Null,
    Boolean(bool),
    Integer(i64),
    /// In one spelling: digits, point, digits, maybe a minus. Arithmetic could change it.
    Real(Vec<u8>),
    Text(Vec<u8>),
    /// Without the slash, escapes resolved.
    Name(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Dictionary),
    /// By number alone: the newest object of a number is the only one there is.
    Reference(u32),
}

impl Object {
    pub(super) fn name(text: &str) -> Self {
        Self::Name(text.as_bytes().to_vec())
    }

    pub(super) fn integer(value: usize) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }

    pub(super) fn as_name(&self) -> Option<&[u8]> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }

    pub(super) fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    pub(super) fn as_array(&self) -> Option<&[Object]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub(super) fn as_dictionary(&self) -> Option<&Dictionary> {
        if let Self::Dictionary(dictionary) = self { Some(dictionary) } else { None }
    }

    /// The number as floating point, for measuring only.
    pub(super) fn as_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "positions on a page are small")]
            Self::Integer(value) => Some(*value as f64),
            Self::Real(text) => std::str::from_utf8(text).ok()?.parse().ok(),
            _ => None,
        }
    }
}

/// Keys in one order, each once; where a file has a key twice, the last one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dictionary(pub(super) BTreeMap<Vec<u8>, Object>);

impl Dictionary {
    pub(super) fn get(&self, key: &str) -> Option<&Object> {
        self.0.get(key.as_bytes())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| *value != Object::Null)
    }

    pub(super) fn set(&mut self, key: &str, value: Object) {
        self.0.insert(key.as_bytes().to_vec(), value);
    }

    pub(super) fn with(mut self, key: &str, value: Object) -> Self {
        self.set(key, value);
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &Object)> {
        self.0.iter().map(|(key, value)| (key.as_slice(), value))
    }
}

/// An object with a number of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Indirect {
    pub(super) value: Object,
    /// Where in the file its stream is, for a dictionary with one.
    pub(super) stream: Option<Range<usize>>,
}

impl Indirect {
    /// The dictionary of a stream.
    pub(super) fn stream_dictionary(&self) -> Option<&Dictionary> {
        self.stream.as_ref().and_then(|_| self.value.as_dictionary())
    }
}
