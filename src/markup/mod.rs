//! HTML, XML and Markdown as values: read, edited and made safe. No I/O.
//!
//! Editing is by place: a change replaces the bytes of one node, and every other byte stays as it was.

mod entities;
mod html_names;
mod links;
mod markdown;
mod page;
mod pieces;
mod readable;
mod sanitize;
mod span;
mod styles;
mod terms;
mod tokens;
mod tree;

pub use entities::{decoded, escaped_attribute, escaped_text};
pub use links::{is_safe_link, is_safe_source};
pub use markdown::{MarkdownOptions, markdown_to_html, markdown_to_html_with};
pub use page::{Cell, Form, FormField, Link, Page, Table};
pub use pieces::MarkupError;
pub use readable::{html_to_text, readable_text, text_in_a_line};
pub use sanitize::{Sanitised, sanitised};
pub use span::Span;
pub use styles::{Declaration, declarations, style_problem, with_property};
pub use terms::{Parts, Term, TermRules, inline_tags, says_the_same};
pub use tokens::{Attribute, Mode};
pub use tree::{Document, Element, End, Flaw, Kind, Node, NodeId};
