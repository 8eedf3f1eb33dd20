//! The lists of the portal: orders, invoices, purchases and tickets as rows, and how many there are.
//!
//! They are searched as records, under the conditions of Odoo's own portal and with the rights of the
//! connection's user, for portal users and internal users alike.

mod arguments;
mod conditions;
mod counters;
mod kinds;
mod lists;
mod owner;
mod rows;

pub(super) use counters::TOOLS as HOME;
pub(super) use lists::TOOLS as LISTS;
