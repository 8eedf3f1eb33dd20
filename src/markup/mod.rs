//! HTML, XML and Markdown as values: read, edited and made safe. No I/O.
//!
//! Editing is by place: a change replaces the bytes of one node, and every other byte stays as it was.

mod changes;
mod diff;
mod directives;
mod entities;
mod error;
mod html_names;
mod links;
mod markdown;
mod page;
mod path;
mod pieces;
mod readable;
mod safety;
mod sanitize;
mod serialize;
mod span;
mod styles;
mod substitution;
mod terms;
mod tokens;
mod tree;
mod wellformed;

pub use changes::{Changes, whole};
pub use diff::unified_diff;
pub use directives::{computes_content, directive_of, directive_within, is_directive};
pub use entities::{decoded, escaped_attribute, escaped_text};
pub use error::EditError;
pub use links::{is_safe_link, is_safe_source};
pub use markdown::{MarkdownOptions, markdown_to_html, markdown_to_html_with};
pub use page::{Cell, Form, FormField, Link, Page, Table};
pub use path::{Path, PathError, Place, Within};
pub use pieces::MarkupError;
pub use readable::{html_to_text, readable_text, text_in_a_line};
pub use safety::attribute_problem;
pub use sanitize::{Sanitised, sanitised};
pub use serialize::{as_template, as_xml, shown_template, text_in};
pub use span::Span;
pub use styles::{Declaration, declarations, style_problem, with_property};
pub use substitution::{Applied, Substitution};
pub use terms::{Parts, Term, TermRules, inline_tags, says_the_same};
pub use tokens::{Attribute, Mode};
pub use tree::{Document, Element, End, Flaw, Kind, Node, NodeId};
pub use wellformed::check_well_formed;

#[cfg(test)]
mod tests;
