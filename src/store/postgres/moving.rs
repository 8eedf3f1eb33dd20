//! All rows at once, for moving a whole state in or out: everything or nothing.

use std::io;

use super::{error::PostgresError, pool::Postgres};

/// The documents that say nothing of the state itself.
const OWN_DOCUMENT: &str = "key-check";
/// Nothing is cut short on the way; the server's limits are for calls.
const NO_LIMIT: &str = "set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0";

/// An item of the cabinet as it is kept.
#[derive(Debug, Clone)]
pub struct KeptItem {
    pub drawer: String,
    pub key: String,
    pub value: Vec<u8>,
    pub version: i64,
    pub expires_ms: Option<i64>,
}

/// A document with the name it has in the state directory.
#[derive(Debug, Clone)]
pub struct KeptDocument {
    pub place: String,
    pub body: Vec<u8>,
}

/// How much of each there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub items: u64,
    pub documents: u64,
    pub lines: u64,
}

const COUNTS: &str = "select (select count(*) from odoo_mcp_items), \
     (select count(*) from odoo_mcp_documents where place <> $1), (select count(*) from odoo_mcp_lines)";

fn counts(row: &tokio_postgres::Row) -> Result<Counts, PostgresError> {
    let count =
        |index: usize| -> Result<u64, PostgresError> { Ok(row.try_get::<_, i64>(index)?.unsigned_abs()) };
    Ok(Counts { items: count(0)?, documents: count(1)?, lines: count(2)? })
}

impl Postgres {
    pub fn counts(&self) -> Result<Counts, PostgresError> {
        let store = self.clone();
        self.wait(async move {
            let lease = store.lease().await?;
            let found = counts(&lease.query_one(COUNTS, &[&OWN_DOCUMENT]).await?)?;
            lease.give_back();
            Ok(found)
        })
    }

    /// Puts all of this into an empty store. `pages` gives the lines in their order.
    pub fn take_in(
        &self,
        items: Vec<KeptItem>,
        documents: Vec<KeptDocument>,
        pages: impl Iterator<Item = io::Result<Vec<Vec<u8>>>> + Send + 'static,
    ) -> Result<Counts, PostgresError> {
        let store = self.clone();
        self.wait_for_long(async move {
            let mut lease = store.lease().await?;
            let transaction = lease.transaction().await?;
            transaction.batch_execute(NO_LIMIT).await?;
            transaction.batch_execute("lock table odoo_mcp_head in access exclusive mode").await?;
            let before = counts(&transaction.query_one(COUNTS, &[&OWN_DOCUMENT]).await?)?;
            if before != Counts::default() {
                return Err(PostgresError::Refused { why: "there is a state in it already".to_owned() });
            }
            for item in &items {
                let sql = "insert into odoo_mcp_items (drawer, key, value, version, expires_ms) \
                     values ($1, $2, $3, $4, $5)";
                let row = [
                    &item.drawer as &(dyn tokio_postgres::types::ToSql + Sync),
                    &item.key,
                    &item.value,
                    &item.version,
                    &item.expires_ms,
                ];
                transaction.execute(sql, &row).await?;
            }
            for document in &documents {
                let sql = "insert into odoo_mcp_documents (place, body) values ($1, $2)";
                transaction.execute(sql, &[&document.place, &document.body]).await?;
            }
            let mut last = 0_i64;
            for page in pages {
                let page = page.map_err(|error| PostgresError::Refused { why: error.to_string() })?;
                let first = last + 1;
                last += i64::try_from(page.len()).unwrap_or(0);
                let numbers: Vec<i64> = (first..=last).collect();
                let sql =
                    "insert into odoo_mcp_lines (seq, line) select * from unnest($1::bigint[], $2::bytea[])";
                transaction.execute(sql, &[&numbers, &page]).await?;
            }
            transaction.execute("update odoo_mcp_head set seq = $1", &[&last]).await?;
            let found = counts(&transaction.query_one(COUNTS, &[&OWN_DOCUMENT]).await?)?;
            let wanted = Counts {
                items: items.len() as u64,
                documents: documents.len() as u64,
                lines: last.unsigned_abs(),
            };
            if found != wanted {
                return Err(PostgresError::Refused { why: "not everything arrived".to_owned() });
            }
            transaction.commit().await?;
            lease.give_back();
            Ok(found)
        })
    }

    /// Everything but the lines.
    pub fn hand_out(&self) -> Result<(Vec<KeptItem>, Vec<KeptDocument>), PostgresError> {
        let store = self.clone();
        self.wait_for_long(async move {
            let lease = store.lease().await?;
            let sql = "select drawer, key, value, version, expires_ms from odoo_mcp_items order by 1, 2";
            let rows = lease.query(sql, &[]).await?;
            let items = rows.iter().map(|row| {
                Ok(KeptItem {
                    drawer: row.try_get(0)?,
                    key: row.try_get(1)?,
                    value: row.try_get(2)?,
                    version: row.try_get(3)?,
                    expires_ms: row.try_get(4)?,
                })
            });
            let items = items.collect::<Result<_, PostgresError>>()?;
            let sql = "select place, body from odoo_mcp_documents where place <> $1 order by 1";
            let rows = lease.query(sql, &[&OWN_DOCUMENT]).await?;
            let documents = rows
                .iter()
                .map(|row| Ok(KeptDocument { place: row.try_get(0)?, body: row.try_get(1)? }))
                .collect::<Result<_, PostgresError>>()?;
            lease.give_back();
            Ok((items, documents))
        })
    }

    /// Empties the store, for a state that is somewhere else now.
    pub fn empty(&self) -> Result<(), PostgresError> {
        let store = self.clone();
        self.wait_for_long(async move {
            let mut lease = store.lease().await?;
            let transaction = lease.transaction().await?;
            transaction
                .batch_execute(
                    "truncate odoo_mcp_items, odoo_mcp_documents, odoo_mcp_lines; \
                     update odoo_mcp_head set seq = 0",
                )
                .await?;
            transaction.commit().await?;
            lease.give_back();
            Ok(())
        })
    }
}
