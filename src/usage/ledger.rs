//! The ledger: opened by the first use, safe for several processes.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::Connection;

use super::{PriceFileError, Prices, Tenant, UsageError, UsageSettings, keeper::Keeper, sql};
use crate::{
    facts::Definition,
    store::{Database, StateDir},
};

/// The file inside the state directory.
pub const DATABASE_NAME: &str = "usage.sqlite3";

/// What was spent, what is being spent, and what was billed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct UsageLedger {
    pub(super) database: Database,
    pub(super) keeper: Keeper,
    pub(super) settings: Arc<UsageSettings>,
    prices: Arc<Prices>,
}

impl UsageLedger {
    /// Names the ledger of a state directory; its file is opened by the first use.
    ///
    /// # Errors
    ///
    /// Fails only for a file of prices that cannot be used.
    pub fn open(state: &StateDir, settings: &UsageSettings) -> Result<Self, PriceFileError> {
        Ok(Self {
            database: Database::in_dir(state, DATABASE_NAME, sql::MIGRATIONS),
            keeper: Keeper::new(state.clone()),
            settings: Arc::new(settings.clone()),
            prices: Arc::new(Prices::of(settings)?),
        })
    }

    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// The tenant of a connection, under the name that the settings give it.
    pub fn tenant(&self, definition: &Definition) -> Tenant {
        Tenant::of_connection(definition, &self.settings)
    }

    /// Where days and months of the budget begin.
    pub fn time_zone(&self) -> &TimeZone {
        &self.settings.time_zone
    }

    /// Reads with one view of the data.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, UsageError> + Send + 'static,
    ) -> Result<T, UsageError> {
        self.database.read(work).await
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
