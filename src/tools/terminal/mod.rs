//! The family `terminal`: letting a program of one tenant in.

use super::Family;

mod config;

pub(super) const FAMILY: Family = Family { name: "terminal", tools: &[config::TOOLS] };
