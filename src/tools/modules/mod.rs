//! The family `modules`: what is installed in an Odoo, and where its source lies.

mod info;
mod manifest;
mod sources;

use super::Family;

pub(super) const FAMILY: Family = Family { name: "modules", tools: &[info::TOOLS] };
