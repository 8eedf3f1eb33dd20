//! The part of YAML that policies are written in, read strictly: block mappings and lists, flow lists
//! and mappings, plain and quoted scalars, comments.
//!
//! Anchors, tags, merges, documents after the first and texts over several lines are refused with the
//! number of their line: a policy that two readers could read differently is none.

use serde_json::{Map, Number, Value};

/// Deeper than any policy.
const DEPTH_MAX: usize = 32;
/// As large as a policy file may be.
const BYTES_MAX: usize = 1024 * 1024;

/// Why a text is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub(super) struct YamlError {
    pub(super) line: usize,
    pub(super) why: String,
}

type Read<T> = Result<T, YamlError>;

/// A line without its comment and indentation.
#[derive(Debug, Clone)]
struct Line {
    number: usize,
    indent: usize,
    text: String,
}

fn refuse<T>(line: usize, why: impl Into<String>) -> Read<T> {
    Err(YamlError { line, why: why.into() })
}

/// Reads one document.
pub(super) fn read(text: &str) -> Read<Value> {
    if text.len() > BYTES_MAX {
        return refuse(1, format!("the text is larger than {BYTES_MAX} bytes"));
    }
    let mut lines = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let number = index + 1;
        if raw.starts_with("---") && lines.is_empty() && raw.trim_end() == "---" {
            continue;
        }
        if raw.starts_with("---") || raw.starts_with("...") || raw.starts_with('%') {
            return refuse(number, "only one document without directives is read");
        }
        let content = without_comment(raw, number)?;
        let trimmed = content.trim_start_matches(' ');
        if trimmed.starts_with('\t') {
            return refuse(number, "indentation is made of blanks, not of tabs");
        }
        if trimmed.trim_end().is_empty() {
            continue;
        }
        lines.push(Line {
            number,
            indent: content.len() - trimmed.len(),
            text: trimmed.trim_end().to_owned(),
        });
    }
    let Some(first) = lines.first() else { return refuse(1, "it is empty") };
    let indent = first.indent;
    let mut reader = Blocks { lines: &lines, at: 0 };
    let value = reader.block(indent, 0)?;
    match reader.peek() {
        None => Ok(value),
        Some(line) => refuse(line.number, "this line does not belong to what stands before it"),
    }
}

/// A `#` begins a comment where it stands alone, outside of quotes.
fn without_comment(raw: &str, number: usize) -> Read<&str> {
    let mut quote = None;
    let mut before = ' ';
    let mut escaped = false;
    for (at, c) in raw.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '#' && before.is_whitespace() => return Ok(raw.get(..at).unwrap_or_default()),
            // A quote in the middle of a word is part of the word.
            None if matches!(c, '"' | '\'') && (before.is_whitespace() || "[{,:-".contains(before)) => {
                quote = Some(c);
            }
            None => {}
        }
        before = c;
    }
    match quote {
        Some(_) => refuse(number, "a quote is not closed on its line"),
        None => Ok(raw),
    }
}

struct Blocks<'a> {
    lines: &'a [Line],
    at: usize,
}

