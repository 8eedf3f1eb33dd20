//! The family `invoices`: bills read by a language model, step by step, and what is known of them.

mod known;
mod pending;
mod stack;
mod summary;

use super::Family;

pub(super) const FAMILY: Family =
    Family { name: "invoices", tools: &[stack::TOOLS, pending::TOOLS, summary::TOOLS] };
