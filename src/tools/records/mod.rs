//! The family `records`: models, fields and records of an Odoo database.
//!
//! Nothing here knows how a call travels; what a tool may reach, its permit says.

use super::Family;

mod budget;
mod checked;
mod create;
mod default_fields;
mod diff;
mod execute;
mod existing;
mod field_names;
mod fields;
mod ids;
mod links;
mod models;
mod next_page;
mod order;
mod plan;
mod read;
mod request;
mod result;
mod rows;
mod scope;
mod search;
mod search_domain;
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
