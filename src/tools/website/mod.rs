//! The family `website`: the building blocks of pages, listed and edited inside any HTML or view field.
//!
//! The engine is `markup`; here is what belongs to Odoo: where a page keeps its markup, what a snippet
//! is, and how a change reaches the server without taking anybody else's away.

use super::Family;

mod add;
mod catalogue;
mod edited;
mod handle;
mod list;
mod list_on_page;
mod remove;
mod source;
mod structure;
mod target;
mod update;

pub(super) const FAMILY: Family = Family {
    name: "website",
    tools: &[list::TOOLS, list_on_page::TOOLS, add::TOOLS, update::TOOLS, remove::TOOLS],
};