impl<'a> Blocks<'a> {
    fn peek(&self) -> Option<&'a Line> {
        self.lines.get(self.at)
    }

    /// The mapping, list or scalar that begins at this indentation.
    fn block(&mut self, indent: usize, depth: usize) -> Read<Value> {
        let Some(line) = self.peek() else { return Ok(Value::Null) };
        if depth > DEPTH_MAX {
            return refuse(line.number, format!("it is nested deeper than {DEPTH_MAX}"));
        }
        if is_item(&line.text) {
            return self.list(indent, depth);
        }
        if split_key(&line.text, line.number)?.is_some() {
            return self.mapping(indent, depth);
        }
        self.at += 1;
        scalar_or_flow(&line.text, line.number, depth)
    }

    fn list(&mut self, indent: usize, depth: usize) -> Read<Value> {
        let mut items = Vec::new();
        while let Some(line) = self.peek() {
            if line.indent != indent || !is_item(&line.text) {
                break;
            }
            let rest = line.text.get(1..).unwrap_or_default();
            let content = rest.trim_start_matches(' ');
            if content.is_empty() {
                self.at += 1;
                items.push(self.below(indent, depth)?);
                continue;
            }
            // What follows the dash is a block of its own that begins further right.
            let inner = indent + 1 + (rest.len() - content.len());
            let mut own = vec![Line { number: line.number, indent: inner, text: content.to_owned() }];
            self.at += 1;
            while let Some(next) = self.peek() {
                if next.indent <= indent {
                    break;
                }
                own.push(next.clone());
                self.at += 1;
            }
            let mut reader = Blocks { lines: &own, at: 0 };
            items.push(reader.block(inner, depth + 1)?);
            if let Some(left) = reader.peek() {
                return refuse(left.number, "this line does not belong to what stands before it");
            }
        }
        Ok(Value::Array(items))
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Read<Value> {
        let mut object = Map::new();
        while let Some(line) = self.peek() {
            if line.indent < indent {
                break;
            }
            if line.indent > indent {
                return refuse(line.number, "it is indented further than the keys beside it");
            }
            let Some((key, rest)) = split_key(&line.text, line.number)? else {
                return refuse(line.number, "a key with a colon was expected");
            };
            self.at += 1;
            let value = if rest.is_empty() {
                self.below(indent, depth)?
            } else {
                scalar_or_flow(rest, line.number, depth)?
            };
            if object.insert(key.clone(), value).is_some() {
                return refuse(line.number, format!("`{key}` stands here twice"));
            }
        }
        Ok(Value::Object(object))
    }

    /// What stands below a key or a dash; nothing is null. Lists may begin under their key.
    fn below(&mut self, indent: usize, depth: usize) -> Read<Value> {
        match self.peek() {
            Some(next) if next.indent > indent => self.block(next.indent, depth + 1),
            Some(next) if next.indent == indent && is_item(&next.text) => self.list(indent, depth + 1),
            _ => Ok(Value::Null),
        }
    }
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// Key and rest of a line; `None` where the line is no member of a mapping.
fn split_key(text: &str, number: usize) -> Read<Option<(String, &str)>> {
    if text.starts_with(['[', '{']) {
        return Ok(None);
    }
    if text.starts_with(['"', '\'']) {
        let mut flow = Flow { text, at: 0, number };
        let key = flow.quoted()?;
        let rest = text.get(flow.at..).unwrap_or_default();
        return match rest.strip_prefix(':') {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => Ok(Some((key, rest.trim_start()))),
            _ => Ok(None),
        };
    }
    let found = match text.split_once(": ") {
        Some((key, rest)) => Some((key, rest.trim_start())),
        None => text.strip_suffix(':').map(|key| (key, "")),
    };
    match found {
        Some((key, rest)) => {
            check_plain(key, number)?;
            Ok(Some((key.to_owned(), rest)))
        }
        None => Ok(None),
    }
}

fn scalar_or_flow(text: &str, number: usize, depth: usize) -> Read<Value> {
    let mut flow = Flow { text, at: 0, number };
    let value = flow.value(depth, false)?;
    flow.blanks();
    if flow.at < text.len() {
        return refuse(number, "something stands behind the value");
    }
    Ok(value)
}

/// A value within one line.
struct Flow<'a> {
    text: &'a str,
    at: usize,
    number: usize,
}

