//! The family `modules`: what is installed in an Odoo, and where its source lies.

use super::Family;

pub(super) const FAMILY: Family = Family { name: "modules", tools: &[] };
