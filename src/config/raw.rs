//! A value before it has a type: from the file it is TOML, from a variable it is text.

use std::{ops::RangeInclusive, path::PathBuf};

use crate::facts::{Secret, SecretSource};

/// One value of one layer.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    Toml(&'a toml::Value),
    Text(&'a str),
}

/// Longest piece of a wrong value that a message repeats.
const VALUE_SHOWN_CHARS_MAX: usize = 60;

impl Raw<'_> {
    pub(super) fn text(self) -> Result<String, String> {
        match self {
            Self::Toml(toml::Value::String(text)) => Ok(text.clone()),
            Self::Text(text) => Ok(text.to_owned()),
            Self::Toml(other) => Err(format!("a text was expected, not {}", other.type_str())),
        }
    }

    pub(super) fn path(self) -> Result<PathBuf, String> {
        let text = self.text()?;
        if text.is_empty() {
            Err("a path was expected, not an empty text".to_owned())
        } else {
            Ok(text.into())
        }
    }

    pub(super) fn yes_or_no(self) -> Result<bool, String> {
        match self {
            Self::Toml(toml::Value::Boolean(value)) => Ok(*value),
            Self::Text("true" | "1" | "yes" | "on") => Ok(true),
            Self::Text("false" | "0" | "no" | "off") => Ok(false),
            Self::Text(other) => Err(format!("`{}` is neither true nor false", shown(other))),
            Self::Toml(other) => Err(format!("true or false was expected, not {}", other.type_str())),
        }
    }

    pub(super) fn whole(self, range: RangeInclusive<u64>) -> Result<u64, String> {
        let number = match self {
            Self::Toml(toml::Value::Integer(number)) => u64::try_from(*number).ok(),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Toml(_) => None,
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("a whole number from {} to {} was expected", range.start(), range.end()))
    }

    pub(super) fn whole_size(self, range: RangeInclusive<u64>) -> Result<usize, String> {
        usize::try_from(self.whole(range)?).map_err(|_| "too large for this machine".to_owned())
    }

    /// A part of a whole, from 0 to 1.
    pub(super) fn share(self) -> Result<f64, String> {
        let number = match self {
            Self::Toml(toml::Value::Float(number)) => Some(*number),
            Self::Toml(toml::Value::Integer(0)) => Some(0.0),
            Self::Toml(toml::Value::Integer(1)) => Some(1.0),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Toml(_) => None,
        };
        let number = number.filter(|number| (0.0..=1.0).contains(number));
        number.ok_or_else(|| "a number from 0 to 1 was expected".to_owned())
    }

    /// A list of texts; in a variable the items stand between commas.
    pub(super) fn list(self) -> Result<Vec<String>, String> {
        match self {
            Self::Text(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()),
            Self::Toml(toml::Value::Array(items)) => {
                items.iter().map(|item| Raw::Toml(item).text()).collect()
            }
            Self::Toml(other) => Err(format!("a list of texts was expected, not {}", other.type_str())),
        }
    }

    /// A secret, in the clear or by reference. The messages never repeat a value.
    pub(super) fn secret(self) -> Result<SecretSource, String> {
        const FORMS: &str =
            "write { env = \"NAME\" }, { file = \"PATH\" }, { command = [\"…\"] } or the secret itself";
        let table = match self {
            Self::Text("") => return Err(format!("the secret is empty; {FORMS}")),
            Self::Toml(toml::Value::String(text)) if text.is_empty() => {
                return Err(format!("the secret is empty; {FORMS}"));
            }
            Self::Text(text) => return Ok(SecretSource::Inline(Secret::new(text.to_owned()))),
            Self::Toml(toml::Value::String(text)) => {
                return Ok(SecretSource::Inline(Secret::new(text.clone())));
            }
            Self::Toml(toml::Value::Table(table)) => table,
            Self::Toml(_) => return Err(format!("this is no secret; {FORMS}")),
        };
        let mut entries = table.iter();
        let (Some((kind, value)), None) = (entries.next(), entries.next()) else {
            return Err(format!("exactly one reference was expected; {FORMS}"));
        };
        match kind.as_str() {
            "env" => non_empty(Raw::Toml(value).text()?).map(SecretSource::Env),
            "file" => Raw::Toml(value).path().map(SecretSource::File),
            "command" => match Raw::Toml(value).list()? {
                words if words.first().is_none_or(String::is_empty) => {
                    Err("the command is empty; write the program and its arguments as a list".to_owned())
                }
                words => Ok(SecretSource::Command(words)),
            },
            _ => Err(format!("unknown kind of reference; {FORMS}")),
        }
    }
}

fn non_empty(text: String) -> Result<String, String> {
    if text.is_empty() { Err("a name was expected, not an empty text".to_owned()) } else { Ok(text) }
}

/// A wrong value as a message may repeat it.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(VALUE_SHOWN_CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
