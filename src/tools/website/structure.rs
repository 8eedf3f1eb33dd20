//! What of a page is a snippet, and where new ones go.

use crate::{
    markup::{Document, End, Mode, NodeId, computes_content, declarations},
    tools::ToolError,
};

/// Class of the parts of a page that people may build in.
const STRUCTURE: &str = "oe_structure";
/// The main part of a page.
const WRAP: &str = "wrap";

/// The element is one that Odoo's editor handles as a block.
pub(super) fn is_snippet(document: &Document<'_>, id: NodeId) -> bool {
    if document.attribute(id, "data-snippet").is_some() {
        return true;
    }
    let named = document.value(id, "class").is_some_and(|class| {
        class.split_ascii_whitespace().next().is_some_and(|first| first.starts_with("s_"))
    });
    named && is_block_place(document, id)
}

/// Blocks stand at the top, or right inside a part that people build in.
fn is_block_place(document: &Document<'_>, id: NodeId) -> bool {
    match document.ancestors(id).next() {
        None => true,
        Some(parent) => document.has_class(parent, STRUCTURE) || is_wrap(document, parent),
    }
}

fn is_wrap(document: &Document<'_>, id: NodeId) -> bool {
    document.value(id, "id").is_some_and(|value| value == WRAP)
}

/// A part of the page's frame: what must not go when a snippet goes.
pub(super) fn is_frame(document: &Document<'_>, id: NodeId) -> bool {
    is_wrap(document, id) || document.has_class(id, STRUCTURE) || computes_content(document, id).is_some()
}

/// Every snippet in document order.
pub(super) fn snippets(document: &Document<'_>) -> Vec<NodeId> {
    document.elements_within(document.root()).filter(|id| is_snippet(document, *id)).collect()
}

/// The snippet around an element.
pub(super) fn parent_snippet(document: &Document<'_>, id: NodeId) -> Option<NodeId> {
    document.ancestors(id).find(|up| is_snippet(document, *up))
}

/// `s_…` of a snippet.
pub(super) fn slug(document: &Document<'_>, id: NodeId) -> String {
    let named = document.value(id, "data-snippet").filter(|name| !name.is_empty());
    let class = || {
        let class = document.value(id, "class").unwrap_or_default().into_owned();
        class.split_ascii_whitespace().find(|one| one.starts_with("s_")).map(str::to_owned)
    };
    named.map(std::borrow::Cow::into_owned).or_else(class).unwrap_or_default()
}

/// The first picture behind the snippet or something in it.
pub(super) fn background(document: &Document<'_>, id: NodeId) -> Option<String> {
    document.within(id).find_map(|inner| {
        let style = document.value(inner, "style")?;
        declarations(&style).into_iter().find_map(|one| {
            let (_, after) = one.value.split_once("url(")?;
            let (address, _) = after.split_once(')')?;
            Some(address.trim().trim_matches(['"', '\'']).to_owned())
        })
    })
}

/// Where a new snippet goes that stands at the beginning or the end: inside this element, or nothing
/// for the field itself.
pub(super) fn place_to_build(document: &Document<'_>, at_end: bool) -> Result<Option<NodeId>, ToolError> {
    let elements = || document.elements_within(document.root());
    let wrap = elements().find(|id| is_wrap(document, *id));
    let structures: Vec<NodeId> = elements().filter(|id| document.has_class(*id, STRUCTURE)).collect();
    if document.mode() == Mode::Html && wrap.is_none() && structures.is_empty() {
        let last = document.child_elements(document.root()).last();
        return match last.and_then(|last| document.element(last)).map(|element| element.end) {
            Some(End::Guessed) if at_end => Err(ToolError::Stopped {
                code: "not_well_formed",
                message: "the last element of this field is never closed, so nothing can be added behind it"
                    .to_owned(),
                hint: Some("correct the markup in Odoo's own editor first".to_owned()),
            }),
            _ => Ok(None),
        };
    }
    let pick = |candidates: Vec<NodeId>| match at_end {
        true => candidates.last().copied(),
        false => candidates.first().copied(),
    };
    let own = wrap.filter(|wrap| document.has_class(*wrap, STRUCTURE));
    let near = || {
        pick(structures.iter().copied().filter(|id| document.parent(*id) == wrap && wrap.is_some()).collect())
    };
    let outer = |id: &NodeId| !document.ancestors(*id).any(|up| document.has_class(up, STRUCTURE));
    let any = || pick(structures.iter().copied().filter(outer).collect());
    match own.or_else(near).or_else(any).or(wrap) {
        Some(place) => Ok(Some(place)),
        None => Err(ToolError::Stopped {
            code: "no_structure",
            message: "this view has no part that people may build in (`#wrap` or `oe_structure`)".to_owned(),
            hint: Some("name a place with `anchor_xpath` and `position` before, after or replace".to_owned()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: &str = "<t t-name=\"w.p\"><t t-call=\"website.layout\"><div id=\"wrap\"><div class=\"oe_structure\">\
         <section class=\"s_a pt8\"/></div><div class=\"row\"><div class=\"oe_structure\" id=\"in\"/></div>\
         <div class=\"oe_structure\" id=\"last\"><section data-snippet=\"s_b\"><div class=\"s_c\"/></section></div></div></t></t>";

    #[test]
    fn snippets_are_known_at_any_depth() {
        let document = Document::parse(VIEW, Mode::Xml);
        let slugs: Vec<String> = snippets(&document).into_iter().map(|id| slug(&document, id)).collect();
        assert_eq!(slugs, ["s_a", "s_b"]);
        let html = "<p>x</p><section class=\"s_x y\"><div class=\"s_y\"><i data-snippet=\"s_z\"></i></div></section><b class=\"y s_q\"></b>";
        let document = Document::parse(html, Mode::Html);
        let slugs: Vec<String> = snippets(&document).into_iter().map(|id| slug(&document, id)).collect();
        assert_eq!(slugs, ["s_x", "s_z"]);
    }

    #[test]
    fn new_ones_go_where_people_build() {
        let check = |mode, text: &str, at_end, expected: Option<&str>| {
            let document = Document::parse(text, mode);
            let place = place_to_build(&document, at_end).unwrap();
            let shown = place.map(|id| document.element(id).unwrap().open.of(text));
            assert_eq!(shown, expected, "{text}");
        };
        check(Mode::Xml, VIEW, true, Some("<div class=\"oe_structure\" id=\"last\">"));
        check(Mode::Xml, VIEW, false, Some("<div class=\"oe_structure\">"));
        check(Mode::Xml, "<t><div id=\"wrap\"><p/></div></t>", true, Some("<div id=\"wrap\">"));
        check(
            Mode::Xml,
            "<t><div id=\"wrap\" class=\"oe_structure oe_empty\"/></t>",
            true,
            Some("<div id=\"wrap\" class=\"oe_structure oe_empty\"/>"),
        );
        check(Mode::Html, "<p>a</p>", true, None);
        check(Mode::Html, "", true, None);
        assert!(place_to_build(&Document::parse("<t><p/></t>", Mode::Xml), true).is_err());
        assert!(place_to_build(&Document::parse("<p>a</p><div>b", Mode::Html), true).is_err());
    }

    #[test]
    fn a_background_is_found() {
        let document = Document::parse(
            "<p><i style=\"color: red; background-image: url('/web/image/7')\"></i></p>",
            Mode::Html,
        );
        assert_eq!(background(&document, document.root()).as_deref(), Some("/web/image/7"));
    }
}
