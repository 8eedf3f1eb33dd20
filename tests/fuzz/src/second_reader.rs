//! A second, simple reader of JSON text that is known to be valid: what stands there, literally.
//!
//! It shares nothing with the product's reader, so that the two can disagree.

/// What one walk over the text found.
#[derive(Debug, Default)]
pub struct Seen {
    /// Numbers as they are written.
    pub numbers: Vec<String>,
    /// An object has the same key twice, escapes undone.
    pub duplicate: bool,
    pub depth: usize,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    seen: Seen,
}

/// Reads valid JSON; what it says of anything else means nothing.
pub fn read(text: &[u8]) -> Seen {
    let mut reader = Reader { text, at: 0, seen: Seen::default() };
    reader.value(0);
    reader.seen
}

impl Reader<'_> {
    fn peek(&mut self) -> u8 {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied().unwrap_or_default()
    }

    fn value(&mut self, depth: usize) {
        match self.peek() {
            b'{' => {
                self.seen.depth = self.seen.depth.max(depth + 1);
                self.at += 1;
                let mut keys = std::collections::HashSet::new();
                while self.peek() == b'"' {
                    let key = self.string();
                    self.seen.duplicate |= !keys.insert(key);
                    self.peek();
                    self.at += 1;
                    self.value(depth + 1);
                    if self.peek() == b',' {
                        self.at += 1;
                    }
                }
                self.at += 1;
            }
            b'[' => {
                self.seen.depth = self.seen.depth.max(depth + 1);
                self.at += 1;
                while !matches!(self.peek(), b']' | 0) {
                    self.value(depth + 1);
                    if self.peek() == b',' {
                        self.at += 1;
                    }
                }
                self.at += 1;
            }
            b'"' => drop(self.string()),
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                while self.text.get(self.at).is_some_and(|byte| b"+-.eE0123456789".contains(byte)) {
                    self.at += 1;
                }
                let number = self.text.get(start..self.at).unwrap_or_default();
                self.seen.numbers.push(String::from_utf8_lossy(number).into_owned());
            }
            _ => {
                while self.text.get(self.at).is_some_and(u8::is_ascii_alphabetic) {
                    self.at += 1;
                }
            }
        }
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        loop {
            match self.text.get(self.at) {
                Some(b'\\') => self.at += 2,
                Some(b'"') | None => break,
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_slice(quoted).unwrap_or_default()
    }
}
