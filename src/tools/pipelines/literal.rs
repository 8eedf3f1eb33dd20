//! Python literals as Odoo stores domains: lists, tuples, texts, numbers, `True`, `False` and `None`.
//!
//! Deliberately absent: names, calls, operators, anything that would have to be evaluated.

use std::{iter::Peekable, str::Chars};

use serde_json::{Number, Value};

/// Longest text that is read; a trigger has a few conditions.
const TEXT_BYTES_MAX: usize = 8 * 1024;
/// Lists within lists: conditions within `any` of conditions.
const DEEP_MAX: usize = 12;
/// Values in all lists together.
const VALUES_MAX: usize = 1_000;

/// Reads one literal. Tuples become lists.
pub(super) fn read(text: &str) -> Result<Value, String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("it is longer than {TEXT_BYTES_MAX} bytes"));
    }
    let mut reader = Reader { rest: text.chars().peekable(), values_left: VALUES_MAX };
    let value = reader.value(0)?;
    match reader.next_visible() {
        None => Ok(value),
        Some(more) => Err(format!("`{more}` stands behind the end")),
    }
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    values_left: usize,
}

impl Reader<'_> {
    fn next_visible(&mut self) -> Option<char> {
        while self.rest.peek().is_some_and(|c| c.is_ascii_whitespace()) {
            self.rest.next();
        }
        self.rest.peek().copied()
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEP_MAX {
            return Err(format!("lists stand more than {DEEP_MAX} deep within each other"));
        }
        self.values_left =
            self.values_left.checked_sub(1).ok_or_else(|| format!("it has more than {VALUES_MAX} values"))?;
        match self.next_visible() {
            None => Err("it ends where a value is missing".to_owned()),
            Some('[') => self.list(']', depth).map(|(items, _)| Value::Array(items)),
            Some('(') => {
                // Brackets around one value alone are no tuple.
                let (mut items, has_comma) = self.list(')', depth)?;
                match items.pop() {
                    Some(only) if items.is_empty() && !has_comma => Ok(only),
                    last => {
                        items.extend(last);
                        Ok(Value::Array(items))
                    }
                }
            }
            Some(quote @ ('\'' | '"')) => self.text(quote),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.word(),
            Some(other) => Err(format!("`{other}` begins no value")),
        }
    }

    /// The items up to `end`, and whether a comma stood anywhere.
    fn list(&mut self, end: char, depth: usize) -> Result<(Vec<Value>, bool), String> {
        self.rest.next();
        let (mut items, mut has_comma) = (Vec::new(), false);
        loop {
            if self.next_visible() == Some(end) {
                self.rest.next();
                return Ok((items, has_comma));
            }
            items.push(self.value(depth + 1)?);
            match self.next_visible() {
                Some(',') => {
                    has_comma = true;
                    self.rest.next();
                }
                Some(c) if c == end => {}
                Some(other) => return Err(format!("`{other}` stands where `,` or `{end}` is missing")),
                None => return Err(format!("`{end}` is missing")),
            }
        }
    }

    fn text(&mut self, quote: char) -> Result<Value, String> {
        self.rest.next();
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None | Some('\n') => return Err("a text does not end".to_owned()),
                Some(c) if c == quote => return Ok(Value::String(text)),
                Some('\\') => text.push(self.escaped()?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let digits = match self.rest.next() {
            Some(c @ ('\\' | '\'' | '"')) => return Ok(c),
            Some('n') => return Ok('\n'),
            Some('t') => return Ok('\t'),
            Some('r') => return Ok('\r'),
            Some('x') => 2,
            Some('u') => 4,
            Some(other) => return Err(format!("`\\{other}` is not read here")),
            None => return Err("a text does not end".to_owned()),
        };
        let mut code = 0;
        for _ in 0..digits {
            let digit = self.rest.next().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or("a character code has too few digits")?;
        }
        char::from_u32(code).ok_or_else(|| "a character code stands for no character".to_owned())
    }

    fn number(&mut self) -> Result<Value, String> {
        let mut text = String::new();
        while let Some(c) = self.rest.peek().copied() {
            let after_exponent = text.ends_with(['e', 'E']);
            let belongs = c.is_ascii_digit()
                || matches!(c, '.' | 'e' | 'E')
                || (matches!(c, '-' | '+') && (text.is_empty() || after_exponent));
            if !belongs {
                break;
            }
            text.push(c);
            self.rest.next();
        }
        let plain = text.strip_prefix('+').unwrap_or(&text);
        if let Ok(whole) = plain.parse::<i64>() {
            return Ok(Value::from(whole));
        }
        let number = plain.parse::<f64>().ok().and_then(Number::from_f64);
        number.map(Value::Number).ok_or_else(|| format!("`{text}` is no number that can be read"))
    }

    fn word(&mut self) -> Result<Value, String> {
        let mut word = String::new();
        while let Some(c) = self.rest.peek().copied().filter(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
            self.rest.next();
        }
        match word.as_str() {
            "True" => Ok(Value::Bool(true)),
            "False" => Ok(Value::Bool(false)),
            "None" => Ok(Value::Null),
            _ => Err(format!("`{word}` is a name, and names are not evaluated here")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Value) {
        assert_eq!(read(text), Ok(expected), "{text}");
    }

    #[test]
    fn literals_are_read() {
        check("[]", json!([]));
        check("[('state', '=', 'draft')]", json!([["state", "=", "draft"]]));
        check(
            r#"["|", ("a", "=", 1), ('b', 'in', (1, 2,))]"#,
            json!(["|", ["a", "=", 1], ["b", "in", [1, 2]]]),
        );
        check(
            "[('a', '!=', None), ('b', '=', True), ('c','=',False)]",
            json!([["a", "!=", null], ["b", "=", true], ["c", "=", false]]),
        );
        check("(1,)", json!([1]));
        check("(1)", json!(1));
        check("()", json!([]));
        check("[-1, +2, 1.5, -2.5e3, .5]", json!([-1, 2, 1.5, -2500.0, 0.5]));
        check(r"'it\'s \x41\u00e9\n'", json!("it's Aé\n"));
        check(" [ 1 ,\n 2 ] ", json!([1, 2]));
    }

    #[test]
    fn what_would_have_to_be_evaluated_is_refused() {
        for bad in [
            "",
            "[",
            "]",
            "[1",
            "[1 2]",
            "[(1, 2]",
            "'open",
            "'a\nb'",
            "x",
            "uid",
            "[('a', '=', uid)]",
            "1 + 1",
            "__import__('os').system('x')",
            "[x for x in y]",
            "{'a': 1}",
            "lambda: 1",
            "[1]]",
            "true",
            "null",
            "0x10",
            "1e999",
            "1_000",
            "--1",
            "'\\q'",
            "'\\x4'",
            "'\\ud800'",
            "b'x'",
            "f'{x}'",
            "[,]",
            "...",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&"[".repeat(1_000)).is_err());
        assert!(read(&format!("[{}]", "1,".repeat(2_000))).is_err());
        assert!(read(&format!("'{}'", "x".repeat(10_000))).is_err());
    }
}
