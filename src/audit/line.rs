//! Lines of the log as bytes: numbered, linked to the line before, closed by their own hash.

use std::io::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::entry::Opening;
use crate::facts::{JsonObject, hex};

/// Longest line; a longer one is never written and never read.
pub(super) const LINE_BYTES_MAX: usize = 256 * 1024;
/// A body longer than this holds its effects and facts by count and digest only.
const BODY_BYTES_MAX: usize = 128 * 1024;
/// `,"hash":"…"}` at the end of every line.
const HASH_MEMBER_BYTES: usize = 75;

/// The hash of a line as text.
pub(super) type Hash = [u8; 64];

/// The `prev` of the first line.
pub(super) const GENESIS: Hash = [b'0'; 64];

/// Starts a line; its members follow, each with a comma before it.
pub(super) fn begin(line: &mut Vec<u8>, sequence: u64, previous: &Hash, event: &str) {
    line.clear();
    // Writing to a vector cannot fail.
    let _ = write!(line, "{{\"seq\":{sequence},\"prev\":\"");
    line.extend_from_slice(previous);
    let _ = write!(line, "\",\"event\":\"{event}\"");
}

/// Closes a line with its hash, which is over all of it but the hash.
pub(super) fn finish(line: &mut Vec<u8>) -> Hash {
    line.push(b'}');
    let hash = hash_of(line);
    line.pop();
    line.extend_from_slice(b",\"hash\":\"");
    line.extend_from_slice(&hash);
    line.extend_from_slice(b"\"}\n");
    hash
}

/// The hash that a whole line should have; `None` where it does not end as a line does.
pub(super) fn expected_hash(line: &[u8]) -> Option<Hash> {
    let at = line.len().checked_sub(HASH_MEMBER_BYTES)?;
    let (content, member) = line.split_at_checked(at)?;
    if !member.starts_with(b",\"hash\":\"") || !member.ends_with(b"\"}") {
        return None;
    }
    let mut hashed = ring::digest::Context::new(&ring::digest::SHA256);
    hashed.update(content);
    hashed.update(b"}");
    Some(hex_of(hashed.finish().as_ref()))
}

/// Does this look like a line of ours that was cut short? A crash leaves such lines.
pub(super) fn is_torn(line: &[u8]) -> bool {
    const START: &[u8] = b"{\"seq\":";
    line.starts_with(START) || START.starts_with(line)
}

pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    hex_of(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

pub(super) fn hex_of(digest: &[u8]) -> Hash {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = GENESIS;
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(digest) {
        let digit = |number: u8| DIGITS.get(usize::from(number)).copied().unwrap_or(b'0');
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    text
}

/// A hash as text that can be shown and compared.
pub(super) fn text_of(hash: &Hash) -> &str {
    std::str::from_utf8(hash).unwrap_or_default()
}

pub(super) fn hash_of_text(text: &str) -> Option<Hash> {
    text.as_bytes().try_into().ok()
}

/// The members of an object, each with a comma before it, for putting them into a line.
pub(super) fn members(out: &mut Vec<u8>, body: &impl Serialize) -> std::io::Result<()> {
    let start = out.len();
    serde_json::to_writer(&mut *out, body)?;
    let is_object = out.get(start) == Some(&b'{') && out.last() == Some(&b'}');
    if !is_object {
        return Err(std::io::Error::other("the body of a line has to be an object"));
    }
    out.pop();
    if out.len() == start + 1 {
        out.pop();
    } else if let Some(first) = out.get_mut(start) {
        *first = b',';
    }
    Ok(())
}

/// The members of an opening line. A call with thousands of effects is logged by their digest.
pub(super) fn opening(out: &mut Vec<u8>, opening: &Opening<'_>) -> std::io::Result<()> {
    let start = out.len();
    members(out, opening)?;
    if out.len() - start <= BODY_BYTES_MAX {
        return Ok(());
    }
    out.truncate(start);
    let mut body = serde_json::to_value(opening)?;
    for member in ["effects", "facts"] {
        if let Some(member) = body.get_mut(member) {
            shorten(member);
        }
    }
    members(out, &body)
}

/// Replaces what would not fit a line by what still proves it.
fn shorten(value: &mut Value) {
    let text = value.to_string();
    if text.len() > BODY_BYTES_MAX / 4 {
        let digest = hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref());
        let count = value.as_array().map_or(0, Vec::len);
        *value = serde_json::json!({ "count": count, "bytes": text.len(), "sha256": digest });
    }
}

/// JSON with the keys of every object in order: the same arguments give the same bytes.
pub(super) fn canonical(out: &mut Vec<u8>, object: &JsonObject) {
    let mut entries: smallvec::SmallVec<[(&String, &Value); 16]> = object.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    out.push(b'{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let _ = serde_json::to_writer(&mut *out, key);
        out.push(b':');
        canonical_value(out, value);
    }
    out.push(b'}');
}

fn canonical_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Object(object) => canonical(out, object),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                canonical_value(out, item);
            }
            out.push(b']');
        }
        scalar => {
            let _ = serde_json::to_writer(&mut *out, scalar);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_line_has_the_hash_of_its_text() {
        let mut line = Vec::new();
        begin(&mut line, 7, &GENESIS, "open");
        members(&mut line, &serde_json::json!({ "a": 1, "b": [2] })).unwrap();
        members(&mut line, &serde_json::json!({})).unwrap();
        let hash = finish(&mut line);
        let text = String::from_utf8(line).unwrap();
        assert!(text.contains("\"event\":\"open\",\"a\":1,\"b\":[2],\"hash\":"), "{text}");
        assert_eq!(expected_hash(text.trim_end().as_bytes()), Some(hash));
        let Value::Object(mut parsed) = serde_json::from_str::<Value>(&text).unwrap() else { panic!() };
        parsed.remove("hash");
        assert_eq!(hash_of(Value::Object(parsed).to_string().as_bytes()), hash);
        for bad in ["", "{}", "{\"hash\":\"0\"}", "x"] {
            assert_eq!(expected_hash(bad.as_bytes()), None);
        }
        assert!(members(&mut Vec::new(), &[1]).is_err());
    }

    #[test]
    fn the_order_of_keys_changes_nothing() {
        let text = |source: &str| {
            let mut out = Vec::new();
            canonical(&mut out, &serde_json::from_str(source).unwrap());
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(r#"{"b":[{"d":1,"c":null}],"a":"x"}"#), r#"{"a":"x","b":[{"c":null,"d":1}]}"#);
        assert_ne!(text(r#"{"a":"1"}"#), text(r#"{"a":1}"#));
    }
}
