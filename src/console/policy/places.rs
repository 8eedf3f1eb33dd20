//! Where in a text a JSON pointer leads, as line and column.
//!
//! The text is valid JSON by then; whatever it is, reading ends.

/// Line and column of the value that the pointer leads to, or of the last one on the way that is there.
/// Both count from one.
pub(super) fn place_of(text: &str, pointer: &str) -> (usize, usize) {
    let mut at = Cursor { bytes: text.as_bytes(), at: 0 };
    at.skip_space();
    let mut found = at.at;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if !at.enter(&step) {
            break;
        }
        found = at.at;
    }
    line_and_column(text, found)
}

/// Both count from one, columns in characters.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// The byte at a line and column.
pub(super) fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start = match line.saturating_sub(2) {
        _ if line <= 1 => 0,
        earlier => text.match_indices('\n').nth(earlier).map_or(text.len(), |(at, _)| at + 1),
    };
    let line = text.get(start..).unwrap_or_default().split('\n').next().unwrap_or_default();
    let within = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    start + within
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b':')) {
            self.at += 1;
        }
    }

    /// Moves to the member or item of this name.
    fn enter(&mut self, step: &str) -> bool {
        let is_object = match self.peek() {
            Some(b'{') => true,
            Some(b'[') => false,
            _ => return false,
        };
        self.at += 1;
        for index in 0.. {
            self.skip_space();
            match self.peek() {
                None | Some(b'}' | b']') => return false,
                Some(_) => {}
            }
            let is_it = if is_object {
                let start = self.at;
                self.skip_value();
                let key = self.bytes.get(start..self.at).unwrap_or_default();
                let key: Option<String> = serde_json::from_slice(key).ok();
                self.skip_space();
                key.as_deref() == Some(step)
            } else {
                step.parse() == Ok(index)
            };
            if is_it {
                return true;
            }
            self.skip_value();
        }
        false
    }

    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                None => return,
                Some(b'"') => self.skip_string(),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') if depth == 0 => return,
                Some(b'}' | b']') => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(byte) if depth == 0 && (byte.is_ascii_whitespace() || matches!(byte, b',' | b':')) => {
                    return;
                }
                Some(_) => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_its_line() {
        let text = "{\n  \"a\": [1, {\"b\\\"\": true}],\n  \"c/d\": {\"e\": \"x}\"},\n  \"f\": 1\n}";
        let check = |pointer: &str, place| assert_eq!(place_of(text, pointer), place, "{pointer}");
        check("", (1, 1));
        check("/a", (2, 8));
        check("/a/1", (2, 12));
        check("/a/1/b\"", (2, 20));
        check("/c~1d/e", (3, 16));
        check("/f", (4, 8));
        check("/f/missing", (4, 8));
        check("/missing", (1, 1));
    }

    #[test]
    fn lines_and_columns_lead_back() {
        let text = "{\n  \"ü\": 1,\n}";
        for at in text.char_indices().map(|(at, _)| at).chain([text.len()]) {
            let (line, column) = line_and_column(text, at);
            assert_eq!(byte_of(text, line, column), at, "{at}");
        }
        assert_eq!((byte_of(text, 0, 0), byte_of(text, 99, 99)), (0, text.len()));
    }

    #[test]
    fn no_text_keeps_the_reader() {
        for text in ["", "{", "[", "{\"", "{\"a", "{\"a\":", "[1,", "\"\\", "}", "{}}", "{\"a\":}", ",,"] {
            let _ = place_of(text, "/a/0/b");
            let _ = place_of(text, "/0");
        }
    }
}
