//! Markup written anew so that it is HTML and XML at once.

use super::{
    entities::{escaped_attribute, escaped_text},
    html_names::is_void,
    tree::{Document, Kind, NodeId},
};

/// The node with every element closed, every attribute quoted and no entity that XML does not know.
/// Names keep the case they are written in.
pub fn as_xml(document: &Document<'_>, id: NodeId) -> String {
    let mut xml = String::new();
    write(document, id, &mut xml);
    xml
}

fn write(document: &Document<'_>, id: NodeId, xml: &mut String) {
    match &document.node(id).kind {
        Kind::Root => children(document, id, xml),
        Kind::Text | Kind::CharacterData(_) => xml.push_str(&escaped_text(&document.text_of(id))),
        Kind::Element(_) => element(document, id, xml),
        Kind::Comment => comment(document.outer(id), xml),
        Kind::Other => {}
    }
}

fn children(document: &Document<'_>, id: NodeId, xml: &mut String) {
    for child in document.children(id) {
        write(document, *child, xml);
    }
}

/// XML knows no two hyphens in a comment.
fn comment(comment: &str, xml: &mut String) {
    let inner = comment.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
    if let Some(inner) = inner.filter(|inner| !inner.contains("--") && !inner.ends_with('-')) {
        xml.push_str(&format!("<!--{inner}-->"));
    }
}

fn element(document: &Document<'_>, id: NodeId, xml: &mut String) {
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
    children(document, id, xml);
    xml.push_str(&format!("</{name}>"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::{Mode, check_well_formed};

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
