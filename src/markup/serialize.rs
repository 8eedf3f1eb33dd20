//! Markup written anew so that it is HTML and XML at once.

use super::{
    entities::{escaped_attribute, escaped_text},
    html_names::is_void,
    tokens::Mode,
    tree::{Document, Kind, NodeId},
};

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Texts {
    /// As in any document.
    Escaped,
    /// For a QWeb template, whose texts the server puts on the page as they stand.
    EscapedTwice,
    /// As that server does.
    Bare,
}

/// The node with every element closed, every attribute quoted and no entity that XML does not know.
/// Names keep the case they are written in.
pub fn as_xml(document: &Document<'_>, id: NodeId) -> String {
    written(document, id, Texts::Escaped)
}

/// The same as part of a QWeb template that shows it.
///
/// INVARIANT: what is text on the page is escaped twice here. QWeb reads a template as XML and writes its
/// texts without escaping them again, so a text that was escaped once would become markup.
pub fn as_template(document: &Document<'_>, id: NodeId) -> String {
    written(document, id, Texts::EscapedTwice)
}

/// What a template without directives shows.
pub fn shown_template(document: &Document<'_>, id: NodeId) -> String {
    written(document, id, Texts::Bare)
}

/// A text as it stands in a document of this mode, so that people see it as it is. XML is that of
/// templates: see `as_template`.
pub fn text_in(mode: Mode, text: &str) -> String {
    match mode {
        Mode::Html => escaped_text(text),
        Mode::Xml => escaped_text(&escaped_text(text)),
    }
}

fn written(document: &Document<'_>, id: NodeId, texts: Texts) -> String {
    let mut xml = String::new();
    write(document, id, texts, &mut xml);
    xml
}

fn write(document: &Document<'_>, id: NodeId, texts: Texts, xml: &mut String) {
    match &document.node(id).kind {
        Kind::Root => children(document, id, texts, xml),
        Kind::Text | Kind::CharacterData(_) => {
            let text = document.text_of(id);
            match texts {
                Texts::Escaped => xml.push_str(&escaped_text(&text)),
                Texts::EscapedTwice => xml.push_str(&escaped_text(&escaped_text(&text))),
                Texts::Bare => xml.push_str(&text),
            }
        }
        Kind::Element(_) => element(document, id, texts, xml),
        Kind::Comment => comment(document.outer(id), xml),
        Kind::Other => {}
    }
}

fn children(document: &Document<'_>, id: NodeId, texts: Texts, xml: &mut String) {
    for child in document.children(id) {
        write(document, *child, texts, xml);
    }
}

/// XML knows no two hyphens in a comment.
fn comment(comment: &str, xml: &mut String) {
    let inner = comment.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
    if let Some(inner) = inner.filter(|inner| !inner.contains("--") && !inner.ends_with('-')) {
        xml.push_str(&format!("<!--{inner}-->"));
    }
}

fn element(document: &Document<'_>, id: NodeId, texts: Texts, xml: &mut String) {
    let name = document.name(id);
    xml.push('<');
    xml.push_str(name);
    let mut written: Vec<&str> = Vec::new();
    for attribute in document.attributes(id) {
        let name = attribute.name.of(document.text());
        // What HTML forgives and XML does not.
        let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'));
        if !plain || written.contains(&name) {
            continue;
        }
        let value = match attribute.value {
            Some(_) => document.value_of(attribute),
            None => name.into(),
        };
        xml.push_str(&format!(" {name}=\"{}\"", escaped_attribute(&value)));
        written.push(name);
    }
    if is_void(name) {
        xml.push_str("/>");
        return;
    }
    xml.push('>');
    children(document, id, texts, xml);
    xml.push_str(&format!("</{name}>"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::{Mode, check_well_formed};

    #[test]
    fn a_template_shows_what_it_was_made_of() {
        let html = "<p title=\"a &lt; b\">c &lt;script&gt; &amp;amp; d<br/></p>";
        let document = Document::parse(html, Mode::Html);
        let template = as_template(&document, document.root());
        assert_eq!(template, "<p title=\"a &lt; b\">c &amp;lt;script&amp;gt; &amp;amp;amp; d<br/></p>");
        check_well_formed(&template).unwrap();
        let again = Document::parse(&template, Mode::Xml);
        assert_eq!(shown_template(&again, again.root()), html);
        assert_eq!(text_in(Mode::Xml, "<b>"), "&amp;lt;b&amp;gt;");
    }

    #[test]
    fn html_becomes_xml() {
        let html = "<div hidden class=a><br>a&nbsp;&amp;<p>b<p>c<svg viewBox='0 0'><path d=x /></svg><!-- a--b --><i class='fa'></i></div>";
        let document = Document::parse(html, Mode::Html);
        let xml = as_xml(&document, document.root());
        assert_eq!(
            xml,
            "<div hidden=\"hidden\" class=\"a\"><br/>a\u{a0}&amp;<p>b</p><p>c<svg viewBox=\"0 0\"><path d=\"x\"></path></svg><i class=\"fa\"></i></p></div>"
        );
        check_well_formed(&xml).unwrap();
    }
}