impl Flow<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn blanks(&mut self) {
        while self.peek() == Some(' ') {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize, within: bool) -> Read<Value> {
        if depth > DEPTH_MAX {
            return refuse(self.number, format!("it is nested deeper than {DEPTH_MAX}"));
        }
        self.blanks();
        match self.peek() {
            Some('[') => self.list(depth),
            Some('{') => self.mapping(depth),
            Some('"' | '\'') => self.quoted().map(Value::String),
            _ => self.plain(within),
        }
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        self.next();
        let mut items = Vec::new();
        loop {
            self.blanks();
            if self.peek() == Some(']') {
                self.next();
                return Ok(Value::Array(items));
            }
            items.push(self.value(depth + 1, true)?);
            self.blanks();
            match self.next() {
                Some(',') => {}
                Some(']') => return Ok(Value::Array(items)),
                _ => return refuse(self.number, "a list has to end on the line on which it begins"),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Read<Value> {
        self.next();
        let mut object = Map::new();
        loop {
            self.blanks();
            if self.peek() == Some('}') {
                self.next();
                return Ok(Value::Object(object));
            }
            let key = match self.peek() {
                Some('"' | '\'') => self.quoted()?,
                _ => {
                    let start = self.at;
                    while self.peek().is_some_and(|c| !",:[]{}".contains(c)) {
                        self.next();
                    }
                    let key = self.text.get(start..self.at).unwrap_or_default().trim().to_owned();
                    check_plain(&key, self.number)?;
                    key
                }
            };
            self.blanks();
            if self.next() != Some(':') {
                return refuse(self.number, "a key needs a colon and a value");
            }
            let value = self.value(depth + 1, true)?;
            if object.insert(key.clone(), value).is_some() {
                return refuse(self.number, format!("`{key}` stands here twice"));
            }
            self.blanks();
            match self.next() {
                Some(',') => {}
                Some('}') => return Ok(Value::Object(object)),
                _ => return refuse(self.number, "a mapping has to end on the line on which it begins"),
            }
        }
    }

    fn quoted(&mut self) -> Read<String> {
        let open = self.next();
        let mut text = String::new();
        loop {
            let Some(c) = self.next() else {
                return refuse(self.number, "a quote is not closed on its line");
            };
            match (open, c) {
                (Some('\''), '\'') if self.peek() == Some('\'') => {
                    self.next();
                    text.push('\'');
                }
                (Some(open), c) if open == c => return Ok(text),
                (Some('"'), '\\') => text.push(self.escape()?),
                (_, c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        match self.next() {
            Some(c @ ('"' | '\\' | '/')) => Ok(c),
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            _ => refuse(self.number, "only \\\" \\\\ \\/ \\n and \\t are known behind a backslash"),
        }
    }

    fn plain(&mut self, within: bool) -> Read<Value> {
        let start = self.at;
        if within {
            while self.peek().is_some_and(|c| !",[]{}".contains(c)) {
                self.next();
            }
        } else {
            self.at = self.text.len();
        }
        let text = self.text.get(start..self.at).unwrap_or_default().trim();
        check_plain(text, self.number)?;
        if text.contains(": ") || text.ends_with(':') {
            return refuse(self.number, "a text with a colon needs quotes");
        }
        plain_value(text, self.number)
    }
}

/// The first characters that mean something else in YAML.
fn check_plain(text: &str, number: usize) -> Read<()> {
    if let Some(first) = text.chars().next()
        && "&*!|>%@`?\"'".contains(first)
        && text != "*"
    {
        return refuse(number, format!("`{first}` at the beginning needs quotes, or is not read here"));
    }
    if text == "<<" {
        return refuse(number, "merges are not read");
    }
    Ok(())
}

/// What a word without quotes means. Words that readers disagree about need quotes.
fn plain_value(text: &str, number: usize) -> Read<Value> {
    match text {
        "" | "~" | "null" => return Ok(Value::Null),
        "true" => return Ok(Value::Bool(true)),
        "false" => return Ok(Value::Bool(false)),
        "yes" | "no" | "on" | "off" | "Yes" | "No" | "On" | "Off" | "True" | "False" | "Null" | "NULL"
        | "TRUE" | "FALSE" | "YES" | "NO" | "ON" | "OFF" | "y" | "n" | "Y" | "N" => {
            return refuse(number, format!("`{text}` means different things to different readers; quote it"));
        }
        _ => {}
    }
    let first = text.chars().next().unwrap_or_default();
    if !(first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return Ok(Value::from(text));
    }
    // Numbers as JSON writes them; a leading zero or an underscore is read in several ways.
    match serde_json::from_str::<Number>(text) {
        Ok(whole) => Ok(Value::Number(whole)),
        Err(_) if text.chars().all(|c| c.is_ascii_digit() || "+-._eExXo".contains(c)) => {
            refuse(number, format!("`{text}` is not a number as JSON writes it; quote it if it is a text"))
        }
        Err(_) => Ok(Value::from(text)),
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

    #[track_caller]
    fn check_refused(text: &str, line: usize, piece: &str) {
        let error = read(text).unwrap_err();
        assert!(error.line == line && error.why.contains(piece), "{text}: {error}");
    }

    #[test]
    fn policies_as_people_write_them_are_read() {
        check(
            "---\n# a policy\nversion: \"1\"\ntools:\n  create_charge:\n    rules:\n      - name: \"cap\"  # why\n        conditions:\n          - path: args.amount\n            op: lte\n            value: 50000\n        on_deny: 'It''s too much: ask.'\n      - name: rate\n        rate_limit: 5/hour\n  \"*\":\n    rules: []\n",
            json!({"version": "1", "tools": {
                "create_charge": {"rules": [
                    {"name": "cap", "conditions": [{"path": "args.amount", "op": "lte", "value": 50000}], "on_deny": "It's too much: ask."},
                    {"name": "rate", "rate_limit": "5/hour"},
                ]},
                "*": {"rules": []},
            }}),
        );
        check("hide:\n- a\n- b\ndefault: deny\n", json!({"hide": ["a", "b"], "default": "deny"}));
        check("a: [1, two, {b: \"x, y\", c: []}]\n", json!({"a": [1, "two", {"b": "x, y", "c": []}]}));
        check("a:\n  -\n    b: 1\n  - - 2\n    - 3\nc:\n", json!({"a": [{"b": 1}, [2, 3]], "c": null}));
        check(
            "a: -1.5\nb: true\nc: \"#no\"\nd: x#y\n",
            json!({"a": -1.5, "b": true, "c": "#no", "d": "x#y"}),
        );
        check("*: 1\n\"a b\": {\"c\": 'd'}\n", json!({"*": 1, "a b": {"c": "d"}}));
        check("a: \"tab\\t quote\\\" \"\n", json!({"a": "tab\t quote\" "}));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (text, line, piece) in [
            ("", 1, "empty"),
            ("# only\n", 1, "empty"),
            ("a: 1\na: 2\n", 2, "twice"),
            ("a: {b: 1, b: 2}\n", 1, "twice"),
            ("a: &x 1\n", 1, "needs quotes"),
            ("a: *x\n", 1, "needs quotes"),
            ("a: !!str 1\n", 1, "needs quotes"),
            ("a: |\n  text\n", 1, "needs quotes"),
            ("<<: 1\n", 1, "merges"),
            ("a: yes\n", 1, "quote it"),
            ("a: 010\n", 1, "quote it"),
            ("a: 0x10\n", 1, "quote it"),
            ("a: 1_000\n", 1, "quote it"),
            ("a: .5\n", 1, "quote it"),
            ("a: \"open\n", 1, "not closed"),
            ("a: [1,\n  2]\n", 1, "on the line"),
            ("a: b: c\n", 1, "colon needs quotes"),
            ("a: 1\n---\nb: 2\n", 2, "one document"),
            ("a:\n\tb: 1\n", 2, "tabs"),
            ("a: 1\n  b: 2\n", 2, "further"),
            ("a: 1\n- b\n", 2, "colon was expected"),
            ("- a\nb: 1\n", 2, "does not belong"),
            ("a: \"x\" y\n", 1, "behind the value"),
            ("a: \"\\x41\"\n", 1, "backslash"),
        ] {
            check_refused(text, line, piece);
        }
        let deep: String = (0..40).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        check_refused(&deep, 34, "deeper");
        check_refused(&format!("a: {}", "[".repeat(40)), 1, "deeper");
    }
}
