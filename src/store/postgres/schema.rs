//! The tables, made and moved forward by the first process that finds them missing.

use tokio_postgres::Client;

use super::error::PostgresError;

const MIGRATIONS: &[&str] = &[include_str!("schema/001_shared.sql")];
/// The first of the two numbers of all our advisory locks: "omcp" as bytes.
pub(super) const LOCKS: i32 = 0x6f6d_6370;
/// Held while the tables are made.
const MIGRATING: i32 = 1;
/// Held by every process that uses the store, together; alone by one that moves it.
pub(super) const IN_USE: i32 = 2;

/// The number of the tables that this program makes.
pub(super) const fn known() -> usize {
    MIGRATIONS.len()
}

/// Makes what is missing, all of it or nothing.
pub(super) async fn migrate(client: &mut Client) -> Result<(), PostgresError> {
    let transaction = client.transaction().await?;
    transaction.execute("select pg_advisory_xact_lock($1, $2)", &[&LOCKS, &MIGRATING]).await?;
    let is_there = transaction
        .query_one("select to_regclass('odoo_mcp_schema') is not null", &[])
        .await?
        .try_get::<_, bool>(0)?;
    if !is_there {
        transaction
            .batch_execute(
                "create table odoo_mcp_schema (version bigint not null); \
                 insert into odoo_mcp_schema values (0);",
            )
            .await?;
    }
    let found: i64 =
        transaction.query_one("select max(version) from odoo_mcp_schema", &[]).await?.try_get(0)?;
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    let known = MIGRATIONS.len();
    if done > known {
        return Err(PostgresError::Newer { found, known });
    }
    if done < known {
        for sql in MIGRATIONS.iter().skip(done) {
            transaction.batch_execute(sql).await?;
        }
        let known = i64::try_from(known).unwrap_or(i64::MAX);
        transaction.execute("update odoo_mcp_schema set version = $1", &[&known]).await?;
    }
    Ok(transaction.commit().await?)
}
