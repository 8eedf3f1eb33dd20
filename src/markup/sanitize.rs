//! Foreign HTML made harmless: read into a tree and written anew from what is allowed.

use super::{
    entities::{escaped_attribute, escaped_text},
    html_names::{is_one_of, is_void},
    links::{is_safe_link, is_safe_source},
    readable::html_to_text,
    styles::style_problem,
    tokens::Mode,
    tree::{Document, Kind, NodeId},
};

/// Elements that may stay.
const ALLOWED: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "nav",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that go with everything in them; of other elements the content stays.
const GONE: &[&str] = &[
    "script",
    "style",
    "iframe",
    "frame",
    "frameset",
    "object",
    "embed",
    "applet",
    "template",
    "noscript",
    "noembed",
    "noframes",
    "xmp",
    "plaintext",
    "textarea",
    "select",
    "svg",
    "math",
    "title",
    "head",
    "link",
    "meta",
    "base",
    "input",
    "audio",
    "video",
    "source",
    "track",
    "portal",
    "slot",
    "canvas",
];

/// Attributes that may stay on any element; `aria-…` may too.
const ATTRIBUTES: &[&str] = &[
    "class",
    "id",
    "title",
    "alt",
    "lang",
    "dir",
    "role",
    "width",
    "height",
    "colspan",
    "rowspan",
    "scope",
    "start",
    "value",
    "datetime",
    "rel",
    "align",
    "valign",
    "color",
    "data-name",
    "data-snippet",
    "loading",
];

/// What came out, and what had to go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sanitised {
    /// Well-formed as HTML and as XML.
    pub markup: String,
    /// What was left out, such as `<script>` or `onclick`, each once.
    pub removed: Vec<String>,
}

/// Readings after which markup that still changes is given up: two are enough for all but traps.
const PASSES_MAX: usize = 5;

/// The text with nothing but harmless HTML in it.
///
/// What comes out is read again until that changes nothing more: only then does every reader see the
/// tree that was checked.
pub fn sanitised(text: &str) -> Sanitised {
    let mut result = written_anew(text);
    for _ in 0..PASSES_MAX {
        let again = written_anew(&result.markup);
        if again.markup == result.markup {
            return result;
        }
        result.markup = again.markup;
        again.removed.into_iter().for_each(|what| result.remove(what));
    }
    result.remove("markup that every reader takes differently".to_owned());
    Sanitised { markup: escaped_text(&html_to_text(&result.markup)), ..result }
}

fn written_anew(text: &str) -> Sanitised {
    let document = Document::parse(text, Mode::Html);
    let mut result = Sanitised::default();
    write_children(&document, document.root(), &mut result);
    result
}

impl Sanitised {
    fn remove(&mut self, what: String) {
        if !self.removed.contains(&what) {
            self.removed.push(what);
        }
    }
}

fn write_children(document: &Document<'_>, id: NodeId, result: &mut Sanitised) {
    for child in document.children(id) {
        write(document, *child, result);
    }
}

/// Nesting is bounded by the tree's own limit.
fn write(document: &Document<'_>, id: NodeId, result: &mut Sanitised) {
    match &document.node(id).kind {
        Kind::Text | Kind::CharacterData(_) => {
            result.markup.push_str(&escaped_text(&document.text_of(id)));
        }
        Kind::Element(_) => write_element(document, id, result),
        Kind::Comment => result.remove("comments".to_owned()),
        Kind::Other => result.remove("broken tags and declarations".to_owned()),
        Kind::Root => {}
    }
}

fn write_element(document: &Document<'_>, id: NodeId, result: &mut Sanitised) {
    let name = document.name(id).to_ascii_lowercase();
    if !is_one_of(&name, ALLOWED) {
        result.remove(format!("<{}>", name.chars().take(40).collect::<String>()));
        if !is_one_of(&name, GONE) {
            write_children(document, id, result);
        }
        return;
    }
    result.markup.push('<');
    result.markup.push_str(&name);
    write_attributes(document, id, &name, result);
    if is_void(&name) {
        result.markup.push_str("/>");
        return;
    }
    result.markup.push('>');
    write_children(document, id, result);
    result.markup.push_str(&format!("</{name}>"));
}

