//! The family `pipelines`: steps that stand in Odoo, listed and run in order.
//!
//! Odoo says which methods are called, so nothing here may be called that the operator did not allow,
//! and the policy judges each of these methods before the first is sent.

use super::Family;

mod asked;
mod context;
mod execute;
mod gate;
mod list;
mod literal;
mod local;
mod run;
mod runner;

pub(super) const FAMILY: Family =
    Family { name: "pipelines", tools: &[list::TOOLS, run::TOOLS, execute::TOOLS] };
