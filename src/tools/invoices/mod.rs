//! The family `invoices`: bills read by a language model, step by step, and what is known of them.

use super::Family;

pub(super) const FAMILY: Family = Family { name: "invoices", tools: &[] };
