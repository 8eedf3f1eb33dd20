//! What Odoo translates in markup: the terms, and the structure they stand in.
//!
//! A term is the longest run of text and inline elements between two block elements, or the text of
//! an attribute that people read. Odoo keeps one translation per term; the structure belongs to all
//! languages. Where the server lists its terms itself, its list decides and this one only pairs.

use std::ops::Range;

use super::{
    entities::decoded,
    pieces::{Element, MarkupError, Piece, read},
    tokens::Mode,
};

/// Elements that are part of a run of text.
const INLINE: &[&str] = &[
    "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd",
    "keygen", "mark", "math", "meter", "output", "progress", "q", "ruby", "s", "samp", "small", "span",
    "strong", "sub", "sup", "text", "time", "u", "var", "wbr",
];
/// Inline elements only from version 18 on.
const INLINE_SINCE_18: &[&str] = &["option", "select"];
/// Attributes that people read.
const READ_BY_PEOPLE: &[&str] = &[
    "add-label",
    "alt",
    "aria-keyshortcuts",
    "aria-label",
    "aria-placeholder",
    "aria-roledescription",
    "aria-valuetext",
    "avg",
    "cancel-label",
    "confirm",
    "confirm-label",
    "confirm-title",
    "data-tooltip",
    "help",
    "label",
    "placeholder",
    "string",
    "sum",
    "title",
    "value_label",
];
/// Elements that are never looked into.
const SKIPPED: &[&str] = &["script", "style", "title"];

/// How a version of Odoo finds terms.
#[derive(Debug, Clone, Copy)]
pub struct TermRules {
    pub mode: Mode,
    /// Major version of the server; the newest where it is not known.
    pub major: u16,
}

/// One term and where it stands in the structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub text: String,
}

/// Markup taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// In the order of the text.
    pub terms: Vec<Term>,
    /// Everything else, with a mark where each term stands.
    structure: Vec<String>,
}

/// Stands in a structure for a term.
const TERM_MARK: &str = "…";
/// Pieces of structure that an error repeats.
const PIECE_SHOWN_CHARS_MAX: usize = 80;

impl Parts {
    pub fn of(text: &str, rules: TermRules) -> Result<Self, MarkupError> {
        let pieces = read(text, rules.mode)?;
        let mut walk = Walk { text, rules, terms: Vec::new(), structure: Vec::new() };
        walk.block(&pieces);
        Ok(Self { terms: walk.terms, structure: walk.structure })
    }

    /// The terms of both, side by side; an error where the structures differ.
    pub fn paired<'a>(&'a self, other: &'a Self) -> Result<Vec<(&'a str, &'a str)>, MarkupError> {
        let longest = self.structure.len().max(other.structure.len());
        for index in 0..longest {
            let (ours, theirs) = (self.structure.get(index), other.structure.get(index));
            if ours != theirs {
                let shown = |piece: Option<&String>| match piece {
                    Some(piece) => format!("`{}`", shortened(piece)),
                    None => "the end".to_owned(),
                };
                return Err(MarkupError(format!("{} stands where {} was", shown(theirs), shown(ours))));
            }
        }
        Ok(self.terms.iter().zip(&other.terms).map(|(ours, theirs)| (&*ours.text, &*theirs.text)).collect())
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(PIECE_SHOWN_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

struct Walk<'a> {
    text: &'a str,
    rules: TermRules,
    terms: Vec<Term>,
    structure: Vec<String>,
}

impl Walk<'_> {
    /// The content of an element that is no part of a run.
    fn block(&mut self, pieces: &[Piece]) {
        let mut index = 0;
        while let Some(piece) = pieces.get(index) {
            let run = pieces.get(index..).unwrap_or_default();
            let length = run.iter().take_while(|piece| self.is_inline(piece)).count();
            if length == 0 {
                self.structural(piece);
                index += 1;
                continue;
            }
            let run = run.get(..length).unwrap_or_default();
            self.run(run);
            index += length;
        }
    }

