//! HTML, XML and Markdown: no byte is lost, edits touch nothing else, and what is made safe stays safe.
//!
//! The first byte chooses what is tried; an edit takes the path, the value and the text on lines of their own.

use odoo_mcp::markup::{
    Document, MarkdownOptions, Mode, Page, Path, Place, Substitution, Within, as_xml, check_well_formed,
    html_to_text, is_safe_link, markdown_to_html, markdown_to_html_with, sanitised, unified_diff,
};
use serde_json::json;

pub fn run(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match choice % 5 {
        0 => read(text),
        1 => sanitise(text),
        2 => markdown(text),
        3 => edit(text, Mode::Html),
        _ => edit(text, Mode::Xml),
    }
}

fn read(text: &str) {
    for mode in [Mode::Html, Mode::Xml] {
        let document = Document::parse(text, mode);
        let mut end = 0;
        for id in document.children(document.root()) {
            let span = document.node(*id).span;
            assert_eq!(span.start, end, "a gap between nodes");
            end = span.end;
        }
        // End tags that end nothing are nodes too, so the whole text is covered.
        assert_eq!(end, text.len(), "text behind the last node");
    }
    let page = Page::parse(text);
    let _ = (
        page.title(),
        page.text(),
        page.links(),
        page.tables(),
        page.forms(),
        page.csrf_token(),
        page.is_login_page(),
    );
    html_to_text(text);
}

fn sanitise(text: &str) {
    let safe = sanitised(text);
    let again = sanitised(&safe.markup);
    assert_eq!(again.markup, safe.markup, "cleaning twice changes something");
    assert!(again.removed.is_empty(), "cleaning left something behind: {:?}", again.removed);
    is_harmless(&safe.markup);
    let whole = format!("<div>{}</div>", safe.markup);
    check_well_formed(&whole).expect("clean markup is XML");
}

fn markdown(text: &str) {
    // Long runs of brackets are the reader's own affair; here it is about what comes out.
    if text.len() > 4_000 {
        return;
    }
    is_harmless(&markdown_to_html(text));
    is_harmless(&markdown_to_html_with(text, MarkdownOptions { raw_html: true, line_breaks: true }));
}

/// Nothing in it runs, whoever reads it.
fn is_harmless(html: &str) {
    let document = Document::parse(html, Mode::Html);
    for id in document.ids() {
        let name = document.name(id).to_ascii_lowercase();
        assert!(
            !matches!(
                name.as_str(),
                "script" | "style" | "iframe" | "object" | "svg" | "math" | "t" | "form"
            ),
            "<{name}> in {html}"
        );
        for attribute in document.attributes(id) {
            let name = attribute.name.of(html).to_ascii_lowercase();
            assert!(!name.starts_with("on") && !name.starts_with("t-"), "{name} in {html}");
            if name == "href" {
                assert!(is_safe_link(&document.value_of(attribute)), "{html}");
            }
        }
    }
}

fn edit(text: &str, mode: Mode) {
    let mut lines = text.splitn(3, '\n');
    let (Some(key), Some(value), Some(markup)) = (lines.next(), lines.next(), lines.next()) else { return };
    let document = Document::parse(markup, mode);
    if let Ok(path) = Path::parse(key)
        && let Ok(places) = path.find(&document, Within::Text)
    {
        assert!(places.iter().all(|place| match place {
            Place::Node(id) =>
                markup.get(document.node(*id).span.start..document.node(*id).span.end).is_some(),
            Place::Top | Place::Frame => true,
        }));
    }
    let written = as_xml(&document, document.root());
    Document::parse(&written, Mode::Xml);
    let Ok(substitution) = Substitution::parse(key, &json!(value)) else { return };
    let Ok((changed, applied)) = substitution.apply(markup, mode) else { return };
    assert!(applied.matches > 0);
    unified_diff(markup, &changed);
    if mode == Mode::Xml && check_well_formed(markup).is_ok() {
        check_well_formed(&changed).expect("an edit of XML is XML");
    }
    // The same edit once more finds its own result, unless it took away what it looked for.
    if let Ok((again, _)) = substitution.apply(&changed, mode)
        && !key.contains('[')
    {
        Document::parse(&again, mode);
    }
}
