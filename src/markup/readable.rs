//! HTML as text that a person reads: paragraphs, list marks, rows of tables; no scripts, no styles.

use super::{
    html_names::{is_block, is_one_of},
    tokens::Mode,
    tree::{Document, Kind, NodeId},
};

/// Elements that show nothing, or nothing that is text.
const UNSEEN: &[&str] = &[
    "script", "style", "template", "noscript", "head", "svg", "math", "select", "datalist", "iframe",
    "object",
];

/// Blocks with an empty line before and after.
const APART: &[&str] = &[
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "ul",
    "ol",
    "table",
    "section",
    "article",
];

/// The text of an HTML page or fragment.
pub fn html_to_text(html: &str) -> String {
    let document = Document::parse(html, Mode::Html);
    readable_text(&document, document.root())
}

/// The text of a node as it reads on the page.
pub fn readable_text(document: &Document<'_>, id: NodeId) -> String {
    let mut writer = Writer::default();
    writer.children(document, id);
    writer.text.truncate(writer.text.trim_end().len());
    writer.text
}

/// The text of a node in one line.
pub fn text_in_a_line(document: &Document<'_>, id: NodeId) -> String {
    readable_text(document, id).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Default)]
struct Writer {
    text: String,
    /// Line breaks that are due before the next word.
    breaks: usize,
    /// A space is due before the next word.
    space: bool,
    preformatted: usize,
    /// Open lists: the number of the next item, or nothing for bullets.
    lists: Vec<Option<u64>>,
    /// A mark was just written and the item's text follows on the same line.
    after_mark: bool,
}

impl Writer {
    fn children(&mut self, document: &Document<'_>, id: NodeId) {
        for child in document.children(id) {
            self.node(document, *child);
        }
    }

    fn node(&mut self, document: &Document<'_>, id: NodeId) {
        match &document.node(id).kind {
            Kind::Text | Kind::CharacterData(_) => self.words(&document.text_of(id)),
            Kind::Element(_) => self.element(document, id),
            Kind::Root | Kind::Comment | Kind::Other => {}
        }
    }

    fn element(&mut self, document: &Document<'_>, id: NodeId) {
        let name = document.name(id).to_ascii_lowercase();
        if is_one_of(&name, UNSEEN) || document.attribute(id, "hidden").is_some() {
            return;
        }
        match name.as_str() {
            "br" => self.line_break(),
            "img" => {
                if let Some(description) = document.value(id, "alt").filter(|alt| !alt.trim().is_empty()) {
                    self.words(&format!("[{}]", description.trim()));
                }
            }
            "ul" | "ol" | "menu" => self.list(document, id, &name),
            "li" => self.item(document, id),
            "pre" => {
                self.apart(2);
                self.preformatted += 1;
                self.children(document, id);
                self.preformatted -= 1;
                self.apart(2);
            }
            "td" | "th" => {
                if !self.text.is_empty() && self.breaks == 0 && !self.text.ends_with('\n') {
                    self.text.push_str(" | ");
                    self.space = false;
                }
                self.children(document, id);
            }
            _ => {
                let lines = if is_one_of(&name, APART) { 2 } else { usize::from(is_block(&name)) };
                self.apart(lines);
                self.children(document, id);
                self.apart(lines);
            }
        }
    }

    fn list(&mut self, document: &Document<'_>, id: NodeId, name: &str) {
        let lines = if self.lists.is_empty() { 2 } else { 1 };
        let first = document.value(id, "start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
        self.apart(lines);
        self.lists.push((name == "ol").then_some(first));
        self.children(document, id);
        self.lists.pop();
        self.apart(lines);
    }

    fn item(&mut self, document: &Document<'_>, id: NodeId) {
        self.apart(1);
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                format!("{indent}{}. ", number.saturating_sub(1))
            }
            _ => format!("{indent}- "),
        };
        self.due();
        self.text.push_str(&mark);
        self.after_mark = true;
        self.children(document, id);
        self.after_mark = false;
        self.apart(1);
    }

    fn apart(&mut self, lines: usize) {
        if lines > 0 && !self.text.is_empty() && !self.after_mark {
            // Lists stay close together.
            let lines = if self.lists.is_empty() { lines } else { 1 };
            self.breaks = self.breaks.max(lines);
            self.space = false;
        }
    }

    fn line_break(&mut self) {
        if !self.text.is_empty() {
            self.breaks = (self.breaks + 1).min(2);
            self.space = false;
        }
    }

    /// Writes the breaks that are due.
    fn due(&mut self) {
        if self.breaks > 0 {
            let kept = self.text.trim_end().len();
            self.text.truncate(kept);
            self.text.push_str(&"\n".repeat(self.breaks));
            (self.breaks, self.space) = (0, false);
        }
    }

    fn words(&mut self, text: &str) {
        if self.preformatted > 0 {
            self.due();
            self.text.push_str(text);
            return;
        }
        self.space |= text.starts_with(char::is_whitespace);
        for word in text.split_whitespace() {
            self.due();
            if self.space && !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
                self.text.push(' ');
            }
            self.text.push_str(word);
            (self.space, self.after_mark) = (true, false);
        }
        self.space = text.ends_with(char::is_whitespace) || (self.space && text.trim().is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, text: &str) {
        assert_eq!(html_to_text(html), text, "{html}");
    }

    #[test]
    fn pages_read_as_people_see_them() {
        check("<h1>A</h1><p>b <b>c</b>d<br>e</p>f", "A\n\nb cd\ne\n\nf");
        check("<ul><li>a</li><li><p>b</p><ol><li>c<li>d</ol></li></ul>x", "- a\n- b\n  1. c\n  2. d\n\nx");
        check(
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td></td><td>3</td></tr></table>",
            "A | B\n1 |  | 3",
        );
        check("<script>x</script><style>y</style><p hidden>z</p>a", "a");
        check("  a \n  b&nbsp;c <i> d</i>", "a b c d");
        check("<pre>a\n  b</pre>", "a\n  b");
        check("<div><div>a</div><div>b</div></div>", "a\nb");
        check("<img alt='logo'> x", "[logo] x");
        check("", "");
    }
}
