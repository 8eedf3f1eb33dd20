//! The family `records`: models, fields and records of an Odoo database.

use super::Family;

mod read;

pub(super) const FAMILY: Family = Family { name: "records", tools: &[read::TOOLS] };