fn write_attributes(document: &Document<'_>, id: NodeId, element: &str, result: &mut Sanitised) {
    let mut written: Vec<String> = Vec::new();
    for attribute in document.attributes(id) {
        let name = attribute.name.of(document.text()).to_ascii_lowercase();
        let value = document.value_of(attribute);
        if written.contains(&name) || !may_stay(element, &name, &value) {
            result.remove(name.chars().take(40).collect());
            continue;
        }
        result.markup.push_str(&format!(" {name}=\"{}\"", escaped_attribute(&value)));
        written.push(name);
    }
    // A page that is opened in a new window must not steer the one it came from.
    let opens_window = document.value(id, "target").is_some_and(|target| target == "_blank");
    if element == "a" && opens_window && !written.iter().any(|name| name == "rel") {
        result.markup.push_str(" rel=\"noopener\"");
    }
}

fn may_stay(element: &str, name: &str, value: &str) -> bool {
    match name {
        "href" => element == "a" && is_safe_link(value),
        "src" => element == "img" && is_safe_source(value),
        "target" => element == "a" && matches!(value, "_blank" | "_self"),
        "style" => style_problem(value).is_none(),
        name => {
            is_one_of(name, ATTRIBUTES)
                || name.strip_prefix("aria-").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_lowercase()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, markup: &str, removed: &[&str]) {
        let result = sanitised(text);
        assert_eq!(
            (result.markup.as_str(), result.removed),
            (markup, removed.iter().map(|r| (*r).to_owned()).collect())
        );
        assert_eq!(
            sanitised(markup),
            Sanitised { markup: markup.to_owned(), removed: Vec::new() },
            "clean stays clean"
        );
    }

    #[test]
    fn harmless_markup_stays() {
        check(
            "<p class=\"a\">b <a href=/c>d</a><br>e &amp; f</p>",
            "<p class=\"a\">b <a href=\"/c\">d</a><br/>e &amp; f</p>",
            &[],
        );
        check("<img src=\"/x.png\" alt=y>", "<img src=\"/x.png\" alt=\"y\"/>", &[]);
        check("<i class='fa fa-x'></i>", "<i class=\"fa fa-x\"></i>", &[]);
        check("<p>a<p>b", "<p>a</p><p>b</p>", &[]);
    }

    #[test]
    fn code_goes() {
        check("<p onclick=a>b</p><script>c</script>", "<p>b</p>", &["onclick", "<script>"]);
        check("<a href='java\tscript:x'>a</a>", "<a>a</a>", &["href"]);
        check("<a href=\"&#106;avascript:x\">a</a>", "<a>a</a>", &["href"]);
        check("<svg><a xlink:href=javascript:x>b</a></svg>", "", &["<svg>"]);
        check("<form action=/x>a<input name=b></form>", "a", &["<form>", "<input>"]);
        check("<t t-out=\"a\">b</t><p t-att-x=\"y\">c</p>", "b<p>c</p>", &["<t>", "t-att-x"]);
        check("<p style=\"background:url(javascript:x)\">a</p>", "<p>a</p>", &["style"]);
        check("<math><mtext></math><img src=x onerror=y>", "<img src=\"x\"/>", &["<math>", "onerror"]);
        check("<!-- a --><b", "", &["comments", "broken tags and declarations"]);
        check(
            "<a target=_blank href=/x>a</a>",
            "<a target=\"_blank\" href=\"/x\" rel=\"noopener\">a</a>",
            &[],
        );
        check("<img src=data:image/svg+xml,x>", "<img/>", &["src"]);
        check("<p id=a id=b>c</p>", "<p id=\"a\">c</p>", &["id"]);
        check("<noscript><p title=\"</noscript><img src=x onerror=y>\"></noscript>a", "a", &["<noscript>"]);
    }
}
