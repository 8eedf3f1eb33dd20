//! Markup cut into tokens, each with its place, so that the text can be put together again byte for byte.
//!
//! Never fails: what is no markup is text, as in a browser.

use super::span::Span;

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As browsers read it: names in any case, void elements, end tags that may be left out.
    Html,
    /// Strictly: names as written, every element closed. The XML of QWeb templates, that is: a text that is
    /// written into it is escaped twice (see `as_template`).
    Xml,
}

/// One attribute of a start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    pub name: Span,
    /// What stands between the quotes, entities as written; absent for a bare name.
    pub value: Option<Span>,
    /// From the name to the closing quote.
    pub whole: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    Start {
        name: Span,
        attributes: Vec<Attribute>,
        self_closing: bool,
    },
    End {
        name: Span,
    },
    Text,
    /// The bytes of a `<![CDATA[…]]>` section in XML.
    CharacterData {
        inner: Span,
    },
    Comment,
    /// A document type or a processing instruction.
    Declaration,
    /// A tag that the text ends in the middle of.
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// Elements whose content is text up to their end tag.
const RAW_TEXT: &[&str] = &["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

/// The tokens of a text, in order, without gaps.
pub(super) struct Tokens<'a> {
    text: &'a str,
    mode: Mode,
    at: usize,
    /// The raw-text element that was just opened.
    raw: Option<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, mode: Mode) -> Self {
        Self { text, mode, at: 0, raw: None }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next `bytes` become a token.
    fn token(&mut self, kind: TokenKind, end: usize) -> Token {
        let span = Span::new(self.at, end.min(self.text.len()));
        self.at = span.end;
        Token { kind, span }
    }

    /// Up to and with the next `closing`, looked for from `from` bytes on; to the end where there is none.
    fn through(&self, from: usize, closing: &str) -> (usize, bool) {
        let start = self.at.saturating_add(from).min(self.text.len());
        match self.text.get(start..).and_then(|rest| rest.find(closing)) {
            Some(found) => (start + found + closing.len(), true),
            None => (self.text.len(), false),
        }
    }

    fn bang(&mut self) -> Token {
        let rest = self.rest();
        if rest.starts_with("<!--") {
            // `<!-->` and `<!--->` are whole comments in HTML.
            let short = ["<!-->", "<!--->"].into_iter().find(|short| rest.starts_with(short));
            if let (Mode::Html, Some(short)) = (self.mode, short) {
                let end = self.at + short.len();
                return self.token(TokenKind::Comment, end);
            }
            let (end, closed) = self.through(4, "-->");
            return self.token(if closed { TokenKind::Comment } else { TokenKind::Broken }, end);
        }
        if self.mode == Mode::Xml && rest.starts_with("<![CDATA[") {
            let start = self.at + "<![CDATA[".len();
            let (end, closed) = self.through("<![CDATA[".len(), "]]>");
            let inner = Span::new(start, if closed { end - "]]>".len() } else { end });
            let kind = if closed { TokenKind::CharacterData { inner } } else { TokenKind::Broken };
            return self.token(kind, end);
        }
        let closing = if self.mode == Mode::Xml && rest.starts_with("<?") { "?>" } else { ">" };
        let (end, closed) = self.through(2, closing);
        self.token(if closed { TokenKind::Declaration } else { TokenKind::Broken }, end)
    }

    fn end_tag(&mut self) -> Token {
        let start = self.at + 2;
        let name = Span::new(start, self.name_end(start));
        let (end, closed) = self.through(2, ">");
        self.token(if closed { TokenKind::End { name } } else { TokenKind::Broken }, end)
    }

    fn name_end(&self, start: usize) -> usize {
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
        self.text.get(start..).and_then(|rest| rest.find(ends)).map_or(self.text.len(), |found| start + found)
    }

    fn start_tag(&mut self) -> Token {
        let start = self.at + 1;
        let name = Span::new(start, self.name_end(start));
        let mut place = name.end;
        let mut attributes = Vec::new();
        loop {
            place = self.past(place, |c: char| c.is_ascii_whitespace());
            let rest = self.text.get(place..).unwrap_or_default();
            if rest.is_empty() {
                let end = self.text.len();
                return self.token(TokenKind::Broken, end);
            }
            if rest.starts_with('>') || rest.starts_with("/>") {
                let self_closing = rest.starts_with('/');
                self.raw = self.raw_text(name, self_closing);
                let end = place + if self_closing { 2 } else { 1 };
                return self.token(TokenKind::Start { name, attributes, self_closing }, end);
            }
            if rest.starts_with('/') {
                place += 1;
                continue;
            }
            let Some(attribute) = self.attribute(place) else {
                let end = self.text.len();
                return self.token(TokenKind::Broken, end);
            };
            place = attribute.whole.end;
            attributes.push(attribute);
        }
    }

    fn past(&self, from: usize, passes: impl Fn(char) -> bool) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        rest.find(|c| !passes(c)).map_or(self.text.len(), |found| from + found)
    }

    /// One attribute; nothing where its value never ends.
    fn attribute(&self, start: usize) -> Option<Attribute> {
        // A leading `=` is part of the name, so that the loop always gets further.
        let first = self.text.get(start..)?.chars().next()?.len_utf8();
        let in_name = |c: char| !c.is_ascii_whitespace() && !matches!(c, '/' | '>' | '=');
        let name = Span::new(start, self.past(start + first, in_name));
        let equals = self.past(name.end, |c: char| c.is_ascii_whitespace());
        if !self.text.get(equals..)?.starts_with('=') {
            return Some(Attribute { name, value: None, whole: name });
        }
        let opening = self.past(equals + 1, |c: char| c.is_ascii_whitespace());
        let rest = self.text.get(opening..)?;
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let inner = opening + 1;
            let length = self.text.get(inner..)?.find(quote)?;
            let value = Span::new(inner, inner + length);
            return Some(Attribute { name, value: Some(value), whole: Span::new(start, value.end + 1) });
        }
        let value = Span::new(opening, self.past(opening, |c: char| !c.is_ascii_whitespace() && c != '>'));
        Some(Attribute { name, value: Some(value), whole: Span::new(start, value.end) })
    }

    fn raw_text(&self, name: Span, self_closing: bool) -> Option<&'static str> {
        if self.mode == Mode::Xml || self_closing {
            return None;
        }
        RAW_TEXT.iter().copied().find(|raw| raw.eq_ignore_ascii_case(name.of(self.text)))
    }

    /// Text up to the end tag of a raw-text element.
    fn raw_until_end(&self, name: &str) -> usize {
        let mut place = self.at;
        while let Some(found) = self.text.get(place..).and_then(|rest| rest.find("</")) {
            place += found;
            let after = self.text.get(place + 2..).unwrap_or_default();
            let named = after.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
            let next = after.get(name.len()..).and_then(|rest| rest.chars().next());
            if named && next.is_none_or(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')) {
                return place;
            }
            place += 2;
        }
        self.text.len()
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if let Some(name) = self.raw.take() {
            let end = self.raw_until_end(name);
            if end > self.at {
                return Some(self.token(TokenKind::Text, end));
            }
        }
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        if opens_name(rest, "</", self.mode) {
            return Some(self.end_tag());
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            return Some(self.bang());
        }
        if opens_name(rest, "<", self.mode) {
            return Some(self.start_tag());
        }
        // At least one character, so that a lone `<` is text.
        let first = rest.chars().next().map_or(1, char::len_utf8);
        let mut end = self.at + first;
        loop {
            let after = self.text.get(end..).unwrap_or_default();
            let Some(found) = after.find('<') else {
                end = self.text.len();
                break;
            };
            end += found;
            let tag = self.text.get(end..).unwrap_or_default();
            if opens_name(tag, "<", self.mode)
                || opens_name(tag, "</", self.mode)
                || tag.starts_with("<!")
                || tag.starts_with("<?")
            {
                break;
            }
            end += 1;
        }
        Some(self.token(TokenKind::Text, end))
    }
}

