//! The catalogue: one folder per family, one row per tool.
//!
//! A tool sees its arguments, the context made from its permit, and nothing of the client's protocol.

mod arguments;
mod attachments;
mod catalog;
mod certificates;
#[cfg(feature = "conformance")]
mod conformance;
mod connections;
mod context;
mod definition;
mod delivery;
mod error;
mod extraction;
mod features;
mod helpers;
mod identity;
mod invoices;
mod memory;
mod messages;
mod modules;
mod pipelines;
mod public;
mod records;
mod refresh;
mod reports;
mod schema;
mod terminal;
mod translations;
mod usage;
mod web_session;
mod website;

pub use catalog::{Catalog, Family, Found, UnknownFeature};
pub use context::CallContext;
pub use definition::{ArgumentsError, Attached, DecodedCall, Output, Progress, Tool, ToolEntry, row};
pub use error::ToolError;
pub use helpers::Helpers;
pub use translations::{DRAFTS_FOLDER, Drafts};
pub use usage::{usage_cells, usage_columns};

/// The table of contents of the house.
const FAMILIES: &[Family] = &[
    connections::FAMILY,
    certificates::FAMILY,
    records::FAMILY,
    translations::FAMILY,
    reports::FAMILY,
    public::FAMILY,
    messages::FAMILY,
    modules::FAMILY,
    refresh::FAMILY,
    web_session::FAMILY,
    attachments::FAMILY,
    website::FAMILY,
    invoices::FAMILY,
    extraction::FAMILY,
    pipelines::FAMILY,
    usage::FAMILY,
    memory::FAMILY,
    identity::FAMILY,
    terminal::FAMILY,
    #[cfg(feature = "conformance")]
    conformance::FAMILY,
];
