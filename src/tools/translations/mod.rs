//! The family `translations`: texts of records in other languages.
//!
//! What holds for all of it: other languages are never touched, no invisible characters are written
//! unless they are asked for, and what was written is read back before it is called done.

use super::Family;

mod change;
mod checks;
mod context_aware;
mod field;
mod fields;
mod get;
mod html;
mod languages;
mod state;
mod subject;
mod term_changes;

pub use context_aware::{DRAFTS_FOLDER, Drafts};

pub(super) const FAMILY: Family = Family {
    name: "translations",
    tools: &[fields::TOOLS, get::TOOLS, field::TOOLS, html::TOOLS, context_aware::TOOLS],
};
