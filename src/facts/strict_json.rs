//! JSON that can only be read one way: an object with the same key twice is refused,
//! because two readers of it would not agree on what it says.

use std::{collections::HashSet, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// What makes a text unfit to act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictJsonError {
    #[error("the key `{key}` stands twice in the same object (at `{pointer}`)")]
    DuplicateKey { pointer: String, key: String },
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    #[error("not JSON: {0}")]
    Syntax(String),
}

/// Longest piece of a key that an error repeats.
const KEY_SHOWN_CHARS_MAX: usize = 60;

/// Checks the whole text and reports every duplicate key, or the one syntax error.
pub fn check_strict_json(text: &[u8], depth_max: usize) -> Result<(), Vec<StrictJsonError>> {
    let mut findings = Findings { depth_max, path: Vec::new(), errors: Vec::new() };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Walk(&mut findings).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if let Err(error) = read
        && !matches!(findings.errors.last(), Some(StrictJsonError::TooDeep(_)))
    {
        findings.errors.push(StrictJsonError::Syntax(error.to_string()));
    }
    if findings.errors.is_empty() { Ok(()) } else { Err(findings.errors) }
}

struct Findings {
    depth_max: usize,
    path: Vec<String>,
    errors: Vec<StrictJsonError>,
}

impl Findings {
    fn pointer(&self) -> String {
        self.path.iter().fold(String::new(), |mut pointer, step| {
            pointer.push('/');
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
            pointer
        })
    }

    fn enter<E: serde::de::Error>(&mut self, step: String) -> Result<(), E> {
        if self.path.len() >= self.depth_max {
            self.errors.push(StrictJsonError::TooDeep(self.depth_max));
            return Err(E::custom("too deep"));
        }
        self.path.push(step);
        Ok(())
    }
}

struct Walk<'a>(&'a mut Findings);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let findings = self.0;
        let mut index = 0_usize;
        findings.enter(String::new())?;
        loop {
            if let Some(step) = findings.path.last_mut() {
                *step = index.to_string();
            }
            if items.next_element_seed(Walk(&mut *findings))?.is_none() {
                break;
            }
            index += 1;
        }
        findings.path.pop();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let findings = self.0;
        let mut seen: HashSet<String> = HashSet::new();
        findings.enter(String::new())?;
        while let Some(key) = entries.next_key::<Key>()? {
            let key = key.0;
            if let Some(step) = findings.path.last_mut() {
                step.clone_from(&key);
            }
            if !seen.insert(key.clone()) {
                let pointer = findings.pointer();
                let key = key.chars().take(KEY_SHOWN_CHARS_MAX).collect();
                findings.errors.push(StrictJsonError::DuplicateKey { pointer, key });
            }
            entries.next_value_seed(Walk(&mut *findings))?;
        }
        findings.path.pop();
        Ok(())
    }
}

struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_keys_are_found_at_every_depth() {
        let errors = check_strict_json(br#"{"a":[1,{"b":1,"b":2}],"a":3}"#, 32).unwrap_err();
        assert_eq!(
            errors,
            [
                StrictJsonError::DuplicateKey { pointer: "/a/1/b".into(), key: "b".into() },
                StrictJsonError::DuplicateKey { pointer: "/a".into(), key: "a".into() },
            ]
        );
        assert!(check_strict_json(br#"{"a":{"b":1},"c":{"b":1}}"#, 32).is_ok());
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(check_strict_json(deep(32).as_bytes(), 32).is_ok());
        assert_eq!(check_strict_json(deep(33).as_bytes(), 32), Err(vec![StrictJsonError::TooDeep(32)]));
    }

    #[test]
    fn what_is_not_json_is_said_so() {
        for bad in ["", "{", "{\"a\":1,}", "// x\n{}", "\u{feff}{}", "{} {}", r#""\ud800""#, "1e999"] {
            let errors = check_strict_json(bad.as_bytes(), 32).unwrap_err();
            assert!(matches!(errors.as_slice(), [StrictJsonError::Syntax(_)]), "{bad:?} {errors:?}");
        }
    }
}
