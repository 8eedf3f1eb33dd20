//! What HTML's element names mean: which have no content, which may leave out their end, which are blocks.

const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

const OPTIONAL_END: &[&str] = &[
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "colgroup",
    "caption", "rp", "rt", "html", "head", "body",
];

/// Starts of these end an open paragraph.
const ENDS_PARAGRAPH: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "ul",
];

/// Those and these stand on lines of their own.
const OTHER_BLOCKS: &[&str] = &[
    "body", "caption", "dd", "dt", "html", "legend", "li", "option", "tbody", "tfoot", "thead", "title", "tr",
];

pub(super) fn is_void(name: &str) -> bool {
    is_one_of(name, VOID)
}

pub(super) fn has_optional_end(name: &str) -> bool {
    is_one_of(name, OPTIONAL_END)
}

pub(super) fn is_block(name: &str) -> bool {
    is_one_of(name, ENDS_PARAGRAPH) || is_one_of(name, OTHER_BLOCKS)
}

pub(super) fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// What the start of an element ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct StartRule {
    closed: &'static [&'static str],
    border: &'static [&'static str],
}

impl StartRule {
    pub(super) fn of(name: &str) -> Option<Self> {
        let (closed, border): (&[&str], &[&str]) = if is_one_of(name, &["li"]) {
            (&["li"], &["ul", "ol", "menu", "table", "td", "th"])
        } else if is_one_of(name, &["dt", "dd"]) {
            (&["dt", "dd"], &["dl", "table", "td", "th"])
        } else if is_one_of(name, &["td", "th"]) {
            (&["td", "th", "caption", "colgroup"], &["tr", "table"])
        } else if is_one_of(name, &["tr"]) {
            (&["tr", "td", "th", "caption", "colgroup"], &["table", "thead", "tbody", "tfoot"])
        } else if is_one_of(name, &["thead", "tbody", "tfoot"]) {
            (&["thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup"], &["table"])
        } else if is_one_of(name, &["option"]) {
            (&["option"], &["select", "datalist", "optgroup"])
        } else if is_one_of(name, &["optgroup"]) {
            (&["option", "optgroup"], &["select"])
        } else if is_one_of(name, ENDS_PARAGRAPH) {
            (&["p"], &["button", "table", "td", "th", "caption", "object", "template", "svg", "math"])
        } else {
            return None;
        };
        Some(Self { closed, border })
    }

    /// Does it end this open element? Nothing: look at the element around it; `false`: stop looking,
    /// because what is further out belongs to another list or table.
    pub(super) fn closes(self, open: &str) -> Option<bool> {
        if is_one_of(open, self.closed) {
            Some(true)
        } else if is_one_of(open, self.border) {
            Some(false)
        } else {
            None
        }
    }
}
