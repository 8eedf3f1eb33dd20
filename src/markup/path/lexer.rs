//! XPath cut into words.

use super::{PathError, syntax};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// `/`, `//`, `[`, `::`, `!=` and the like.
    Sign(&'static str),
    Name(String),
    Text(String),
    Number(f64),
}

/// Longer signs first.
const SIGNS: &[&str] =
    &["//", "::", "..", "!=", "<=", ">=", "/", "[", "]", "(", ")", "@", ",", "|", "=", "<", ">", "*", "."];

/// Every word with the character it begins at.
pub(super) fn words(path: &str) -> Result<Vec<(Word, usize)>, PathError> {
    let mut words = Vec::new();
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let place = path.chars().count() - rest.chars().count();
        if c.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        let (word, length) = word(path, rest, c, place)?;
        words.push((word, place));
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(words)
}

fn word(path: &str, rest: &str, c: char, place: usize) -> Result<(Word, usize), PathError> {
    if matches!(c, '"' | '\'') {
        let inner = rest.get(1..).unwrap_or_default();
        let Some(end) = inner.find(c) else { return Err(syntax(path, place, "the quote never ends")) };
        return Ok((Word::Text(inner.get(..end).unwrap_or_default().to_owned()), end + 2));
    }
    let decimal = c == '.' && rest.chars().nth(1).is_some_and(|next| next.is_ascii_digit());
    if c.is_ascii_digit() || decimal {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest.get(..end).and_then(|number| number.parse().ok());
        return Ok((Word::Number(number.ok_or_else(|| syntax(path, place, "that is no number"))?), end));
    }
    if c.is_alphabetic() || c == '_' {
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let mut end = rest.find(|c: char| !in_name(c)).unwrap_or(rest.len());
        // A prefix belongs to the name, an axis does not.
        let after = rest.get(end..).unwrap_or_default();
        if after.starts_with(':') && !after.starts_with("::") {
            let further = after.get(1..).unwrap_or_default();
            end += 1 + further.find(|c: char| !in_name(c)).unwrap_or(further.len());
        }
        return Ok((Word::Name(rest.get(..end).unwrap_or_default().to_owned()), end));
    }
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => Ok((Word::Sign(sign), sign.len())),
        None => Err(syntax(path, place, format!("`{c}` means nothing here"))),
    }
}