    fn run(&mut self, run: &[Piece]) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        if run.iter().any(|piece| self.has_text(piece)) {
            let text = self.slice(&(first.span().start..last.span().end)).trim().to_owned();
            self.term(text);
            return;
        }
        // Nothing to read in it: each element is structure, blank text is nothing.
        for piece in run {
            match piece {
                Piece::Text(span) => {
                    let text = self.slice(span).trim().to_owned();
                    if !text.is_empty() {
                        self.structure.push(text);
                    }
                }
                other => self.structural(other),
            }
        }
    }

    fn structural(&mut self, piece: &Piece) {
        match piece {
            Piece::Text(_) => {}
            Piece::Aside(span) => {
                let aside = self.slice(span).to_owned();
                self.structure.push(aside);
            }
            Piece::Element(element) => self.element(element),
        }
    }

    fn element(&mut self, element: &Element) {
        if SKIPPED.contains(&element.name.as_str()) || is_off(element) {
            let whole = self.slice(&element.span).to_owned();
            self.structure.push(whole);
            return;
        }
        self.structure.push(opening(element, |name| is_read_by_people(element, name)));
        self.block(&element.children);
        for attribute in &element.attributes {
            if is_read_by_people(element, &attribute.name) {
                let text = attribute.value.trim().to_owned();
                if self.is_text(&text) {
                    self.term(text);
                } else {
                    self.structure.push(text);
                }
            }
        }
        self.structure.push(format!("</{}>", element.name));
    }

    fn term(&mut self, text: String) {
        self.structure.push(TERM_MARK.to_owned());
        self.terms.push(Term { text });
    }

    fn slice(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    fn is_inline(&self, piece: &Piece) -> bool {
        match piece {
            Piece::Text(_) => true,
            Piece::Aside(_) => false,
            Piece::Element(element) => {
                let is_run_element = INLINE.contains(&element.name.as_str())
                    || (self.rules.major >= 18 && INLINE_SINCE_18.contains(&element.name.as_str()));
                let forced = self.rules.major >= 18
                    && element
                        .value("class")
                        .is_some_and(|class| class.split(' ').any(|word| word == "o_translate_inline"));
                forced
                    || (is_run_element
                        && !is_off(element)
                        && !element.attributes.iter().any(|attribute| is_directive(&attribute.name))
                        && element.children.iter().all(|child| self.is_inline(child)))
            }
        }
    }

    fn has_text(&self, piece: &Piece) -> bool {
        match piece {
            Piece::Text(span) => self.is_text(&decoded(self.slice(span))),
            Piece::Aside(_) => false,
            Piece::Element(element) => {
                element.attributes.iter().any(|attribute| {
                    is_read_by_people(element, &attribute.name) && !attribute.value.is_empty()
                }) || element.children.iter().any(|child| self.has_text(child))
            }
        }
    }

    /// Older versions want two letters before they call something a text.
    fn is_text(&self, text: &str) -> bool {
        if self.rules.major >= 18 {
            return text.chars().any(|c| !c.is_whitespace() && c != '\u{feff}');
        }
        text.chars().filter(|c| c.is_alphanumeric() || *c == '_').nth(1).is_some()
    }
}

fn is_off(element: &Element) -> bool {
    element.value("t-translation").is_some_and(|value| value.trim() == "off")
}

fn is_directive(name: &str) -> bool {
    name.starts_with("t-") || name.ends_with(".translate")
}

fn is_read_by_people(element: &Element, name: &str) -> bool {
    let plain = name.strip_prefix("t-attf-").unwrap_or(name);
    (READ_BY_PEOPLE.contains(&plain) && element.value("t-call").is_none()) || name.ends_with(".translate")
}

/// A start tag without what is left out, its attributes in a fixed order.
fn opening(element: &Element, leaves_out: impl Fn(&str) -> bool) -> String {
    let mut attributes: Vec<String> = element
        .attributes
        .iter()
        .map(|attribute| {
            if leaves_out(&attribute.name) {
                attribute.name.clone()
            } else {
                format!("{}={}", attribute.name, attribute.value)
            }
        })
        .collect();
    attributes.sort();
    std::iter::once(format!("<{}", element.name)).chain(attributes).collect::<Vec<_>>().join(" ")
}

/// The tags of a term with their attributes, those for readers apart: what a translation must keep.
pub fn inline_tags(text: &str, mode: Mode) -> Result<Vec<String>, MarkupError> {
    fn collect(pieces: &[Piece], tags: &mut Vec<String>) {
        for piece in pieces {
            if let Piece::Element(element) = piece {
                tags.push(opening(element, |name| is_read_by_people(element, name)));
                collect(&element.children, tags);
            }
        }
    }
    let mut tags = Vec::new();
    collect(&read(text, mode)?, &mut tags);
    tags.sort();
    Ok(tags)
}

