//! The family `connections`.

use super::Family;

pub(super) const FAMILY: Family = Family { name: "connections", tools: &[] };
