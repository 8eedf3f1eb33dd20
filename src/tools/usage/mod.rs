//! The family `usage`: what language models cost, row by row, in figures, as a file, against budgets.

use super::Family;

mod budget;
mod export;
mod query;
mod shared;
mod stats;
mod table;

pub use table::{usage_cells, usage_columns};

pub(super) const FAMILY: Family =
    Family { name: "usage", tools: &[query::TOOLS, stats::TOOLS, export::TOOLS, budget::TOOLS] };
