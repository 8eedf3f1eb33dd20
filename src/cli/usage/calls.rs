//! `usage calls`: rows of the ledger, newest first.

use clap::Args;
use serde_json::json;

use super::{
    place::{Place, SHOWN_CHARS_MAX, stopped},
    words::{Between, CameBy, State},
};
use crate::{
    approvals::visible,
    cli::{Session, Stop, terminal::table},
    usage::{CallFilter, CallPage, CallRow},
};

/// Decimal places of an amount: a call costs parts of a cent.
const EURO_PLACES: u32 = 5;

/// Show calls, newest first
#[derive(Debug, Args)]
pub(super) struct Calls {
    /// How they ended
    #[arg(long, value_enum)]
    state: Option<State>,
    /// How their documents came here
    #[arg(long, value_enum)]
    source: Option<CameBy>,
    #[command(flatten)]
    between: Between,
    /// Only calls of this bill
    #[arg(long = "move", value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    move_id: Option<i64>,
    /// Only calls of this company
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(i64).range(1..))]
    company: Option<i64>,
    /// Only calls of this model, or of all that begin so with a `*` at the end
    #[arg(long)]
    model: Option<String>,
    /// Only calls that are billed
    #[arg(long)]
    billed: bool,
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// `next` of the page before
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
}

impl Calls {
    pub(super) async fn run(self, session: &Session, place: Place, as_json: bool) -> Result<(), Stop> {
        let filter = CallFilter {
            span: self.between.span(place.ledger.time_zone())?,
            state: self.state.map(Into::into),
            source: self.source.map(Into::into),
            move_id: self.move_id,
            company_id: self.company,
            model: self.model,
            billed_only: self.billed,
        };
        let tenant = place.tenant().await?;
        let page = match &tenant {
            Some(tenant) => {
                let limit = self.limit as usize;
                let page = place.ledger.calls(tenant, filter, limit, 0, self.after.as_deref());
                page.await.map_err(|error| stopped(&error))?
            }
            None => CallPage { rows: Vec::new(), total: 0, next: None },
        };
        if as_json {
            return Ok(session.terminal.json(&json!({
                "tenant_code": tenant.map(|tenant| tenant.code),
                "total": page.total,
                "next": page.next,
                "rows": page.rows,
            }))?);
        }
        if page.rows.is_empty() {
            let found = if tenant.is_some() { "no call matches" } else { "nothing was counted yet" };
            return Ok(session.terminal.line(found)?);
        }
        let head = ["call", "at", "is", "model", "source", "bill", "tokens in", "out", "EUR", "billed", ""];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(page.rows.iter().map(readable));
        session.terminal.line(&table(&rows))?;
        match page.next {
            Some(next) => {
                let line =
                    format!("{} of {} calls; go on with `--after {next}`", page.rows.len(), page.total);
                Ok(session.terminal.line(&line)?)
            }
            None => Ok(()),
        }
    }
}

fn readable(row: &CallRow) -> Vec<String> {
    let prompt = [row.input_tokens, row.cache_read_tokens, row.cache_creation_tokens];
    let cost = if row.cost_known { row.cost_millicents.units(EURO_PLACES) } else { "unknown".to_owned() };
    vec![
        row.call_id.to_string(),
        row.created_at.clone(),
        row.state.name().to_owned(),
        visible(&row.model, SHOWN_CHARS_MAX),
        row.source.clone(),
        row.move_id.map(|id| id.to_string()).unwrap_or_default(),
        prompt.into_iter().fold(0, u64::saturating_add).to_string(),
        row.output_tokens.to_string(),
        cost,
        if row.billed { "yes" } else { "no" }.to_owned(),
        row.error_message.as_deref().map(|text| visible(text, SHOWN_CHARS_MAX)).unwrap_or_default(),
    ]
}
