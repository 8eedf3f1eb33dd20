//! The family `extraction`: one document is read, and nothing is written to Odoo. The two addresses
//! of the HTTP door for programs are calls of these tools.

mod answer;
mod budget;
mod content;
mod customs;
mod document;
mod reading;
mod repeated;
mod tool;

use super::Family;

pub(super) const FAMILY: Family = Family { name: "extraction", tools: &[document::TOOLS, customs::TOOLS] };
