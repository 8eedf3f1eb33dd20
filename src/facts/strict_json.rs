//! JSON that can only be read one way: an object with the same key twice is refused, and so is a
//! number that cannot be held exactly as it is written, because two readers of it would not agree on
//! what it says.

use std::{collections::HashSet, fmt};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Decimal;

/// What makes a text unfit to act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictJsonError {
    #[error("the key `{key}` stands twice in the same object (at `{pointer}`)")]
    DuplicateKey { pointer: String, key: String },
    #[error("the number `{text}` cannot be held exactly (at `{pointer}`)")]
    Number { pointer: String, text: String },
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    #[error("not JSON: {0}")]
    Syntax(String),
}

/// Longest piece of a key or a number that an error repeats.
const KEY_SHOWN_CHARS_MAX: usize = 60;
/// So many digits fit any reader's whole numbers.
const SURELY_EXACT_DIGITS: usize = 15;

/// Checks the whole text and reports every duplicate key and every inexact number, or the one syntax
/// error.
pub fn check_strict_json(text: &[u8], depth_max: usize) -> Result<(), Vec<StrictJsonError>> {
    let inexact = inexact_numbers(text);
    let mut findings = Findings { depth_max, path: Vec::new(), errors: Vec::new(), numbers: 0, inexact };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = Walk(&mut findings).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if let Err(error) = read
        && !matches!(findings.errors.last(), Some(StrictJsonError::TooDeep(_)))
    {
        // A number beyond every float stops the reader right there.
        let beyond = error.is_syntax() && error.to_string().starts_with("number out of range");
        if !beyond || !findings.number() {
            findings.errors.push(StrictJsonError::Syntax(error.to_string()));
        }
    }
    if findings.errors.is_empty() { Ok(()) } else { Err(findings.errors) }
}

struct Findings {
    depth_max: usize,
    path: Vec<String>,
    errors: Vec<StrictJsonError>,
    /// Numbers read so far.
    numbers: usize,
    /// Which of them cannot be held, as they are written; in order.
    inexact: Vec<(usize, String)>,
}

impl Findings {
    /// Counts one number; true if it is one of the inexact ones.
    fn number(&mut self) -> bool {
        let number = self.numbers;
        self.numbers += 1;
        let Ok(at) = self.inexact.binary_search_by_key(&number, |(number, _)| *number) else { return false };
        let text = self.inexact.get(at).map(|(_, text)| text.clone()).unwrap_or_default();
        let pointer = self.pointer();
        self.errors.push(StrictJsonError::Number { pointer, text });
        true
    }

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

/// The numbers of a text that cannot be held exactly: which ones, and how they are written. Only means
/// something where the text is JSON.
fn inexact_numbers(text: &[u8]) -> Vec<(usize, String)> {
    let (mut found, mut count, mut rest) = (Vec::new(), 0_usize, text);
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b'"' => after_string(after),
            b'-' | b'0'..=b'9' => {
                let length = rest.iter().take_while(|byte| is_of_number(**byte)).count();
                let (number, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                if !is_exact(number) {
                    let text = String::from_utf8_lossy(number);
                    found.push((count, text.chars().take(KEY_SHOWN_CHARS_MAX).collect()));
                }
                count += 1;
                after
            }
            _ => after,
        };
    }
    found
}

fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'"' => return after,
            b'\\' => rest = after.split_first().map_or(after, |(_, after)| after),
            _ => rest = after,
        }
    }
    rest
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn is_exact(number: &[u8]) -> bool {
    if number.len() <= SURELY_EXACT_DIGITS && number.iter().all(u8::is_ascii_digit) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(number) else { return false };
    // What is no number at all is for the reader to say.
    let Ok(read) = serde_json::from_str::<serde_json::Number>(text) else {
        return Decimal::parse(text) == Err(super::DecimalError::NotANumber);
    };
    matches!((Decimal::parse(text), Decimal::of_json(&read)), (Ok(written), Ok(held)) if written == held)
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
        self.0.number();
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.0.number();
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.0.number();
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
    fn numbers_that_cannot_be_held_as_written_are_refused_where_they_stand() {
        for exact in [
            "0",
            "-0",
            "-1.50",
            "1e3",
            "0.1",
            "18446744073709551615",
            "-9223372036854775808",
            "0.30000000000000004",
            r#"["1e999 18446744073709551616 \" 1e300", 7]"#,
        ] {
            assert_eq!(check_strict_json(exact.as_bytes(), 32), Ok(()), "{exact}");
        }
        for inexact in [
            "1e300",
            "18446744073709551616",
            "1e999",
            "-1e400",
            "0.1000000000000000055",
            "1e-50",
            "9007199254740993.0",
        ] {
            let text = format!(r#"{{"a":[1, "2", {{"b~/":{inexact}}}], "c":0}}"#);
            let expected = StrictJsonError::Number { pointer: "/a/2/b~0~1".into(), text: inexact.into() };
            assert_eq!(check_strict_json(text.as_bytes(), 32), Err(vec![expected]), "{inexact}");
        }
        let twice = check_strict_json(br#"[1e300, 1, 1e301, {"a":1,"a":2}]"#, 32).unwrap_err();
        assert_eq!(twice.len(), 3, "{twice:?}");
    }

    #[test]
    fn what_is_not_json_is_said_so() {
        for bad in
            ["", "{", "{\"a\":1,}", "// x\n{}", "\u{feff}{}", "{} {}", r#""\ud800""#, "01", "1.", "+1", "--1"]
        {
            let errors = check_strict_json(bad.as_bytes(), 32).unwrap_err();
            assert!(matches!(errors.as_slice(), [StrictJsonError::Syntax(_)]), "{bad:?} {errors:?}");
        }
    }
}
