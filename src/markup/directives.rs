//! QWeb directives: what in markup is not content but an instruction to the server.

use super::tree::{Document, NodeId};

/// Is it the name of a QWeb attribute?
pub fn is_directive(attribute: &str) -> bool {
    attribute.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("t-"))
}

/// The first directive in a node, itself included: `t-if` or `<t>`.
pub fn directive_within(document: &Document<'_>, id: NodeId) -> Option<String> {
    document.within(id).find_map(|inner| directive_of(document, inner))
}

/// A directive of the element itself.
pub fn directive_of(document: &Document<'_>, id: NodeId) -> Option<String> {
    let attributes = document.attributes(id).iter().map(|attribute| attribute.name.of(document.text()));
    if let Some(name) = attributes.into_iter().find(|name| is_directive(name)) {
        return Some(name.to_owned());
    }
    document.is(id, "t").then(|| "<t>".to_owned())
}

/// The directive of an element that decides what stands in it.
pub fn computes_content(document: &Document<'_>, id: NodeId) -> Option<String> {
    let names = ["t-out", "t-esc", "t-raw", "t-field", "t-call", "t-foreach", "t-snippet", "t-snippet-call"];
    names.into_iter().find(|name| document.attribute(id, name).is_some()).map(str::to_owned)
}
