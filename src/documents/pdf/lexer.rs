//! Bytes to tokens, forgiving where readers are: it always comes to an end and never fails.

/// The smallest pieces.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Integer(i64),
    Real(Vec<u8>),
    Text(Vec<u8>),
    Name(Vec<u8>),
    ArrayOpen,
    ArrayClose,
    DictionaryOpen,
    DictionaryClose,
    /// Anything else: keywords, operators, rubbish.
    Word(&'a [u8]),
    End,
}

/// Digits of a number that are kept on either side of the point.
const DIGITS_MAX: usize = 32;

pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

pub(super) fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !is_delimiter(byte)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A place in the bytes.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn peek_second(&self) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(1)).copied()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// White space and comments.
    pub(super) fn skip_white(&mut self) {
        loop {
            self.take_while(is_white);
            if self.peek() != Some(b'%') {
                return;
            }
            self.take_while(|byte| !matches!(byte, b'\n' | b'\r'));
        }
    }

    /// Goes past a word if it comes next.
    pub(super) fn word(&mut self, word: &[u8]) -> bool {
        self.skip_white();
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn token(&mut self) -> Token<'a> {
        self.skip_white();
        let Some(byte) = self.peek() else { return Token::End };
        match byte {
            b'[' => self.single(Token::ArrayOpen),
            b']' => self.single(Token::ArrayClose),
            b'{' | b'}' | b')' => {
                let word = self.rest().get(..1).unwrap_or_default();
                self.single(Token::Word(word))
            }
            b'(' => self.text(),
            b'/' => self.name(),
            b'<' if self.peek_second() == Some(b'<') => self.double(Token::DictionaryOpen),
            b'<' => self.hex_text(),
            b'>' if self.peek_second() == Some(b'>') => self.double(Token::DictionaryClose),
            b'>' => self.single(Token::Word(b">")),
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number(),
            _ => Token::Word(self.take_while(is_regular)),
        }
    }

    fn single(&mut self, token: Token<'a>) -> Token<'a> {
        self.at += 1;
        token
    }

    fn double(&mut self, token: Token<'a>) -> Token<'a> {
        self.at += 2;
        token
    }

    fn number(&mut self) -> Token<'a> {
        let signs = self.take_while(|byte| matches!(byte, b'+' | b'-'));
        let negative = signs.first() == Some(&b'-');
        let whole = self.take_while(|byte| byte.is_ascii_digit());
        let part = if self.peek() == Some(b'.') {
            self.at += 1;
            self.take_while(|byte| byte.is_ascii_digit())
        } else {
            &[]
        };
        // What sticks to a number belongs to it for most readers, and means nothing: `1.2.3`, `1-2`.
        self.take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'));
        let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
        let whole = whole.get(zeros..).unwrap_or_default();
        let part_end = part.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        let part = part.get(..part_end.min(DIGITS_MAX)).unwrap_or_default();
        if part.is_empty() {
            let text = std::str::from_utf8(whole).unwrap_or_default();
            let value = if text.is_empty() { Some(0) } else { text.parse::<i64>().ok() };
            if let Some(value) = value {
                return Token::Integer(if negative { -value } else { value });
            }
        }
        let mut real = Vec::with_capacity(whole.len().min(DIGITS_MAX) + part.len() + 2);
        if negative {
            real.push(b'-');
        }
        real.extend_from_slice(if whole.is_empty() {
            b"0"
        } else {
            whole.get(..DIGITS_MAX).unwrap_or(whole)
        });
        real.push(b'.');
        real.extend_from_slice(if part.is_empty() { b"0" } else { part });
        // Too many digits were cut to a number that an integer may hold by now; one spelling for both.
        Token::Real(real)
    }

    fn name(&mut self) -> Token<'a> {
        self.at += 1;
        let raw = self.take_while(is_regular);
        if !raw.contains(&b'#') {
            return Token::Name(raw.to_vec());
        }
        let mut name = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((first, after)) = rest.split_first() {
            if *first == b'#'
                && let [high, low, tail @ ..] = after
                && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
            {
                name.push(high << 4 | low);
                rest = tail;
            } else {
                name.push(*first);
                rest = after;
            }
        }
        Token::Name(name)
    }

    fn hex_text(&mut self) -> Token<'a> {
        self.at += 1;
        let mut text = Vec::new();
        let mut high = None;
        while let Some(byte) = self.take() {
            if byte == b'>' {
                break;
            }
            let Some(digit) = hex_digit(byte) else { continue };
            match high.take() {
                None => high = Some(digit),
                Some(high) => text.push(high << 4 | digit),
            }
        }
        text.extend(high.map(|high| high << 4));
        Token::Text(text)
    }

    fn text(&mut self) -> Token<'a> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1_usize;
        while let Some(byte) = self.take() {
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(&mut text);
                    continue;
                }
                b'\r' => {
                    // Every end of a line is one line feed.
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    text.push(b'\n');
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
        Token::Text(text)
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.take() else { return };
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(0x0C),
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    self.at += 1;
                    value = value * 8 + u32::from(digit - b'0');
                }
                text.push(u8::try_from(value & 0xFF).unwrap_or_default());
            }
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, wanted: &[Token<'_>]) {
        let mut lexer = Lexer::new(source.as_bytes(), 0);
        let mut tokens = Vec::new();
        loop {
            let token = lexer.token();
            if token == Token::End {
                break;
            }
            tokens.push(token);
        }
        assert_eq!(tokens, wanted, "{source}");
    }

    fn name(text: &str) -> Token<'static> {
        Token::Name(text.as_bytes().to_vec())
    }

    fn text(text: &str) -> Token<'static> {
        Token::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn tokens() {
        check("/JavaScript /#4A#53 /A#zz /", &[name("JavaScript"), name("JS"), name("A#zz"), name("")]);
        check("(a(b)c\\)\\n\\101\\\r\nx\\8)", &[text("a(b)c)\nAx8")]);
        check("(open", &[text("open")]);
        check("<48 65 6c6C 6>", &[text("Hell`")]);
        check(
            "1 -2 +3 .5 -.50 4. --6 1.2.3 7-8",
            &[
                Token::Integer(1),
                Token::Integer(-2),
                Token::Integer(3),
                Token::Real(b"0.5".to_vec()),
                Token::Real(b"-0.5".to_vec()),
                Token::Integer(4),
                Token::Integer(-6),
                Token::Real(b"1.2".to_vec()),
                Token::Integer(7),
            ],
        );
        check("99999999999999999999", &[Token::Real(b"99999999999999999999.0".to_vec())]);
        check(
            "<</A[true]>>% comment\nendobj",
            &[
                Token::DictionaryOpen,
                name("A"),
                Token::ArrayOpen,
                Token::Word(b"true"),
                Token::ArrayClose,
                Token::DictionaryClose,
                Token::Word(b"endobj"),
            ],
        );
        check(") } >", &[Token::Word(b")"), Token::Word(b"}"), Token::Word(b">")]);
    }
}
