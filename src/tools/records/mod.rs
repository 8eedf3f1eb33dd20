//! The family `records`: models, fields and records of an Odoo database.
//!
//! Nothing here knows how a call travels; what a tool may reach, its permit says.

use super::Family;

pub(super) mod budget;
mod checked;
mod create;
pub(super) mod default_fields;
mod diff;
pub(super) mod execute;
pub(super) mod existing;
pub(super) mod field_names;
mod fields;
pub(super) mod ids;
mod links;
mod models;
pub(super) mod next_page;
pub(super) mod order;
mod plan;
mod read;
mod request;
mod result;
pub(super) mod rows;
pub(super) mod scope;
pub(super) mod search;
pub(super) mod search_domain;
mod unlink;
mod values;
mod version;
mod write;

pub(super) const FAMILY: Family = Family {
    name: "records",
    tools: &[
        models::TOOLS,
        fields::TOOLS,
        search::TOOLS,
        read::TOOLS,
        create::TOOLS,
        write::TOOLS,
        unlink::TOOLS,
        execute::TOOLS,
        version::TOOLS,
    ],
};
