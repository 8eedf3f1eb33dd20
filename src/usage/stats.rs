//! Figures for a dashboard: totals, rates, models, days and the latest errors.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rusqlite::{Connection, OptionalExtension as _};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Millicents, Period, Span, Tenant, UsageError, UsageLedger,
    period::days_until,
    sql::{known_tenant, shown},
};

/// Days of the series.
const SERIES_DAYS: i64 = 30;
/// Latest errors that are told.
const ERRORS_MAX: i64 = 10;
/// A name is free text; more different ones are no figures any more.
const MODELS_MAX: i64 = 100;

/// The figures of `ai_usage_log_stats`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Stats {
    pub tenant_code: String,
    pub period: Period,
    /// Where days and months begin.
    pub time_zone: String,
    /// First instant of the period, UTC; `null` for `all`.
    pub date_from: Option<String>,
    pub generated_at: String,
    pub totals: StatsTotals,
    pub derived: StatsDerived,
    /// The dearest first.
    pub by_model: Vec<ModelCost>,
    /// The last 30 days, with those on which nothing happened.
    pub timeseries_30d: Vec<DayCost>,
    /// The latest errors of these 30 days.
    pub recent_errors: Vec<RecentError>,
}

/// Sums of a period.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct StatsTotals {
    pub total_rows: u64,
    /// Calls that answered, those from the provider's cache among them.
    pub success: u64,
    pub errors: u64,
    pub skipped: u64,
    /// Calls whose end nobody saw; they count at their estimates.
    pub lost: u64,
    pub cache_hits: u64,
    pub billed_docs: u64,
    pub pages: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read: u64,
    pub cache_creation: u64,
    pub cost_eur_millicents: Millicents,
    pub cost_usd_millicents: Millicents,
    /// Calls whose price is not known: they are missing in the costs.
    pub calls_without_price: u64,
    pub avg_duration_ms: u64,
    /// 95 of 100 calls took no longer.
    pub p95_duration_ms: u64,
}

/// What follows from the sums; `null` where there is nothing to divide by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct StatsDerived {
    /// Answers from the provider's cache among all answers.
    pub cache_hit_rate: Option<f64>,
    /// Answers among all calls that were made.
    pub success_rate: Option<f64>,
    pub avg_cost_per_billed_doc_cents: Option<f64>,
    pub cost_per_page_cents: Option<f64>,
    pub cost_eur_total_cents: f64,
    /// Such as `12.34 EUR`.
    pub cost_eur_total_display: String,
}

