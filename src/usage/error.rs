//! The ways the ledger can say no.

use super::Millicents;
use crate::store::DatabaseError;

/// Why something could not be reserved, settled, corrected or read.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error(
        "this month's budget would be exceeded: {} EUR spent, {} EUR reserved, {} EUR wanted, {} EUR allowed",
        settled.units(4), open.units(4), estimate.units(4), cap.units(4)
    )]
    OverBudget { settled: Millicents, open: Millicents, estimate: Millicents, cap: Millicents },
    #[error("the price of the model `{model}` is not known, so a budget cannot be kept with it")]
    PriceUnknown { model: String },
    #[error("`{given}` is not the tenant of this connection")]
    TenantNotYours { given: String },
    #[error("the reservation `{call_id}` was settled or released before")]
    AlreadySettled { call_id: String },
    #[error("{message}")]
    Arguments { message: String },
    #[error("the usage ledger cannot be used: {0}")]
    Database(#[from] DatabaseError),
    #[error("the usage ledger cannot be used: {why}")]
    Ledger { why: String },
}

impl UsageError {
    /// A short stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OverBudget { .. } => "over_budget",
            Self::PriceUnknown { .. } => "price_unknown",
            Self::TenantNotYours { .. } => "tenant_not_yours",
            Self::AlreadySettled { .. } => "already_settled",
            Self::Arguments { .. } => "invalid_arguments",
            Self::Database(_) | Self::Ledger { .. } => "usage_ledger",
        }
    }

    /// What to try next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OverBudget { .. } => {
                "wait for the next month, or ask for a larger `ai_monthly_budget_eur` of the company; `ai_usage_budget_status` shows the figures"
            }
            Self::PriceUnknown { .. } => {
                "the operator names its price in `usage.prices_file`, or lists it in `usage.free_models`"
            }
            Self::TenantNotYours { .. } => {
                "leave `tenant_code` empty, or use the connection that belongs to that tenant"
            }
            Self::AlreadySettled { .. } => "nothing is to be done: the call is in the ledger",
            Self::Arguments { .. } => "correct the argument",
            Self::Database(_) | Self::Ledger { .. } => {
                "the operator looks at `usage.sqlite3` in the state directory; until then nothing is spent"
            }
        }
    }
}
