//! `usage stats`: figures of a period.

use clap::Args;
use serde_json::json;

use super::{
    place::{Place, SHOWN_CHARS_MAX, stopped},
    words::{Running, Zone},
};
use crate::{
    approvals::visible,
    cli::{Session, Stop, terminal::table},
    usage,
};

/// Show the figures of a period
#[derive(Debug, Args)]
pub(super) struct Stats {
    /// The running day, week (since Monday), month or year, or everything
    #[arg(long, value_enum, default_value = "month")]
    period: Running,
    #[command(flatten)]
    zone: Zone,
}

impl Stats {
    pub(super) async fn run(self, session: &Session, place: Place, as_json: bool) -> Result<(), Stop> {
        let zone = self.zone.or(place.ledger.time_zone())?;
        let Some(tenant) = place.tenant().await? else {
            return Ok(if as_json {
                session.terminal.json(&json!({ "tenant_code": null }))
            } else {
                session.terminal.line("nothing was counted yet")
            }?);
        };
        let now = jiff::Timestamp::now();
        let stats = place
            .ledger
            .stats(&tenant, self.period.into(), &zone, now)
            .await
            .map_err(|error| stopped(&error))?;
        if as_json {
            return Ok(session.terminal.json(&json!(stats))?);
        }
        let since = stats.date_from.as_deref().unwrap_or("the first call");
        let head = format!("{}, since {since}", visible(&stats.tenant_code, SHOWN_CHARS_MAX));
        session.terminal.line(&session.terminal.bold(&head))?;
        session.terminal.line(&table(&figures(&stats)))?;
        if !stats.by_model.is_empty() {
            let mut rows = vec![["model", "calls", "EUR"].map(str::to_owned).to_vec()];
            rows.extend(stats.by_model.iter().map(|one| {
                let model = visible(&one.model, SHOWN_CHARS_MAX);
                vec![model, one.n.to_string(), one.cost_eur_millicents.to_string()]
            }));
            session.terminal.line(&format!("\n{}", table(&rows)))?;
        }
        if !stats.recent_errors.is_empty() {
            let errors: Vec<Vec<String>> = stats.recent_errors.iter().map(error).collect();
            session.terminal.line(&format!("\nlatest errors\n{}", table(&errors)))?;
        }
        Ok(())
    }
}

fn figures(stats: &usage::Stats) -> Vec<Vec<String>> {
    let totals = &stats.totals;
    let cents = |cents: Option<f64>| cents.map_or_else(|| "-".to_owned(), |cents| format!("{cents} cents"));
    let share = stats.derived.success_rate.map(|rate| format!(" ({:.1} %)", rate * 100.0));
    [
        ("calls", totals.total_rows.to_string()),
        ("answered", format!("{}{}", totals.success, share.unwrap_or_default())),
        ("failed, skipped, lost", format!("{}, {}, {}", totals.errors, totals.skipped, totals.lost)),
        ("billed documents", totals.billed_docs.to_string()),
        ("pages", totals.pages.to_string()),
        ("tokens in, out", format!("{}, {}", totals.input_tokens, totals.output_tokens)),
        ("cache read, written", format!("{}, {}", totals.cache_read, totals.cache_creation)),
        ("cost", stats.derived.cost_eur_total_display.clone()),
        ("per billed document", cents(stats.derived.avg_cost_per_billed_doc_cents)),
        ("calls without a price", totals.calls_without_price.to_string()),
        ("ms, on average, 95 %", format!("{}, {}", totals.avg_duration_ms, totals.p95_duration_ms)),
    ]
    .map(|(name, figure)| vec![name.to_owned(), figure])
    .to_vec()
}

fn error(error: &usage::RecentError) -> Vec<String> {
    let bill = error.move_id.map(|id| format!("bill {id}")).unwrap_or_default();
    let message = error.error_message.as_deref().unwrap_or_default();
    vec![
        error.created_at.clone(),
        bill,
        visible(&error.model, SHOWN_CHARS_MAX),
        visible(message, SHOWN_CHARS_MAX),
    ]
}
