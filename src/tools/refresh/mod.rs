//! The family `refresh`: telling people's browsers that something changed.

mod tell;

use super::Family;

pub(super) const FAMILY: Family = Family { name: "refresh", tools: &[tell::TOOLS] };
