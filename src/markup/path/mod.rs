//! Paths that name nodes: the part of XPath 1.0 that people write, and CSS selectors put into it.

mod css;
mod evaluate;
mod functions;
mod lexer;
mod parser;

pub use evaluate::{Place, Within};

use super::tree::Document;

/// Longest path that is read.
const PATH_BYTES_MAX: usize = 1_000;

/// A path that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    alternatives: Vec<Steps>,
}

#[derive(Debug, Clone, PartialEq)]
struct Steps {
    absolute: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    axis: Axis,
    test: Test,
    predicates: Vec<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Itself,
    Parent,
    Ancestor,
    AncestorOrSelf,
    FollowingSibling,
    PrecedingSibling,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Name(String),
    AnyElement,
    Text,
    AnyNode,
}

#[derive(Debug, Clone, PartialEq)]
enum Expression {
    Or(Vec<Expression>),
    And(Vec<Expression>),
    Compare(Comparison, Box<(Expression, Expression)>),
    Number(f64),
    Text(String),
    /// Nodes, or with a name their attributes; `*` is any.
    Nodes(Steps, Option<String>),
    Function(Function, Vec<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Position,
    Last,
    Not,
    Contains,
    StartsWith,
    NormalizeSpace,
    String,
    StringLength,
    Concat,
    Count,
    Name,
    Translate,
    True,
    False,
    /// Odoo's own: does the element have the class?
    HasClass,
    /// CSS only: position among siblings of the same name.
    PositionOfType,
    /// CSS only: position among all siblings.
    PositionOfChild,
    /// CSS only: elements behind it under the same parent.
    ChildrenAfter,
}

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("the path `{path}` cannot be read at character {place}: {why}")]
    Syntax { path: String, place: usize, why: String },
    #[error("the path is longer than {PATH_BYTES_MAX} bytes")]
    TooLong,
    #[error("the path `{path}` looks at too many nodes; name what is looked for more closely")]
    TooCostly { path: String },
}

impl Path {
    /// XPath; or CSS behind `css:`, or where it begins with `.class` or `#id`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let text = text.trim();
        if text.len() > PATH_BYTES_MAX {
            return Err(PathError::TooLong);
        }
        let mut start = text.chars();
        let looks_like_css = match (start.next(), start.next()) {
            (Some('#'), _) => true,
            (Some('.'), Some(next)) => next.is_alphabetic() || matches!(next, '_' | '-'),
            _ => false,
        };
        match text.strip_prefix("css:") {
            Some(selector) => css::parse(selector.trim()),
            None if looks_like_css => css::parse(text),
            None => parser::parse(text),
        }
    }

    /// The nodes it names, in document order, each once.
    pub fn find(&self, document: &Document<'_>, within: Within) -> Result<Vec<Place>, PathError> {
        evaluate::find(self, document, within)
    }
}

fn syntax(path: &str, place: usize, why: impl Into<String>) -> PathError {
    let shown = path.chars().take(120).collect();
    PathError::Syntax { path: shown, place, why: why.into() }
}

#[cfg(test)]
mod tests;
