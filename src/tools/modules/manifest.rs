//! Manifests of modules, read as data: a Python literal, and nothing of it is run.

use serde_json::{Value, json};

use crate::facts::JsonObject;

/// Brackets within brackets; manifests have two or three.
const DEPTH_MAX: usize = 16;

/// Why a text is no manifest; `line` counts from 1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub(super) struct NoManifest {
    line: usize,
    why: &'static str,
}

/// The members of the dictionary that a manifest is.
pub(super) fn parse(text: &str) -> Result<JsonObject, NoManifest> {
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}'), line: 1 };
    match reader.value(DEPTH_MAX)? {
        Value::Object(members) => {
            reader.skip_blank();
            if reader.rest.is_empty() { Ok(members) } else { Err(reader.refused("more than one value")) }
        }
        _ => Err(reader.refused("a manifest is a dictionary")),
    }
}

/// What is left of the text, and the line it is on.
struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn refused(&self, why: &'static str) -> NoManifest {
        NoManifest { line: self.line, why }
    }

    fn take(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let character = characters.next()?;
        self.rest = characters.as_str();
        self.line += usize::from(character == '\n');
        Some(character)
    }

    fn takes(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Spaces, line ends, comments and line continuations.
    fn skip_blank(&mut self) {
        loop {
            match self.rest.chars().next() {
                Some('#') => while self.take().is_some_and(|character| character != '\n') {},
                Some('\\') | Some(' ' | '\t' | '\r' | '\n' | '\u{c}') => {
                    self.take();
                }
                _ => return,
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        self.skip_blank();
        self.rest.chars().next()
    }

    fn value(&mut self, depth: usize) -> Result<Value, NoManifest> {
        let Some(inner) = depth.checked_sub(1) else { return Err(self.refused("nested too deeply")) };
        match self.next() {
            Some('{') => self.braces(inner),
            Some('[') => self.items(']', inner).map(|(items, _)| Value::Array(items)),
            Some('(') => self.items(')', inner).map(|(mut items, commas)| match items.pop() {
                // Brackets around one value without a comma are only brackets.
                Some(only) if items.is_empty() && commas == 0 => only,
                last => {
                    items.extend(last);
                    Value::Array(items)
                }
            }),
            Some('-' | '+' | '.' | '0'..='9') => self.number(),
            Some(character) if character == '"' || character == '\'' || character.is_alphabetic() => {
                self.text_or_word()
            }
            _ => Err(self.refused("a value was expected")),
        }
    }

    /// A dictionary, or a set, which becomes a list.
    fn braces(&mut self, depth: usize) -> Result<Value, NoManifest> {
        self.take();
        let mut members = JsonObject::new();
        let mut items = Vec::new();
        while self.next() != Some('}') {
            let key = self.value(depth)?;
            if self.next() == Some(':') {
                self.take();
                let Value::String(name) = key else {
                    return Err(self.refused("a key that is no text"));
                };
                let value = self.value(depth)?;
                members.insert(name, value);
            } else {
                items.push(key);
            }
            self.comma_or('}')?;
        }
        self.take();
        match (members.is_empty(), items.is_empty()) {
            (_, true) => Ok(Value::Object(members)),
            (true, false) => Ok(Value::Array(items)),
            (false, false) => Err(self.refused("a dictionary and a set in one")),
        }
    }

    /// A list or a tuple, and how many commas it has.
    fn items(&mut self, end: char, depth: usize) -> Result<(Vec<Value>, usize), NoManifest> {
        self.take();
        let (mut items, mut commas) = (Vec::new(), 0);
        while self.next() != Some(end) {
            items.push(self.value(depth)?);
            commas += usize::from(self.comma_or(end)?);
        }
        self.take();
        Ok((items, commas))
    }

    fn comma_or(&mut self, end: char) -> Result<bool, NoManifest> {
        match self.next() {
            Some(',') => {
                self.take();
                Ok(true)
            }
            Some(other) if other == end => Ok(false),
            _ => Err(self.refused("a comma or the closing bracket was expected")),
        }
    }

    fn number(&mut self) -> Result<Value, NoManifest> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_')))
            .unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        let plain: String = digits.trim_start_matches('+').chars().filter(|c| *c != '_').collect();
        let whole = plain.parse::<i64>().map(|number| json!(number));
        whole
            .or_else(|_| plain.parse::<f64>().map(|number| json!(number)))
            .map_err(|_| self.refused("no number"))
    }

    /// Texts that stand next to each other, or are added, are one text.
    fn text_or_word(&mut self) -> Result<Value, NoManifest> {
        for (word, value) in [("True", json!(true)), ("False", json!(false)), ("None", Value::Null)] {
            let after = self.rest.strip_prefix(word);
            if let Some(after) = after
                && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            {
                self.rest = after;
                return Ok(value);
            }
        }
        let mut text = String::new();
        loop {
            self.one_text(&mut text)?;
            match self.next() {
                Some('+') => {
                    self.take();
                    self.skip_blank();
                }
                Some('"' | '\'') => {}
                Some('r' | 'R' | 'u' | 'U') if self.is_prefixed_text() => {}
                _ => return Ok(Value::String(text)),
            }
        }
    }

    fn is_prefixed_text(&self) -> bool {
        self.rest.chars().nth(1).is_some_and(|c| matches!(c, '"' | '\''))
    }

    fn one_text(&mut self, text: &mut String) -> Result<(), NoManifest> {
        let mut is_raw = false;
        if self.is_prefixed_text()
            && let Some(prefix @ ('r' | 'R' | 'u' | 'U')) = self.rest.chars().next()
        {
            is_raw = matches!(prefix, 'r' | 'R');
            self.take();
        }
        let Some(quote) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| self.takes(quote)) else {
            return Err(self.refused("only plain values: no names, calls or comprehensions"));
        };
        loop {
            if self.takes(quote) {
                return Ok(());
            }
            match self.take() {
                None => return Err(self.refused("a text does not end")),
                Some('\n') if quote.len() == 1 => return Err(self.refused("a text does not end on its line")),
                Some('\\') => self.escape(text, is_raw)?,
                Some(character) => text.push(character),
            }
        }
    }

    fn escape(&mut self, text: &mut String, is_raw: bool) -> Result<(), NoManifest> {
        let Some(escaped) = self.take() else { return Err(self.refused("a text does not end")) };
        if is_raw {
            text.extend(['\\', escaped]);
            return Ok(());
        }
        match escaped {
            '\n' => {}
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '\\' | '\'' | '"' => text.push(escaped),
            'x' => text.push(self.code(2)?),
            'u' => text.push(self.code(4)?),
            'U' => text.push(self.code(8)?),
            other => text.extend(['\\', other]),
        }
        Ok(())
    }

    fn code(&mut self, digits: usize) -> Result<char, NoManifest> {
        let mut code = 0_u32;
        for _ in 0..digits {
            let digit = self.take().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.refused("an escape of too few digits"))?;
        }
        // Half of a pair is no character by itself.
        Ok(char::from_u32(code).unwrap_or('\u{fffd}'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Value) {
        assert_eq!(parse(text).map(Value::Object), Ok(expected), "{text}");
    }

    #[test]
    fn manifests_are_read() {
        check(
            "# -*- coding: utf-8 -*-\n{'name': \"Stock's\", 'version': '16.0.1.0.0', # why\n 'depends': ['base', \"mail\",],\n\
             'auto_install': False, 'sequence': -7, 'price': 9.5, 'x': None, 'installable': True,}\n# end\n",
            json!({"name": "Stock's", "version": "16.0.1.0.0", "depends": ["base", "mail"],
                "auto_install": false, "sequence": -7, "price": 9.5, "x": null, "installable": true}),
        );
        check(
            "{'summary': 'a' 'b'\n  \"c\", 'd': '''two\nlines''', 'e': ('x',), 'f': ('y'), 'g': {'p', 'q'}, 'h': (1, 2)}",
            json!({"summary": "abc", "d": "two\nlines", "e": ["x"], "f": "y", "g": ["p", "q"], "h": [1, 2]}),
        );
        check(
            r"{'a': r'\n', 'b': u'é\x41\u00e9\n', 'c': '\q', 'd': 'x' + 'y', 'e': {'python': ['zeep']}, 'f': {}}",
            json!({"a": "\\n", "b": "éAé\n", "c": "\\q", "d": "xy", "e": {"python": ["zeep"]}, "f": {}}),
        );
    }

    #[test]
    fn what_would_have_to_run_is_refused() {
        for bad in [
            "",
            "[]",
            "'x'",
            "{",
            "{'a'",
            "{'a': }",
            "{'a': open('/etc/passwd').read()}",
            "{'a': __import__('os')}",
            "{'a': f'{x}'}",
            "{'a': [x for x in y]}",
            "{'a': 1} + {'b': 2}",
            "{1: 2}",
            "{'a': 1, 'b'}",
            "{'a': 'x\n'}",
            "{'a': 'x}",
            "{'a': '''x''}",
            "{'a': b'x'}",
            "{'a': 1e}",
            "{'a': '\\x4'}",
            "import os\n{'a': 1}",
            "{'a': Truely}",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&"{'a': ".repeat(10_000)).is_err());
        assert!(parse(&format!("{{'a': {}1{}}}", "[".repeat(100_000), "]".repeat(100_000))).is_err());
    }

    #[test]
    fn the_line_is_told() {
        assert_eq!(parse("{\n'a': 1,\n'b': f()}").unwrap_err().line, 3);
    }
}