/// Does a name follow the opening?
fn opens_name(text: &str, opening: &str, mode: Mode) -> bool {
    let first = text.strip_prefix(opening).and_then(|rest| rest.chars().next());
    first.is_some_and(|c| match mode {
        Mode::Html => c.is_ascii_alphabetic(),
        Mode::Xml => c.is_alphabetic() || matches!(c, '_' | ':'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str, mode: Mode) -> Vec<String> {
        let mut whole = String::new();
        let kinds = Tokens::new(text, mode)
            .map(|token| {
                whole.push_str(token.span.of(text));
                match token.kind {
                    TokenKind::Start { name, attributes, self_closing } => {
                        let names: Vec<&str> = attributes.iter().map(|a| a.whole.of(text)).collect();
                        format!(
                            "<{}|{}{}",
                            name.of(text),
                            names.join("|"),
                            if self_closing { "/" } else { "" }
                        )
                    }
                    TokenKind::End { name } => format!("/{}", name.of(text)),
                    TokenKind::Text => token.span.of(text).to_owned(),
                    TokenKind::CharacterData { inner } => format!("[{}]", inner.of(text)),
                    TokenKind::Comment => "#".to_owned(),
                    TokenKind::Declaration => "!".to_owned(),
                    TokenKind::Broken => "?".to_owned(),
                }
            })
            .collect();
        assert_eq!(whole, text, "no byte is lost");
        kinds
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(kinds(text, Mode::Html), expected, "{text}");
    }

    #[test]
    fn html_is_cut_as_browsers_do() {
        check("a<b>c</b>", &["a", "<b|", "c", "/b"]);
        check("<IMG src=a/b alt='x > y' checked>", &["<IMG|src=a/b|alt='x > y'|checked"]);
        check("<br/><br / >", &["<br|/", "<br|"]);
        check("1 < 2 <3 <a", &["1 < 2 <3 ", "?"]);
        check("<!-- <p> --><!DOCTYPE html><?x?>", &["#", "!", "!"]);
        check("<!--><p>", &["#", "<p|"]);
        check("<script>if (a<b) '</p>'</script>x", &["<script|", "if (a<b) '</p>'", "/script", "x"]);
        check("<title></title>", &["<title|", "/title"]);
        check("<a =b \"c>", &["<a|=b|\"c"]);
        check("<a b = 'c'd>", &["<a|b = 'c'|d"]);
        check("<a b='c", &["?"]);
        check("é<é>é", &["é<é>é"]);
    }

    #[test]
    fn xml_knows_sections_and_keeps_scripts_as_elements() {
        assert_eq!(kinds("<?xml a>b?><A><![CDATA[<x>]]></A>", Mode::Xml), ["!", "<A|", "[<x>]", "/A"]);
        assert_eq!(kinds("<script><b/></script>", Mode::Xml), ["<script|", "<b|/", "/script"]);
        assert_eq!(kinds("<t t-if=\"a &lt; b\"/>", Mode::Xml), ["<t|t-if=\"a &lt; b\"/"]);
    }

    #[test]
    fn whatever_comes_no_byte_is_lost() {
        let parts =
            ["<", ">", "</", "<!--", "-->", "a", "='", "\"", " ", "é", "<![CDATA[", "]]>", "script", "/"];
        let mut state: u64 = 7;
        for _ in 0..3000 {
            let text: String = (0..12)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    parts[(state >> 33) as usize % parts.len()]
                })
                .collect();
            kinds(&text, Mode::Html);
            kinds(&text, Mode::Xml);
        }
    }
}
