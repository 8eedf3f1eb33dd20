//! What language models cost: calls and billed documents in an embedded database, prices with dates,
//! budgets reserved before anything is spent.
//!
//! Whoever pays for a call reserves its estimate first and settles it after; a reservation that is
//! never settled becomes a call in state `lost`, so that no cost is forgotten. Deliberately absent:
//! asking a model, and Odoo.

mod answers;
mod billing;
mod budget;
mod call;
mod correct;
mod error;
mod estimate;
mod keeper;
mod ledger;
mod money;
mod period;
mod price_file;
mod prices;
mod query;
mod reserve;
mod settle;
mod sql;
mod stats;
mod tenant;
#[cfg(test)]
mod tests;

pub use answers::StoredAnswer;
pub use billing::Billed;
pub use budget::{BudgetStatus, Cap, LimitSource, MonthSpend};
pub use call::{CallEnd, CallId, CallRow, CallState, Reservation, Reserve, Source};
pub use correct::{Corrected, Correction};
pub use error::UsageError;
pub use estimate::DocumentSize;
pub use ledger::{DATABASE_NAME, UsageLedger};
pub use money::{Cost, Millicents, Tokens};
pub use period::{Period, Span};
pub use price_file::{BUILT_IN_PRICES, PriceFileError};
pub use prices::Prices;
pub use query::{CallFilter, CallPage, StateFilter};
pub use stats::{DayCost, ModelCost, RecentError, Stats, StatsDerived, StatsTotals};
pub use tenant::Tenant;

pub use crate::config::{EurPerUsd, UsageSettings};
