//! The family `certificates`.

use super::Family;

pub(super) const FAMILY: Family = Family { name: "certificates", tools: &[] };
