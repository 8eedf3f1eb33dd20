//! Markup as a tree whose nodes know their places in the text. The text itself is never changed.

use std::borrow::Cow;

use super::{
    entities::decoded,
    html_names::{StartRule, has_optional_end, is_void},
    span::Span,
    tokens::{Attribute, Mode, Token, TokenKind, Tokens},
};

/// Deepest nesting; what is deeper becomes a sibling. libxml2, with which Odoo reads
/// markup, stops there too.
const DEPTH_MAX: usize = 256;

/// A node of one `Document`; of no use in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The text as a whole: the parent of what stands at the top.
    Root,
    Element(Element),
    Text,
    /// A CDATA section; the span is what stands in it.
    CharacterData(Span),
    Comment,
    /// A document type, a processing instruction or a tag that never ends.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    pub name: Span,
    pub attributes: Vec<Attribute>,
    /// The start tag.
    pub open: Span,
    /// What stands between the tags; empty at the end of a tag that has no content.
    pub inner: Span,
    pub end: End,
}

/// How an element ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With its end tag.
    Tag,
    /// `<br>`, which has no end tag.
    Void,
    /// `<br/>` or, in XML, `<anything/>`.
    SelfClosed,
    /// The end tag may be left out, and was.
    LeftOut,
    /// The end tag is missing where it must not be; where it ends is a guess.
    Guessed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub kind: Kind,
    /// All of it, tags included.
    pub span: Span,
    pub parent: Option<NodeId>,
    pub children: Vec<NodeId>,
}

/// What is wrong with a text, which a browser would forgive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    pub place: usize,
    pub what: String,
}

/// A text and its tree.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    text: &'a str,
    mode: Mode,
    nodes: Vec<Node>,
    flaws: Vec<Flaw>,
}

/// Flaws beyond this many say nothing new.
const FLAWS_MAX: usize = 20;

impl<'a> Document<'a> {
    /// Never fails; what is wrong is in `flaws`.
    pub fn parse(text: &'a str, mode: Mode) -> Self {
        let root =
            Node { kind: Kind::Root, span: Span::new(0, text.len()), parent: None, children: Vec::new() };
        let mut builder =
            Builder { document: Self { text, mode, nodes: vec![root], flaws: Vec::new() }, open: Vec::new() };
        for token in Tokens::new(text, mode) {
            builder.take(token);
        }
        builder.finish()
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub fn flaws(&self) -> &[Flaw] {
        &self.flaws
    }

    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// The node; the root for an id of another document.
    pub fn node(&self, id: NodeId) -> &Node {
        static NOWHERE: Node =
            Node { kind: Kind::Root, span: Span { start: 0, end: 0 }, parent: None, children: Vec::new() };
        self.nodes.get(id.0).unwrap_or(&NOWHERE)
    }

    /// Every node in document order, the root first.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId)
    }

    pub fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.node(id).kind {
            Kind::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The name as it is written; empty for what is no element.
    pub fn name(&self, id: NodeId) -> &'a str {
        self.element(id).map_or("", |element| element.name.of(self.text))
    }

    /// Is it an element of that name? In HTML in any case.
    pub fn is(&self, id: NodeId, name: &str) -> bool {
        self.element(id).is_some_and(|element| self.same_name(element.name.of(self.text), name))
    }

    pub fn same_name(&self, a: &str, b: &str) -> bool {
        match self.mode {
            Mode::Html => a.eq_ignore_ascii_case(b),
            Mode::Xml => a == b,
        }
    }

    pub fn attributes(&self, id: NodeId) -> &[Attribute] {
        self.element(id).map_or(&[], |element| &element.attributes)
    }

    /// The attribute as it stands; the first of several, as browsers do.
    pub fn attribute(&self, id: NodeId, name: &str) -> Option<Attribute> {
        let mut attributes = self.attributes(id).iter();
        attributes.find(|attribute| self.same_name(attribute.name.of(self.text), name)).copied()
    }

