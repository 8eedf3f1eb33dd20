//! Between the tables and the types: one place for names of columns.

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::{CallId, CallRow, CallState, Millicents, Tenant, UsageError};
use crate::store::Migration;

pub(super) const MIGRATIONS: &[Migration] = &[Migration(include_str!("schema/001_calls.sql"))];

/// SQLite's own words name tables and columns, never values.
impl From<rusqlite::Error> for UsageError {
    fn from(error: rusqlite::Error) -> Self {
        let why = match error {
            rusqlite::Error::SqliteFailure(failure, text) => text.unwrap_or_else(|| failure.to_string()),
            _ => "an entry is not of the expected shape".to_owned(),
        };
        Self::Ledger { why }
    }
}

/// The columns of [`row`], from `ai_call_told`.
pub(super) const COLUMNS: &str = "id, call_id, created_ms, tenant_code, server, database, company_id, move_id, \
     attachment_id, source, source_message_id, run_id, model, input_tokens, output_tokens, \
     cache_read_tokens, cache_write_5m_tokens + cache_write_1h_tokens as cache_creation_tokens, cost_known, \
     cost_eur_mc, cost_usd_mc, price_version, pages, duration_ms, prompt_version, state, cache_hit, billed, \
     error_message, extra";

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<CallRow> {
    let count = |name: &str| row.get::<_, i64>(name).map(i64::unsigned_abs);
    let extra: Option<String> = row.get("extra")?;
    Ok(CallRow {
        id: row.get("id")?,
        call_id: CallId(row.get("call_id")?),
        created_at: shown(row.get("created_ms")?),
        tenant_code: row.get("tenant_code")?,
        odoo_url: row.get("server")?,
        odoo_db: row.get("database")?,
        company_id: row.get("company_id")?,
        move_id: row.get("move_id")?,
        attachment_id: row.get("attachment_id")?,
        source: row.get("source")?,
        source_message_id: row.get("source_message_id")?,
        run_id: row.get("run_id")?,
        model: row.get("model")?,
        input_tokens: count("input_tokens")?,
        output_tokens: count("output_tokens")?,
        cache_read_tokens: count("cache_read_tokens")?,
        cache_creation_tokens: count("cache_creation_tokens")?,
        cost_known: row.get("cost_known")?,
        cost_millicents: Millicents(row.get("cost_eur_mc")?),
        cost_usd_millicents: Millicents(row.get("cost_usd_mc")?),
        price_version: row.get("price_version")?,
        pages: row.get("pages")?,
        duration_ms: count("duration_ms")?,
        prompt_version: row.get("prompt_version")?,
        state: CallState::named(&row.get::<_, String>("state")?),
        cache_hit: row.get("cache_hit")?,
        billed: row.get("billed")?,
        error_message: row.get("error_message")?,
        extra: extra.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

/// An instant as the rows show it: `2026-11-21T10:00:00+00:00`.
pub(super) fn shown(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string())
        .unwrap_or_default()
}

/// The tenant's number, if it has ever used a model.
pub(super) fn known_tenant(connection: &Connection, tenant: &Tenant) -> Result<Option<i64>, UsageError> {
    let mut statement = connection.prepare("select id from ai_tenant where server = ?1 and database = ?2")?;
    let mut rows = statement.query((&tenant.server, &tenant.database))?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

/// The tenant's number; a new tenant gets one, and a new code is noted.
pub(super) fn tenant_id(connection: &Connection, tenant: &Tenant) -> Result<i64, UsageError> {
    let id = connection
        .prepare(
            "insert into ai_tenant (server, database, code) values (?1, ?2, ?3)
             on conflict (server, database) do update set code = excluded.code returning id",
        )?
        .query_row((&tenant.server, &tenant.database, &tenant.code), |row| row.get(0))?;
    Ok(id)
}

/// A count that SQLite can hold.
pub(super) fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Ids of Odoo begin with 1; everything else means none.
pub(super) fn record_id(id: Option<i64>) -> Option<i64> {
    id.filter(|id| *id > 0)
}
