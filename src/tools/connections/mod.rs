//! The family `connections`: making, listing and forgetting connections to Odoo databases.

use super::Family;

mod connect;
mod disconnect;
mod list;

pub(super) const FAMILY: Family =
    Family { name: "connections", tools: &[connect::TOOLS, disconnect::TOOLS, list::TOOLS] };