    /// Its value, references read; empty for a bare name.
    pub fn value(&self, id: NodeId, name: &str) -> Option<Cow<'a, str>> {
        self.attribute(id, name).map(|attribute| self.value_of(&attribute))
    }

    pub fn value_of(&self, attribute: &Attribute) -> Cow<'a, str> {
        attribute.value.map_or(Cow::Borrowed(""), |value| decoded(value.of(self.text)))
    }

    pub fn has_class(&self, id: NodeId, class: &str) -> bool {
        self.value(id, "class").is_some_and(|value| value.split_ascii_whitespace().any(|one| one == class))
    }

    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).parent
    }

    pub fn children(&self, id: NodeId) -> &[NodeId] {
        &self.node(id).children
    }

    pub fn child_elements(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(id).iter().copied().filter(|child| self.element(*child).is_some())
    }

    /// The node and everything in it, in document order.
    pub fn within(&self, id: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        let end = self.last_within(id);
        (id.0..=end.0).map(NodeId)
    }

    /// Ids grow in document order, so what is in a node stands right behind it.
    fn last_within(&self, id: NodeId) -> NodeId {
        let mut last = id;
        while let Some(child) = self.children(last).last() {
            last = *child;
        }
        last
    }

    pub fn elements_within(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.within(id).filter(move |inner| *inner != id && self.element(*inner).is_some())
    }

    /// The nodes it is in, nearest first; the root is not among them.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(id), |node| self.parent(*node))
            .filter(|node| !matches!(self.node(*node).kind, Kind::Root))
    }

    /// The text of a text node, references read; nothing for other nodes.
    pub fn text_of(&self, id: NodeId) -> Cow<'a, str> {
        let node = self.node(id);
        match &node.kind {
            Kind::Text if self.parent(id).is_some_and(|parent| self.is_raw_text(parent)) => {
                Cow::Borrowed(node.span.of(self.text))
            }
            Kind::Text => decoded(node.span.of(self.text)),
            Kind::CharacterData(inner) => Cow::Borrowed(inner.of(self.text)),
            _ => Cow::Borrowed(""),
        }
    }

    /// All the text in a node, as XPath's `string()` sees it.
    pub fn whole_text(&self, id: NodeId) -> String {
        self.within(id).map(|inner| self.text_of(inner)).collect()
    }

    /// Content that holds no references: scripts and styles. Titles and text areas do.
    fn is_raw_text(&self, id: NodeId) -> bool {
        self.mode == Mode::Html && ["script", "style", "xmp", "iframe"].iter().any(|raw| self.is(id, raw))
    }

    /// What stands in a node as it is written.
    pub fn inner(&self, id: NodeId) -> &'a str {
        match &self.node(id).kind {
            Kind::Element(element) => element.inner.of(self.text),
            Kind::Root => self.text,
            _ => "",
        }
    }

    /// The node as it is written.
    pub fn outer(&self, id: NodeId) -> &'a str {
        self.node(id).span.of(self.text)
    }
}

struct Builder<'a> {
    document: Document<'a>,
    /// Open elements, outermost first.
    open: Vec<NodeId>,
}

impl<'a> Builder<'a> {
    fn take(&mut self, token: Token) {
        let span = token.span;
        match token.kind {
            TokenKind::Start { name, attributes, self_closing } => {
                self.start(name, attributes, self_closing, span);
            }
            TokenKind::End { name } => self.end(name, span),
            TokenKind::Text => {
                self.add(Kind::Text, span);
            }
            TokenKind::CharacterData { inner } => {
                self.add(Kind::CharacterData(inner), span);
            }
            TokenKind::Comment => {
                self.add(Kind::Comment, span);
            }
            TokenKind::Declaration => {
                self.add(Kind::Other, span);
            }
            TokenKind::Broken => {
                self.add(Kind::Other, span);
                self.flaw(span.start, || "a tag never ends".to_owned());
            }
        }
    }

