//! Rows of the ledger, newest first, page by page.

use rusqlite::{Connection, named_params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallRow, Source, Span, Tenant, UsageError, UsageLedger, sql};

/// Most rows of one page.
const ROWS_MAX: usize = 1_000;
/// Most bills of one question.
const MOVES_MAX: usize = 10_000;

/// Which calls are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFilter {
    pub span: Span,
    pub state: Option<StateFilter>,
    pub source: Option<Source>,
    pub move_id: Option<i64>,
    pub company_id: Option<i64>,
    /// The name of the model, or how it begins with a `*` at the end.
    pub model: Option<String>,
    pub billed_only: bool,
}

/// States as callers ask for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateFilter {
    Success,
    Error,
    /// Successes whose prompt came out of the provider's cache.
    Cached,
    Skipped,
    Lost,
}

impl Default for CallFilter {
    fn default() -> Self {
        Self {
            span: Span::ALWAYS,
            state: None,
            source: None,
            move_id: None,
            company_id: None,
            model: None,
            billed_only: false,
        }
    }
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct CallPage {
    pub rows: Vec<CallRow>,
    /// Matching rows altogether.
    pub total: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl UsageLedger {
    /// Matching calls, newest first. `after` is the `next` of the page before; it holds its place when
    /// newer calls come.
    pub async fn calls(
        &self,
        tenant: &Tenant,
        filter: CallFilter,
        limit: usize,
        offset: u64,
        after: Option<&str>,
    ) -> Result<CallPage, UsageError> {
        let place = after.map(Place::parse).transpose()?;
        let tenant = tenant.clone();
        self.read(move |connection| match sql::known_tenant(connection, &tenant)? {
            Some(tenant) => page(connection, tenant, &filter, limit.min(ROWS_MAX), offset, place),
            None => Ok(CallPage { rows: Vec::new(), total: 0, next: None }),
        })
        .await
    }

    /// All calls of these bills, newest first, with one query.
    pub async fn calls_of_moves(&self, tenant: &Tenant, moves: &[i64]) -> Result<Vec<CallRow>, UsageError> {
        if moves.len() > MOVES_MAX {
            return Err(UsageError::Arguments { message: format!("more than {MOVES_MAX} bills at once") });
        }
        let (tenant, moves) = (tenant.clone(), serde_json::json!(moves).to_string());
        self.read(move |connection| {
            let Some(tenant) = sql::known_tenant(connection, &tenant)? else { return Ok(Vec::new()) };
            let rows = connection
                .prepare(&format!(
                    "select {} from ai_call_told
                     where tenant_id = ?1 and move_id in (select value from json_each(?2))
                     order by created_ms desc, id desc",
                    sql::COLUMNS
                ))?
                .query_map((tenant, &moves), sql::row)?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
        .await
    }
}

impl UsageLedger {
    /// Every tenant of the ledger, by code, for whoever runs the server.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, UsageError> {
        self.read(|connection| {
            let tenants = connection
                .prepare("select server, database, code from ai_tenant order by code, server, database")?
                .query_map([], |row| {
                    Ok(Tenant { server: row.get(0)?, database: row.get(1)?, code: row.get(2)? })
                })?
                .collect::<Result<_, _>>()?;
            Ok(tenants)
        })
        .await
    }
}

/// The last row of a page.
#[derive(Debug, Clone, Copy)]
struct Place {
    created_ms: i64,
    id: i64,
}

impl Place {
    fn parse(text: &str) -> Result<Self, UsageError> {
        let place = text.split_once('-').and_then(|(created_ms, id)| {
            Some(Self { created_ms: created_ms.parse().ok()?, id: id.parse().ok().filter(|id| *id > 0)? })
        });
        place.ok_or_else(|| UsageError::Arguments {
            message: "`after` is not the `next` of a page".to_owned(),
        })
    }
}

const MATCHING: &str = "tenant_id = :tenant and created_ms >= :from and created_ms < :until
    and (:state is null or state = :state) and (:cached = 0 or cache_hit)
    and (:source is null or source = :source) and (:move is null or move_id = :move)
    and (:company is null or company_id = :company)
    and (:model is null or model = :model or (:stem = 1 and substr(model, 1, length(:model)) = :model))
    and (:billed = 0 or billed)";

fn page(
    connection: &Connection,
    tenant: i64,
    filter: &CallFilter,
    limit: usize,
    offset: u64,
    place: Option<Place>,
) -> Result<CallPage, UsageError> {
    let state = filter.state.map(|state| match state {
        StateFilter::Success | StateFilter::Cached => "success",
        StateFilter::Error => "error",
        StateFilter::Skipped => "skipped",
        StateFilter::Lost => "lost",
    });
    let model = filter.model.as_deref();
    let stem = model.and_then(|model| model.strip_suffix('*'));
    let (is_stem, model) = (stem.is_some(), stem.or(model));
    let cached = filter.state == Some(StateFilter::Cached);
    let source = filter.source.map(Source::name);
    let total: i64 =
        connection.prepare(&format!("select count(*) from ai_call_told where {MATCHING}"))?.query_row(
            named_params! {
                ":tenant": tenant, ":from": filter.span.from_ms, ":until": filter.span.until_ms,
                ":state": state, ":cached": cached, ":source": source, ":move": filter.move_id,
                ":company": filter.company_id, ":model": model, ":stem": is_stem,
                ":billed": filter.billed_only,
            },
            |row| row.get(0),
        )?;
    let last = place.unwrap_or(Place { created_ms: i64::MAX, id: i64::MAX });
    // One more than asked, to know whether there are more.
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows: Vec<(i64, CallRow)> = connection
        .prepare(&format!(
            "select {} from ai_call_told
             where {MATCHING} and (created_ms, id) < (:last_ms, :last_id)
             order by created_ms desc, id desc limit :limit offset :offset",
            sql::COLUMNS
        ))?
        .query_map(
            named_params! {
                ":tenant": tenant, ":from": filter.span.from_ms, ":until": filter.span.until_ms,
                ":state": state, ":cached": cached, ":source": source, ":move": filter.move_id,
                ":company": filter.company_id, ":model": model, ":stem": is_stem,
                ":billed": filter.billed_only, ":last_ms": last.created_ms, ":last_id": last.id,
                ":limit": wanted, ":offset": sql::whole(offset),
            },
            |row| Ok((row.get("created_ms")?, sql::row(row)?)),
        )?
        .collect::<Result<_, _>>()?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(created_ms, row)| format!("{created_ms}-{}", row.id));
    Ok(CallPage { rows: rows.into_iter().map(|(_, row)| row).collect(), total: total.unsigned_abs(), next })
}
