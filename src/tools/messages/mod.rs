//! The family `messages`: what is said about a record, to whom.

mod body;
mod post;
mod recipients;

use super::Family;

pub(super) const FAMILY: Family = Family { name: "messages", tools: &[post::TOOLS] };
