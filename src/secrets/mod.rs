//! Secrets by their shape, masked in every result and every error, whatever the policy file says, and
//! refused where a text is kept.
//!
//! What counts: tokens with the well-known beginnings of their makers, private keys, passwords inside
//! addresses, bearer tokens, and payment cards with an issuer's beginning and a valid check digit.
//! What does not, because it is ordinary data here: hexadecimal digests and UUIDs, the `access_token`
//! of a portal link (made to be passed on, for one document), IBANs, phone numbers, barcodes, and long
//! numbers that no card issuer uses. Field rights are for those.

mod cards;
mod tokens;

use std::ops::Range;

use serde_json::Value;

use crate::facts::JsonObject;

/// Stands where a secret stood.
const MASK: &str = "[secret]";
/// The shortest text that can hold one: an address with a user and a password of one letter each.
const SHORTEST_BYTES: usize = 9;
/// Smaller numbers have too few digits for a card.
const CARD_NUMBERS_FROM: u64 = 1_000_000_000_000;

/// A secret inside a text.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// The bytes to replace.
    at: Range<usize>,
    by: String,
}

impl Found {
    fn secret(at: Range<usize>) -> Self {
        Self { at, by: MASK.to_owned() }
    }
}

/// Masks every secret in a result, names of members included.
pub fn mask_all(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(masked) = masked(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_all),
        Value::Object(members) => mask_members(members),
        Value::Number(number) => {
            if number.as_u64().is_some_and(|number| number >= CARD_NUMBERS_FROM)
                && let Some(masked) = masked(&number.to_string())
            {
                *value = Value::String(masked);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn mask_members(members: &mut JsonObject) {
    members.values_mut().for_each(mask_all);
    if members.keys().any(|name| masked(name).is_some()) {
        let old = std::mem::take(members);
        members.extend(old.into_iter().map(|(name, value)| (masked(&name).unwrap_or(name), value)));
    }
}

/// Does the text hold one?
pub fn holds_secret(text: &str) -> bool {
    text.len() >= SHORTEST_BYTES && first_from(text, 0).is_some()
}

/// The text without secrets.
pub fn without_secrets(text: String) -> String {
    masked(&text).unwrap_or(text)
}

/// The text with its secrets masked; `None` where there are none, which is nearly always.
fn masked(text: &str) -> Option<String> {
    if text.len() < SHORTEST_BYTES {
        return None;
    }
    let mut next = first_from(text, 0)?;
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    loop {
        shown.push_str(text.get(done..next.at.start).unwrap_or_default());
        shown.push_str(&next.by);
        done = next.at.end;
        match first_from(text, done) {
            Some(following) => next = following,
            None => break,
        }
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    Some(shown)
}

/// The first secret that begins at or after a byte. One pass; of most bytes only the class is looked at.
fn first_from(text: &str, from: usize) -> Option<Found> {
    let bytes = text.as_bytes();
    let mut in_word = from.checked_sub(1).and_then(|at| bytes.get(at)).is_some_and(|byte| is_word(*byte));
    for (at, byte) in bytes.iter().copied().enumerate().skip(from) {
        let class = class_of(byte);
        let begins_word = !in_word;
        in_word = class & WORD != 0;
        if class & ANYWHERE == 0 && !(begins_word && class & FIRST_OF_WORD != 0) {
            continue;
        }
        let found = match byte {
            b':' => tokens::password_in_address(text, at),
            b'-' if bytes.get(at + 1) == Some(&b'-') => tokens::private_key(text, at),
            b'0'..=b'9' => cards::card(text, at).or_else(|| tokens::bot_token(text, at)),
            letter if tokens::may_begin(letter, bytes.get(at + 1)) => tokens::token(text, at),
            _ => None,
        };
        if found.as_ref().is_some_and(|found| found.at.end > from) {
            return found;
        }
    }
    None
}

/// Part of a word: what stands right beside such a byte belongs to it.
const WORD: u8 = 1;
/// A secret may begin with it where it is the first byte of a word.
const FIRST_OF_WORD: u8 = 2;
/// A secret may begin with it wherever it stands.
const ANYWHERE: u8 = 4;

/// What a byte is.
fn class_of(byte: u8) -> u8 {
    match byte {
        b':' | b'-' => ANYWHERE,
        b'0'..=b'9' | b'A' | b'B' | b'S' => WORD | FIRST_OF_WORD,
        b'b' | b'd' | b'e' | b'g' | b'h' | b'n' | b'p' | b'r' | b's' | b'w' | b'x' | b'y' => {
            WORD | FIRST_OF_WORD
        }
        b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.. => WORD,
        _ => 0,
    }
}

fn is_word(byte: u8) -> bool {
    class_of(byte) & WORD != 0
}

#[cfg(test)]
mod tests;