    fn add(&mut self, kind: Kind, span: Span) -> NodeId {
        let parent = self.open.last().copied().unwrap_or(NodeId(0));
        let id = NodeId(self.document.nodes.len());
        self.document.nodes.push(Node { kind, span, parent: Some(parent), children: Vec::new() });
        if let Some(parent) = self.document.nodes.get_mut(parent.0) {
            parent.children.push(id);
        }
        id
    }

    fn start(&mut self, name: Span, attributes: Vec<Attribute>, self_closing: bool, span: Span) {
        let text = self.document.text;
        let html = self.document.mode == Mode::Html;
        if html {
            self.close_left_out(name.of(text), span.start);
        }
        let void = html && is_void(name.of(text));
        // In HTML, `<div/>` opens a div; inside SVG and MathML the slash counts.
        let closed = self_closing && (!html || void || self.in_foreign(name.of(text)));
        let end = match (void, closed) {
            (_, true) => End::SelfClosed,
            (true, false) => End::Void,
            (false, false) => End::Guessed,
        };
        let inner = Span::at(span.end);
        let id = self.add(Kind::Element(Element { name, attributes, open: span, inner, end }), span);
        if end != End::Guessed {
            return;
        }
        if self.open.len() < DEPTH_MAX {
            self.open.push(id);
        } else {
            self.flaw(span.start, || format!("elements are nested deeper than {DEPTH_MAX}"));
        }
    }

    fn in_foreign(&self, name: &str) -> bool {
        let foreign = |name: &str| name.eq_ignore_ascii_case("svg") || name.eq_ignore_ascii_case("math");
        foreign(name) || self.open.iter().any(|id| foreign(self.document.name(*id)))
    }

    /// The start of an element ends some that may leave out their end tag.
    fn close_left_out(&mut self, name: &str, place: usize) {
        let Some(rule) = StartRule::of(name) else { return };
        loop {
            let names = self.open.iter().map(|id| self.document.name(*id));
            let found = names.enumerate().rev().find_map(|(index, open)| Some((index, rule.closes(open)?)));
            let Some((index, true)) = found else { return };
            self.close_from(index, place);
        }
    }

    fn end(&mut self, name: Span, span: Span) {
        let written = name.of(self.document.text);
        let Some(index) = self.open.iter().rposition(|id| self.document.is(*id, written)) else {
            self.flaw(span.start, || format!("`</{}>` ends nothing", shortened(written)));
            self.add(Kind::Other, span);
            return;
        };
        self.close_from(index + 1, span.start);
        if let Some(id) = self.open.pop() {
            self.close(id, Span::new(span.start, span.end), End::Tag);
        }
    }

    /// Elements from a depth on end at a place, without end tags of their own.
    fn close_from(&mut self, index: usize, place: usize) {
        while self.open.len() > index {
            let Some(id) = self.open.pop() else { return };
            let name = self.document.name(id);
            let optional = self.document.mode == Mode::Html && has_optional_end(name);
            if !optional {
                let start = self.document.node(id).span.start;
                self.flaw(start, || format!("`<{}>` is never closed", shortened(name)));
            }
            self.close(id, Span::at(place), if optional { End::LeftOut } else { End::Guessed });
        }
    }

    fn close(&mut self, id: NodeId, tag: Span, how: End) {
        let Some(node) = self.document.nodes.get_mut(id.0) else { return };
        node.span.end = tag.end;
        if let Kind::Element(element) = &mut node.kind {
            element.inner = Span::new(element.open.end, tag.start);
            element.end = how;
        }
    }

    fn flaw(&mut self, place: usize, what: impl FnOnce() -> String) {
        if self.document.flaws.len() < FLAWS_MAX {
            self.document.flaws.push(Flaw { place, what: what() });
        }
    }

