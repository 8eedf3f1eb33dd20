//! The family `reports`: documents that Odoo prints.
//!
//! There is no report service over RPC any more, so reports are pages of the web server: over a web
//! session, or for connections with an API key over the page of the portal that prints a document.

use super::Family;

mod arguments;
mod failure;
mod portal;
mod print;
mod printing;
mod report;

pub(in crate::tools) use arguments::PrintArguments;
pub(in crate::tools) use failure::explained;
pub(in crate::tools) use print::{Converter, found_report, print, print_effects, report_path};
pub(in crate::tools) use printing::{Printing, PrintsAs};

pub(super) const FAMILY: Family = Family { name: "reports", tools: &[report::TOOLS] };
