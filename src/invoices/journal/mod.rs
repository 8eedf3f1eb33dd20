//! The journal of runs: what was begun, what was meant to be written and what was done, on the disk
//! before and after each step, so that a run goes on where it was interrupted.

mod owners;
mod runs;
mod steps;
mod turns;

use jiff::Timestamp;

use super::error::RunError;
use crate::{
    store::{Database, DatabaseError, Migration, StateDir},
    usage::Tenant,
};
use owners::Owners;

pub(super) use runs::End;
pub(super) use steps::KeptStep;
pub(super) use turns::Turn;

/// The file in the state directory.
const DATABASE_NAME: &str = "invoices.sqlite3";

const MIGRATIONS: &[Migration] = &[Migration(include_str!("schema.sql"))];

/// Cheap to clone; opened by the first run.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    database: Database,
    owners: Owners,
}

impl Journal {
    /// Nothing is opened or written by this.
    pub(super) fn open(state: &StateDir) -> Self {
        Self {
            database: Database::in_dir(state, DATABASE_NAME, MIGRATIONS),
            owners: Owners::new(state.clone()),
        }
    }

    /// Remembers that a company has a budget.
    pub(super) async fn cap_seen(
        &self,
        tenant: &Tenant,
        company: i64,
        millicents: i64,
    ) -> Result<(), RunError> {
        let (tenant, at) = (key(tenant), now_ms());
        self.database
            .write(move |transaction| {
                transaction
                    .execute(
                        "insert into company_cap (tenant, company_id, millicents, seen_ms) values (?1, ?2, ?3, ?4)
                         on conflict do update set millicents = excluded.millicents, seen_ms = excluded.seen_ms",
                        rusqlite::params![tenant, company, millicents, at],
                    )
                    .map_err(refused)?;
                Ok(())
            })
            .await
    }

    /// Did the company have a budget the last time it could be read?
    pub(super) async fn had_cap(&self, tenant: &Tenant, company: i64) -> Result<bool, RunError> {
        let tenant = key(tenant);
        self.database
            .read(move |connection| {
                connection
                    .query_row(
                        "select exists (select 1 from company_cap
                         where tenant = ?1 and company_id = ?2 and millicents > 0)",
                        rusqlite::params![tenant, company],
                        |row| row.get(0),
                    )
                    .map_err(refused)
            })
            .await
    }
}

/// A tenant in the tables: the server and the database, whatever the code is.
fn key(tenant: &Tenant) -> String {
    format!("{}\n{}", tenant.server, tenant.database)
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn refused(error: rusqlite::Error) -> RunError {
    // SQLite names tables and columns, never values.
    RunError::Journal(DatabaseError::Refused { name: DATABASE_NAME.to_owned(), why: error.to_string() })
}