    fn finish(mut self) -> Document<'a> {
        let end = self.document.text.len();
        self.close_from(0, end);
        self.document
    }
}

/// A name that is long enough to be recognised.
fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree with parentheses, to compare at a glance.
    fn drawn(document: &Document<'_>, id: NodeId) -> String {
        let own = match &document.node(id).kind {
            Kind::Root => String::new(),
            Kind::Element(element) => {
                let mark = match element.end {
                    End::Tag => "",
                    End::Void => "!",
                    End::SelfClosed => "/",
                    End::LeftOut => "~",
                    End::Guessed => "?",
                };
                format!("{}{mark}", document.name(id))
            }
            Kind::Text | Kind::CharacterData(_) => format!("'{}'", document.text_of(id)),
            Kind::Comment => "#".to_owned(),
            Kind::Other => "*".to_owned(),
        };
        let children: Vec<String> = document.children(id).iter().map(|id| drawn(document, *id)).collect();
        if children.is_empty() { own } else { format!("{own}({})", children.join(" ")) }
    }

    #[track_caller]
    fn check(mode: Mode, text: &str, expected: &str) {
        let document = Document::parse(text, mode);
        assert_eq!(drawn(&document, document.root()), expected, "{text}");
    }

    #[test]
    fn html_becomes_the_tree_that_browsers_make() {
        let html = |text, expected| check(Mode::Html, text, expected);
        html("a<p>b<br>c</p>d", "('a' p('b' br! 'c') 'd')");
        html("<ul><li>a<li>b<ul><li>c</ul></ul>", "(ul(li~('a') li~('b' ul(li~('c')))))");
        html("<p>a<p>b<div>c</div>", "(p~('a') p~('b') div('c'))");
        html("<table><tr><td>a<td>b<tr><td>c</table>", "(table(tr~(td~('a') td~('b')) tr~(td~('c'))))");
        html("<td><table><td>x</td></table></td>", "(td(table(td('x'))))");
        html("<b><i>a</b>c</i>", "(b(i?('a')) 'c' *)");
        html("<div/>a", "(div?('a'))");
        html("<svg><path d='x'/><g/></svg>a", "(svg(path/ g/) 'a')");
        html("<select><option>a<option>b</select>", "(select(option~('a') option~('b')))");
        html("<DIV>a</div>", "(DIV('a'))");
        html("a &amp; <script>b &amp;</script>", "('a & ' script('b &amp;'))");
        html("</p>x", "(* 'x')");
        html("<dl><dt>a<dd>b<dt>c</dl>", "(dl(dt~('a') dd~('b') dt~('c')))");
    }

    #[test]
    fn xml_is_taken_by_the_letter() {
        let xml = |text, expected| check(Mode::Xml, text, expected);
        xml("<t><br/>a<![CDATA[<b>]]></t>", "(t(br/ 'a' '<b>'))");
        xml("<p><p>a</p></p>", "(p(p('a')))");
        xml("<br>a", "(br?('a'))");
        xml("<T></t>", "(T?(*))");
    }

    #[test]
    fn spans_are_exact() {
        let text = "x<div class=\"a\">y<b>z</b></div>t";
        let document = Document::parse(text, Mode::Html);
        let div = document.ids().find(|id| document.is(*id, "DIV")).unwrap();
        assert_eq!(document.outer(div), "<div class=\"a\">y<b>z</b></div>");
        assert_eq!(document.inner(div), "y<b>z</b>");
        assert_eq!(document.whole_text(div), "yz");
        assert_eq!(document.within(div).count(), 4);
        assert!(document.has_class(div, "a") && document.flaws().is_empty());
    }

    #[test]
    fn deep_nesting_ends_somewhere() {
        let text = "<div>".repeat(20_000);
        let document = Document::parse(&text, Mode::Html);
        assert!(!document.flaws().is_empty());
        assert!(document.ids().all(|id| document.ancestors(id).count() <= DEPTH_MAX));
    }
}
