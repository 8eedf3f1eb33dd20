//! A tree of spans in the shape in which terms are looked for.

use std::ops::Range;

use super::{
    tokens::Mode,
    tree::{Document, Kind, NodeId},
};

/// What is wrong with a piece of markup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MarkupError(pub(super) String);

/// An attribute, its value as readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Range<usize>),
    /// Comments, declarations, processing instructions: never translated.
    Aside(Range<usize>),
    Element(Element),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<Named>,
    pub(super) children: Vec<Piece>,
    /// With its tags.
    pub(super) span: Range<usize>,
}

impl Piece {
    pub(super) fn span(&self) -> &Range<usize> {
        match self {
            Self::Text(span) | Self::Aside(span) => span,
            Self::Element(element) => &element.span,
        }
    }
}

impl Element {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes.find(|attribute| attribute.name == name).map(|attribute| &*attribute.value)
    }
}

/// Reads markup; tags that are not balanced are an error.
pub(super) fn read(text: &str, mode: Mode) -> Result<Vec<Piece>, MarkupError> {
    let document = Document::parse(text, mode);
    match document.flaws().first() {
        Some(flaw) => Err(MarkupError(flaw.what.clone())),
        None => Ok(children(&document, document.root())),
    }
}

fn children(document: &Document<'_>, id: NodeId) -> Vec<Piece> {
    document.children(id).iter().map(|child| piece(document, *child)).collect()
}

fn piece(document: &Document<'_>, id: NodeId) -> Piece {
    let node = document.node(id);
    let span = node.span.start..node.span.end;
    match &node.kind {
        Kind::Text => Piece::Text(span),
        Kind::Element(element) => {
            let as_named = |name: &str| match document.mode() {
                Mode::Html => name.to_ascii_lowercase(),
                Mode::Xml => name.to_owned(),
            };
            let attributes = element.attributes.iter().map(|attribute| Named {
                name: as_named(attribute.name.of(document.text())),
                value: document.value_of(attribute).into_owned(),
            });
            Piece::Element(Element {
                name: as_named(document.name(id)),
                attributes: attributes.collect(),
                children: children(document, id),
                span,
            })
        }
        Kind::Root | Kind::CharacterData(_) | Kind::Comment | Kind::Other => Piece::Aside(span),
    }
}
