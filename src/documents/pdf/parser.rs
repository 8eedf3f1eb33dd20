//! Tokens to values, within the limits of nesting and number.

use super::{
    Budget, Stop,
    lexer::{Lexer, Token},
    object::{Dictionary, Object},
};

/// Values of one file, counting every number of every array; they take the most memory.
pub(super) const VALUES_MAX: usize = 4_000_000;

/// Texts and names are so many times as long as what they are read from. Once is usual; objects that
/// overlap, as in a damaged file, hold the same bytes again, and a hostile one does so a thousand times.
const TEXT_TIMES_MAX: usize = 8;

/// Reads values and counts them.
#[derive(Debug)]
pub(super) struct Parser {
    values: usize,
    text_bytes_left: usize,
}

impl Parser {
    /// For so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let mut parser = Self { values: 0, text_bytes_left: 0 };
        parser.also(bytes);
        parser
    }

    /// The value that comes next; `None` where there is none (a keyword, the end).
    pub(super) fn value(
        &mut self,
        lexer: &mut Lexer<'_>,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Object>, Stop> {
        let token = lexer.token();
        self.after(token, lexer, 0, budget)
    }

    fn after(
        &mut self,
        token: Token<'_>,
        lexer: &mut Lexer<'_>,
        depth: usize,
        budget: &mut Budget<'_>,
    ) -> Result<Option<Object>, Stop> {
        budget.step()?;
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(Stop::bomb(format!("it holds more than {VALUES_MAX} values")));
        }
        if depth > budget.limits.nesting_max {
            let most = budget.limits.nesting_max;
            return Err(Stop::bomb(format!("its values are nested deeper than {most}")));
        }
        if let Token::Text(text) | Token::Name(text) = &token {
            self.hold(text)?;
        }
        Ok(Some(match token {
            Token::Integer(value) => match reference(value, lexer) {
                Some(number) => Object::Reference(number),
                None => Object::Integer(value),
            },
            Token::Real(text) => Object::Real(text),
            Token::Text(text) => Object::Text(text),
            Token::Name(name) => Object::Name(name),
            Token::ArrayOpen => self.array(lexer, depth, budget)?,
            Token::DictionaryOpen => self.dictionary(lexer, depth, budget)?,
            Token::Word(b"true") => Object::Boolean(true),
            Token::Word(b"false") => Object::Boolean(false),
            Token::Word(b"null") => Object::Null,
            Token::Word(_) | Token::ArrayClose | Token::DictionaryClose | Token::End => return Ok(None),
        }))
    }

    /// Some more bytes to read from.
    pub(super) fn also(&mut self, bytes: usize) {
        self.text_bytes_left = self.text_bytes_left.saturating_add(bytes.saturating_mul(TEXT_TIMES_MAX));
    }

    fn hold(&mut self, text: &[u8]) -> Result<(), Stop> {
        let left = self.text_bytes_left.checked_sub(text.len());
        self.text_bytes_left = left.ok_or_else(|| Stop::bomb("its texts are longer than the file"))?;
        Ok(())
    }

    fn array(
        &mut self,
        lexer: &mut Lexer<'_>,
        depth: usize,
        budget: &mut Budget<'_>,
    ) -> Result<Object, Stop> {
        let mut items = Vec::new();
        loop {
            let before = lexer.at();
            match lexer.token() {
                Token::ArrayClose | Token::End => break,
                // A forgotten bracket: what ends the object ends the array.
                Token::DictionaryClose | Token::Word(b"endobj" | b"endstream" | b"stream") => {
                    lexer.go_to(before);
                    break;
                }
                token => items.push(self.after(token, lexer, depth + 1, budget)?.unwrap_or(Object::Null)),
            }
        }
        Ok(Object::Array(items))
    }

    fn dictionary(
        &mut self,
        lexer: &mut Lexer<'_>,
        depth: usize,
        budget: &mut Budget<'_>,
    ) -> Result<Object, Stop> {
        let mut dictionary = Dictionary::default();
        loop {
            budget.step()?;
            let before = lexer.at();
            match lexer.token() {
                Token::DictionaryClose | Token::End => break,
                Token::Word(b"endobj" | b"endstream" | b"stream") => {
                    lexer.go_to(before);
                    break;
                }
                Token::Name(key) => {
                    self.hold(&key)?;
                    let before = lexer.at();
                    let token = lexer.token();
                    if matches!(token, Token::DictionaryClose | Token::Word(b"endobj" | b"stream")) {
                        // A key without a value.
                        lexer.go_to(before);
                        continue;
                    }
                    let value = self.after(token, lexer, depth + 1, budget)?.unwrap_or(Object::Null);
                    dictionary.0.insert(key, value);
                }
                // A value without a key.
                _ => {}
            }
        }
        Ok(Object::Dictionary(dictionary))
    }
}

/// `5 0 R` after the five has been read.
fn reference(number: i64, lexer: &mut Lexer<'_>) -> Option<u32> {
    let number = u32::try_from(number).ok()?;
    let mut ahead = lexer.clone();
    let Token::Integer(generation) = ahead.token() else { return None };
    if !(0..=65_535).contains(&generation) || ahead.token() != Token::Word(b"R") {
        return None;
    }
    *lexer = ahead;
    Some(number)
}

/// `5 0 obj`; what follows is the object.
pub(super) fn object_header(lexer: &mut Lexer<'_>) -> Option<u32> {
    let Token::Integer(number) = lexer.token() else { return None };
    let Token::Integer(_) = lexer.token() else { return None };
    lexer.word(b"obj").then(|| u32::try_from(number).ok())?
}