/// One model's part.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ModelCost {
    pub model: String,
    pub n: u64,
    pub cost_eur_millicents: Millicents,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DayCost {
    pub day: String,
    /// Calls of that day.
    pub docs: u64,
    pub billed: u64,
    pub cost_eur_millicents: Millicents,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RecentError {
    pub created_at: String,
    pub move_id: Option<i64>,
    pub model: String,
    pub error_message: Option<String>,
}

impl UsageLedger {
    /// The figures of the period that this instant is in.
    pub async fn stats(
        &self,
        tenant: &Tenant,
        period: Period,
        zone: &TimeZone,
        at: Timestamp,
    ) -> Result<Stats, UsageError> {
        let (tenant, zone) = (tenant.clone(), zone.clone());
        self.read(move |connection| {
            let span = Span::of_period(period, at, &zone);
            let mut stats = Stats {
                tenant_code: tenant.code.clone(),
                period,
                time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
                date_from: span.shown_from(),
                generated_at: shown(at.as_millisecond()),
                totals: StatsTotals::default(),
                derived: StatsDerived::default(),
                by_model: Vec::new(),
                timeseries_30d: Vec::new(),
                recent_errors: Vec::new(),
            };
            let days = days_until(at, SERIES_DAYS, &zone);
            // No tenant has the number 0.
            let tenant = known_tenant(connection, &tenant)?.unwrap_or_default();
            stats.totals = totals(connection, tenant, span)?;
            stats.by_model = by_model(connection, tenant, span)?;
            stats.recent_errors = recent_errors(connection, tenant, days.first().copied(), &zone)?;
            for day in days {
                stats.timeseries_30d.push(day_cost(connection, tenant, day, &zone)?);
            }
            stats.derived = derived(&stats.totals);
            Ok(stats)
        })
        .await
    }
}

fn totals(connection: &Connection, tenant: i64, span: Span) -> Result<StatsTotals, UsageError> {
    let arguments = (tenant, span.from_ms, span.until_ms);
    let mut totals = connection
        .prepare(
            "select count(*) as total_rows,
                 coalesce(sum(state = 'success'), 0) as success,
                 coalesce(sum(state = 'error'), 0) as errors,
                 coalesce(sum(state = 'skipped'), 0) as skipped,
                 coalesce(sum(state = 'lost'), 0) as lost,
                 coalesce(sum(cache_hit), 0) as cache_hits,
                 coalesce(sum(pages), 0) as pages,
                 coalesce(sum(input_tokens), 0) as input_tokens,
                 coalesce(sum(output_tokens), 0) as output_tokens,
                 coalesce(sum(cache_read_tokens), 0) as cache_read,
                 coalesce(sum(cache_write_5m_tokens + cache_write_1h_tokens), 0) as cache_creation,
                 coalesce(sum(cost_eur_mc), 0) as cost_eur,
                 coalesce(sum(cost_usd_mc), 0) as cost_usd,
                 coalesce(sum(cost_known = 0), 0) as without_price,
                 coalesce(cast(round(avg(duration_ms) filter (where duration_ms > 0)) as integer), 0) as average
             from ai_call_told where tenant_id = ?1 and created_ms >= ?2 and created_ms < ?3",
        )?
        .query_row(arguments, |row| {
            let count = |name: &str| row.get::<_, i64>(name).map(i64::unsigned_abs);
            Ok(StatsTotals {
                total_rows: count("total_rows")?,
                success: count("success")?,
                errors: count("errors")?,
                skipped: count("skipped")?,
                lost: count("lost")?,
                cache_hits: count("cache_hits")?,
                billed_docs: 0,
                pages: count("pages")?,
                input_tokens: count("input_tokens")?,
                output_tokens: count("output_tokens")?,
                cache_read: count("cache_read")?,
                cache_creation: count("cache_creation")?,
                cost_eur_millicents: Millicents(row.get("cost_eur")?),
                cost_usd_millicents: Millicents(row.get("cost_usd")?),
                calls_without_price: count("without_price")?,
                avg_duration_ms: count("average")?,
                p95_duration_ms: 0,
            })
        })?;
    totals.billed_docs = billed(connection, tenant, span)?;
    totals.p95_duration_ms = p95(connection, tenant, span)?;
    Ok(totals)
}

fn billed(connection: &Connection, tenant: i64, span: Span) -> Result<u64, UsageError> {
    let count: i64 = connection
        .prepare(
            "select count(*) from ai_billed where tenant_id = ?1 and billed_ms >= ?2 and billed_ms < ?3",
        )?
        .query_row((tenant, span.from_ms, span.until_ms), |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// The shortest time that 95 of 100 calls did not exceed.
fn p95(connection: &Connection, tenant: i64, span: Span) -> Result<u64, UsageError> {
    const TIMED: &str =
        "from ai_call where tenant_id = ?1 and created_ms >= ?2 and created_ms < ?3 and duration_ms > 0";
    let count: i64 = connection
        .prepare(&format!("select count(*) {TIMED}"))?
        .query_row((tenant, span.from_ms, span.until_ms), |row| row.get(0))?;
    let place = count.saturating_mul(95).saturating_add(99) / 100;
    let longest: Option<i64> = connection
        .prepare(&format!("select duration_ms {TIMED} order by duration_ms limit 1 offset ?4"))?
        .query_row((tenant, span.from_ms, span.until_ms, (place - 1).max(0)), |row| row.get(0))
        .optional()?;
    Ok(longest.unwrap_or_default().unsigned_abs())
}

fn by_model(connection: &Connection, tenant: i64, span: Span) -> Result<Vec<ModelCost>, UsageError> {
    let models = connection
        .prepare(
            "select model, count(*), sum(cost_eur_mc) from ai_call
             where tenant_id = ?1 and created_ms >= ?2 and created_ms < ?3
             group by model order by 3 desc, 2 desc, 1 limit ?4",
        )?
        .query_map((tenant, span.from_ms, span.until_ms, MODELS_MAX), |row| {
            Ok(ModelCost {
                model: row.get(0)?,
                n: row.get::<_, i64>(1)?.unsigned_abs(),
                cost_eur_millicents: Millicents(row.get(2)?),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(models)
}

fn day_cost(connection: &Connection, tenant: i64, day: Date, zone: &TimeZone) -> Result<DayCost, UsageError> {
    let span = Span::of_day(day, zone);
    let (docs, cost) = connection
        .prepare(
            "select count(*), coalesce(sum(cost_eur_mc), 0) from ai_call
             where tenant_id = ?1 and created_ms >= ?2 and created_ms < ?3",
        )?
        .query_row((tenant, span.from_ms, span.until_ms), |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), Millicents(row.get(1)?)))
        })?;
    let billed = billed(connection, tenant, span)?;
    Ok(DayCost { day: day.to_string(), docs, billed, cost_eur_millicents: cost })
}

fn recent_errors(
    connection: &Connection,
    tenant: i64,
    since: Option<Date>,
    zone: &TimeZone,
) -> Result<Vec<RecentError>, UsageError> {
    let since = since.map_or(Span::ALWAYS, |day| Span::of_day(day, zone));
    let errors = connection
        .prepare(
            "select created_ms, move_id, model, error_message from ai_call
             where tenant_id = ?1 and state = 'error' and created_ms >= ?2
             order by created_ms desc, id desc limit ?3",
        )?
        .query_map((tenant, since.from_ms, ERRORS_MAX), |row| {
            Ok(RecentError {
                created_at: shown(row.get(0)?),
                move_id: row.get(1)?,
                model: row.get(2)?,
                error_message: row.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(errors)
}

fn derived(totals: &StatsTotals) -> StatsDerived {
    let cost = totals.cost_eur_millicents;
    let made = totals.success + totals.errors + totals.lost;
    StatsDerived {
        cache_hit_rate: share(totals.cache_hits, totals.success),
        success_rate: share(totals.success, made),
        avg_cost_per_billed_doc_cents: cents_per(cost, totals.billed_docs),
        cost_per_page_cents: cents_per(cost, totals.pages),
        // A cent has 1 000 millicents.
        cost_eur_total_cents: cost.0 as f64 / 1_000.0,
        cost_eur_total_display: format!("{cost} EUR"),
    }
}

/// With four decimal places.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

fn cents_per(cost: Millicents, count: u64) -> Option<f64> {
    (count > 0).then(|| (cost.0 as f64 / count as f64).round() / 1_000.0)
}
