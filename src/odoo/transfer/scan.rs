//! One value, taken out of a JSON answer while it comes in: what is left is an answer like any other.
//!
//! The scanner follows texts and nothing else of JSON, which is enough to tell a member's name from the
//! same letters inside a text. That the rest is JSON, and what it says, is found by whoever reads it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// An answer without its value: one record, or an error with its traceback.
const REST_BYTES_MAX: usize = 1024 * 1024;
/// Longer texts are no names of members.
const NAME_BYTES_MAX: usize = 64;

/// Why an answer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanError {
    NoBase64,
    TwoValues,
    TooLarge,
}

/// Finds the text behind a member's name and decodes it.
#[derive(Debug)]
pub(super) struct Scanner {
    member: Vec<u8>,
    place: Place,
    /// The last text, if it may be a name.
    last_text: Vec<u8>,
    is_next_the_value: bool,
    found: bool,
    /// The answer with an empty text in place of the value.
    rest: Vec<u8>,
    /// Base64 that waits for a full piece.
    waiting: Vec<u8>,
    is_padded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Text { escaped: bool },
    Value { escaped: bool },
}

impl Scanner {
    pub(super) fn new(member: &str) -> Self {
        Self {
            member: member.as_bytes().to_vec(),
            place: Place::Outside,
            last_text: Vec::new(),
            is_next_the_value: false,
            found: false,
            rest: Vec::new(),
            waiting: Vec::new(),
            is_padded: false,
        }
    }

    /// Takes the next bytes of the answer and gives the bytes of the value that they complete.
    pub(super) fn feed(&mut self, mut input: &[u8]) -> Result<Vec<u8>, ScanError> {
        let mut decoded = Vec::new();
        while let Some((&byte, after)) = input.split_first() {
            if let Place::Value { escaped: false } = self.place {
                // The bulk of an answer: taken in one go up to what ends or escapes.
                let plain = input.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(input.len());
                if plain > 0 {
                    let (value, rest) = input.split_at(plain);
                    self.waiting.extend_from_slice(value);
                    self.decode(&mut decoded, false)?;
                    input = rest;
                    continue;
                }
            }
            self.step(byte, &mut decoded)?;
            input = after;
        }
        Ok(decoded)
    }

    /// The bytes of a text that is the value and nothing else.
    pub(super) fn decode_text(mut self, text: &[u8]) -> Result<Vec<u8>, ScanError> {
        self.place = Place::Value { escaped: false };
        let mut decoded = self.feed(text)?;
        self.decode(&mut decoded, true)?;
        Ok(decoded)
    }

    /// The answer without its value, and whether there was one.
    pub(super) fn into_rest(self) -> (Vec<u8>, bool) {
        (self.rest, self.found)
    }

    fn step(&mut self, byte: u8, decoded: &mut Vec<u8>) -> Result<(), ScanError> {
        match (self.place, byte) {
            (Place::Value { escaped: false }, b'"') => {
                self.decode(decoded, true)?;
                self.place = Place::Outside;
                return self.keep(byte);
            }
            (Place::Value { escaped: false }, b'\\') => self.place = Place::Value { escaped: true },
            // Some writers escape the slash, and some break the lines of base64.
            (Place::Value { .. }, other) => {
                match other {
                    b'/' => self.waiting.push(b'/'),
                    b'n' | b'r' => {}
                    _ => return Err(ScanError::NoBase64),
                }
                self.place = Place::Value { escaped: false };
            }
            (Place::Outside, b'"') if self.is_next_the_value => {
                if self.found {
                    return Err(ScanError::TwoValues);
                }
                self.found = true;
                self.is_next_the_value = false;
                self.place = Place::Value { escaped: false };
                return self.keep(byte);
            }
            (Place::Outside, b'"') => {
                self.last_text.clear();
                self.place = Place::Text { escaped: false };
                return self.keep(byte);
            }
            (Place::Outside, _) => {
                match byte {
                    b':' => self.is_next_the_value = self.last_text == self.member,
                    b' ' | b'\n' | b'\r' | b'\t' => {}
                    _ => self.is_next_the_value = false,
                }
                return self.keep(byte);
            }
            (Place::Text { escaped: false }, b'"') => {
                self.place = Place::Outside;
                return self.keep(byte);
            }
            (Place::Text { escaped }, _) => {
                self.place = Place::Text { escaped: !escaped && byte == b'\\' };
                if self.last_text.len() <= NAME_BYTES_MAX {
                    self.last_text.push(byte);
                }
                return self.keep(byte);
            }
        }
        Ok(())
    }