/// Do two pieces of markup say the same, whatever way they are written? Servers write entities,
/// quotes and blanks their own way.
pub fn says_the_same(one: &str, other: &str, mode: Mode) -> bool {
    fn flat(text: &str, pieces: &[Piece], out: &mut String) {
        for piece in pieces {
            match piece {
                Piece::Text(span) => {
                    out.push_str(&decoded(text.get(span.clone()).unwrap_or_default()));
                }
                Piece::Aside(span) => out.push_str(text.get(span.clone()).unwrap_or_default()),
                Piece::Element(element) => {
                    out.push_str(&opening(element, |_| false));
                    out.push('>');
                    flat(text, &element.children, out);
                    out.push_str("</>");
                }
            }
        }
    }
    let normal = |text: &str| {
        let pieces = read(text, mode).ok()?;
        let mut out = String::new();
        flat(text, &pieces, &mut out);
        Some(out.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    one == other || normal(one).is_some_and(|one| normal(other).as_ref() == Some(&one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(major: u16) -> TermRules {
        TermRules { mode: Mode::Html, major }
    }

    #[track_caller]
    fn check(markup: &str, terms: &[&str]) {
        for major in [14, 19] {
            let parts = Parts::of(markup, rules(major)).unwrap();
            let found: Vec<&str> = parts.terms.iter().map(|term| &*term.text).collect();
            assert_eq!(found, terms, "{markup} in {major}");
        }
    }

    #[test]
    fn terms_are_runs_between_blocks() {
        check("Plain words", &["Plain words"]);
        check("<p>Hello <b>world</b>!</p>", &["Hello <b>world</b>!"]);
        check("<div><p>One text</p> <p> Two texts </p></div>", &["One text", "Two texts"]);
        check("<p>before <img src=\"a.png\" alt=\"A cat\"> after it</p>", &["before", "A cat", "after it"]);
        check("<p>text<br>next line</p>", &["text<br>next line"]);
        check("<ul><li><span>one</span></li><li/></ul>", &["<span>one</span>"]);
        check("<p t-translation=\"off\">not this</p><p>but this</p>", &["but this"]);
        check("<!-- a remark --><p>word</p><script>if (a < b) {}</script>", &["word"]);
        check("<a href=\"/shop\" title=\"Our shop\">Buy</a>", &["Buy", "Our shop"]);
        check("", &[]);
        check("<p>   </p>", &[]);
    }

    #[test]
    fn versions_differ_in_what_a_text_is() {
        let count = |major| Parts::of("<p>5</p>", rules(major)).unwrap().terms.len();
        assert_eq!((count(14), count(17), count(19)), (0, 0, 1));
    }

    #[test]
    fn structures_pair_or_are_refused() {
        let pairs = |one: &str, other: &str| {
            let (one, other) = (Parts::of(one, rules(19)).unwrap(), Parts::of(other, rules(19)).unwrap());
            one.paired(&other)
                .map(|pairs| pairs.iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>().join("; "))
                .map_err(|error| error.to_string())
        };
        let source = "<h1>Hello</h1><p class=\"a\" id='x'>Good <b>day</b></p>";
        assert_eq!(
            pairs(source, "<h1>Bonjour</h1>\n<p id=\"x\" class=\"a\">Bonne <b>journée</b></p>").unwrap(),
            "Hello=Bonjour; Good <b>day</b>=Bonne <b>journée</b>"
        );
        for changed in [
            "<h1>Bonjour</h1>",
            "<h2>Bonjour</h2><p class=\"a\" id=\"x\">Bonne</p>",
            "<h1>Bonjour</h1><p class=\"b\" id=\"x\">Bonne</p>",
            "<h1>Bonjour</h1><p class=\"a\" id=\"x\">Bonne</p><p>Encore</p>",
            "<h1></h1><p class=\"a\" id=\"x\">Bonne</p>",
        ] {
            assert!(pairs(source, changed).unwrap_err().contains("stands where"), "{changed}");
        }
    }

    #[test]
    fn unbalanced_markup_is_an_error() {
        for bad in ["</p>", "<b><i>x</b></i>", "<p", "<p class=\"x"] {
            assert!(Parts::of(bad, rules(19)).is_err(), "{bad}");
        }
        assert!(Parts::of("1 < 2 and a <3", rules(19)).is_ok());
        let xml = TermRules { mode: Mode::Xml, major: 19 };
        assert!(Parts::of("<t><br/></t>", xml).is_ok() && Parts::of("<t><br></t>", xml).is_err());
    }

    #[test]
    fn markup_is_compared_by_what_it_says() {
        let same = |one: &str, other: &str| says_the_same(one, other, Mode::Html);
        assert!(same("a &amp; b&nbsp;c", "a & b\u{a0}c"));
        assert!(same("<a href='x' title=\"t\">y</a>", "<a title=\"t\" href=\"x\">y</a>"));
        assert!(
            !same("<b>a</b>", "<i>a</i>")
                && !same("a", "b")
                && !same("<a href='x'>y</a>", "<a href='z'>y</a>")
        );
    }
}
