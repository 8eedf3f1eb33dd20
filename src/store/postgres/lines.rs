//! One row of numbered lines that all processes continue, one at a time.
//!
//! What the lines say and how they hold together is known to whoever writes them.

use futures_util::future::join3;

use super::{
    error::PostgresError,
    pool::{Lease, Postgres},
};

/// Lines that are read at one time. More than that are fetched before anybody is held up.
const PAGE_LINES: i64 = 1_000;
const AFTER: &str = "select line from odoo_mcp_lines where seq > $1 order by seq limit $2";
/// The same with the line that is known itself, if it is there.
const FROM: &str = "select line, seq from odoo_mcp_lines where seq >= $1 order by seq limit $2";
const HEAD: &str = "select seq from odoo_mcp_head";

/// The lines of the shared store.
#[derive(Debug, Clone)]
pub struct Lines {
    store: Postgres,
}

/// The turn to write. Dropped without `commit`, nothing was written.
#[derive(Debug)]
pub struct LinesTurn {
    store: Postgres,
    lease: Option<Lease>,
    /// Number of the last line.
    pub head: u64,
    /// The line that was known, as the store has it.
    pub known: Option<Vec<u8>>,
    /// The lines after it, a page of them at most.
    pub new: Vec<Vec<u8>>,
}

impl Lines {
    pub fn of(store: &Postgres) -> Self {
        Self { store: store.clone() }
    }

    /// Is the store known to be away?
    pub fn is_away(&self) -> bool {
        self.store.is_away()
    }

    /// Number of the last line; 0 where there is none.
    pub fn head(&self) -> Result<u64, PostgresError> {
        let store = self.store.clone();
        self.store.wait(async move {
            let mut lease = store.lease().await?;
            let sql = lease.prepared(HEAD).await?;
            let head: i64 = lease.query_one(&sql, &[]).await?.try_get(0)?;
            lease.give_back();
            Ok(head.unsigned_abs())
        })
    }

    /// A page of the lines after this one, without waiting for anybody.
    pub fn after(&self, known: u64) -> Result<Vec<Vec<u8>>, PostgresError> {
        let (store, known) = (self.store.clone(), number(known));
        self.store.wait(async move {
            let mut lease = store.lease().await?;
            let sql = lease.prepared(AFTER).await?;
            let rows = lease.query(&sql, &[&known, &PAGE_LINES]).await?;
            lease.give_back();
            Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
        })
    }

    /// Waits for the turn to write, and learns what was written after the line that is known.
    pub fn turn(&self, known: u64) -> Result<LinesTurn, PostgresError> {
        let (store, known) = (self.store.clone(), number(known));
        let (lease, head, before, new) = self.store.wait(async move {
            let mut lease = store.lease().await?;
            let head = lease.prepared("select seq from odoo_mcp_head for update").await?;
            let from = lease.prepared(FROM).await?;
            // All three leave at once and are answered in this order: one trip, not three.
            let (begun, head, rows) = join3(
                lease.batch_execute("begin"),
                lease.query_one(&head, &[]),
                lease.query(&from, &[&known, &(PAGE_LINES + 1)]),
            )
            .await;
            begun?;
            let head: i64 = head?.try_get(0)?;
            let mut before = None;
            let mut new = Vec::new();
            for row in rows? {
                if row.try_get::<_, i64>(1)? == known {
                    before = Some(row.try_get(0)?);
                } else {
                    new.push(row.try_get(0)?);
                }
            }
            Ok((lease, head.unsigned_abs(), before, new))
        })?;
        Ok(LinesTurn { store: self.store.clone(), lease: Some(lease), head, known: before, new })
    }
}

impl LinesTurn {
    /// Writes these lines, the first of them with this number, and lets the next one have the turn.
    ///
    /// # Errors
    ///
    /// Where it is not known to be written. It may be there all the same; the next turn shows it.
    pub fn commit(mut self, first: u64, lines: Vec<Vec<u8>>) -> Result<(), PostgresError> {
        let Some(mut lease) = self.lease.take() else { return Ok(()) };
        let last = number(first) + i64::try_from(lines.len()).unwrap_or(0) - 1;
        let numbers: Vec<i64> = (number(first)..=last).collect();
        self.store.wait(async move {
            let insert =
                "insert into odoo_mcp_lines (seq, line) select * from unnest($1::bigint[], $2::bytea[])";
            let insert = lease.prepared(insert).await?;
            let update = lease.prepared("update odoo_mcp_head set seq = $1").await?;
            let (inserted, updated, committed) = join3(
                lease.execute(&insert, &[&numbers, &lines]),
                lease.execute(&update, &[&last]),
                lease.batch_execute("commit"),
            )
            .await;
            inserted?;
            updated?;
            committed?;
            lease.give_back();
            Ok(())
        })
    }
}

impl Drop for LinesTurn {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        self.store.spawn(async move {
            if lease.batch_execute("rollback").await.is_ok() {
                lease.give_back();
            }
        });
    }
}

fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
