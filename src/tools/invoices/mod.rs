//! The family `invoices`: bills read by a language model, step by step, and what is known of them.

mod extract;
mod known;
mod parts;
mod pending;
mod reload;
mod run;
mod stack;
mod steps;
mod summary;

use super::Family;

pub(super) const FAMILY: Family = Family {
    name: "invoices",
    tools: &[
        extract::TOOLS,
        run::TOOLS,
        steps::TOOLS,
        stack::TOOLS,
        pending::TOOLS,
        summary::TOOLS,
        reload::TOOLS,
    ],
};
