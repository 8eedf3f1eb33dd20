//! Why markup is not changed.

use super::path::PathError;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("`{key}` matches nothing")]
    NoMatch { key: String },
    #[error("`{key}`: {why}")]
    BadSubstitution { key: String, why: String },
    /// The new content could run code, or reach where it must not.
    #[error("`{key}` is not safe: {why}")]
    Unsafe { key: String, why: String },
    /// The server computes what stands there.
    #[error("`{key}`: {why}")]
    Directive { key: String, why: String },
    #[error("`{element}` has no content that could be changed")]
    NoContent { element: String },
    #[error("`<{element}>` is never closed, so nobody can tell where it ends")]
    NeverClosed { element: String },
    #[error("two changes meet at the same place")]
    Overlapping,
    #[error("the result is no well-formed XML: {why}")]
    NotWellFormed { why: String },
}

impl EditError {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Path(_) | Self::BadSubstitution { .. } => "invalid_arguments",
            Self::NoMatch { .. } => "not_found",
            Self::Unsafe { .. } => "unsafe_markup",
            Self::Directive { .. } => "qweb_directive",
            Self::NoContent { .. } | Self::Overlapping => "not_editable",
            Self::NeverClosed { .. } | Self::NotWellFormed { .. } => "not_well_formed",
        }
    }
}