    fn keep(&mut self, byte: u8) -> Result<(), ScanError> {
        if self.rest.len() >= REST_BYTES_MAX {
            return Err(ScanError::TooLarge);
        }
        self.rest.push(byte);
        Ok(())
    }

    /// Decodes what waits: full pieces of it, or at the end all of it.
    fn decode(&mut self, decoded: &mut Vec<u8>, is_end: bool) -> Result<(), ScanError> {
        let whole = if is_end { self.waiting.len() } else { self.waiting.len() / 4 * 4 };
        if whole == 0 {
            return Ok(());
        }
        if self.is_padded {
            return Err(ScanError::NoBase64);
        }
        let piece = self.waiting.get(..whole).unwrap_or_default();
        STANDARD.decode_vec(piece, decoded).map_err(|_| ScanError::NoBase64)?;
        self.is_padded = piece.ends_with(b"=");
        self.waiting.drain(..whole);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(answer: &str, piece: usize) -> Result<(Vec<u8>, String, bool), ScanError> {
        let mut scanner = Scanner::new("datas");
        let mut value = Vec::new();
        for bytes in answer.as_bytes().chunks(piece) {
            value.extend(scanner.feed(bytes)?);
        }
        let (rest, found) = scanner.into_rest();
        Ok((value, String::from_utf8(rest).unwrap(), found))
    }

    #[track_caller]
    fn check(answer: &str, value: &[u8], rest: &str, found: bool) {
        for piece in [1, 2, 3, 5, 7, 1000] {
            let scanned = scan(answer, piece).unwrap();
            assert_eq!(scanned, (value.to_vec(), rest.to_owned(), found), "{answer} in pieces of {piece}");
        }
    }

    #[test]
    fn the_value_is_taken_out_and_the_rest_stays() {
        check(r#"[{"id": 1, "datas": "aGVsbG8="}]"#, b"hello", r#"[{"id": 1, "datas": ""}]"#, true);
        check(r#"[{"datas":"aGVs\nbG8h","id":1}]"#, b"hello!", r#"[{"datas":"","id":1}]"#, true);
        check(r#"{"result":[{"datas" : "\/\/8="}]}"#, b"\xff\xff", r#"{"result":[{"datas" : ""}]}"#, true);
        check(r#"[{"datas": ""}]"#, b"", r#"[{"datas": ""}]"#, true);
    }

    #[test]
    fn what_only_looks_like_the_value_stays() {
        for answer in [
            r#"[{"id": 1, "datas": false}]"#,
            r#"{"error": {"message": "\"datas\": \"aGVsbG8=\""}}"#,
            r#"{"error": "datas", "more": "aGVsbG8="}"#,
            r#"{"a\"datas": "x", "xdatas": "y", "datas": [ "z" ]}"#,
            r#"["datas", "aGVsbG8="]"#,
            "<html>no JSON at all",
            "",
        ] {
            check(answer, b"", answer, false);
        }
    }

    #[test]
    fn an_answer_that_cannot_be_is_refused() {
        for (answer, why) in [
            (r#"{"datas": "a!bc"}"#, ScanError::NoBase64),
            (r#"{"datas": "aGVsbG8"}"#, ScanError::NoBase64),
            (r#"{"datas": "aA==aA=="}"#, ScanError::NoBase64),
            (r#"{"datas": "\u0041AAA"}"#, ScanError::NoBase64),
            (r#"{"datas": "QUJD", "x": {"datas": "QUJD"}}"#, ScanError::TwoValues),
        ] {
            for piece in [1, 4, 1000] {
                assert_eq!(scan(answer, piece).unwrap_err(), why, "{answer} in pieces of {piece}");
            }
        }
        assert_eq!(
            scan(&format!("{{\"x\": \"{}\"}}", "y".repeat(REST_BYTES_MAX)), 9999).unwrap_err(),
            ScanError::TooLarge
        );
    }
}
