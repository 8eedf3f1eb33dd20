//! What is known of bills, many at a time: a few reads of Odoo and one of the ledger, however many bills.
//!
//! Deliberately absent: changing anything, and opening the files themselves.

mod attachments;
mod decision;
mod history;
mod reads;
#[cfg(test)]
mod tests;

pub use attachments::{Attachment, Attachments};
pub use decision::{Evidence, Verdict, decide};
pub use history::{Extraction, History};
pub use reads::{Bill, CompanySettings, Reads, attachments_of, bills, companies_of, draft_ids, has_addon};
