//! Rows of the ledger, newest first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{SourceArgument, StateArgument, any_or, ledger_of, looks_at, zone};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, records::budget::MaxBytes, row},
    usage::{CallFilter, CallRow, Span},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<LogQuery>()];

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;
const MODEL_CHARS_MAX: usize = 100;

/// Arguments of `ai_usage_log_query`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogQuery {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// The connection's own tenant; may be left out. Another one is refused.
    #[serde(default)]
    tenant_code: String,
    /// How the calls ended; `cached` are successes whose prompt came out of the provider's cache, `lost` calls whose end nobody saw.
    #[serde(default)]
    state: StateArgument,
    /// How the documents came here.
    #[serde(default)]
    source: SourceArgument,
    /// Not before this day (`2026-01-31`) or time (`2026-01-31T12:00:00Z`).
    #[serde(default)]
    date_from: String,
    /// Not after this day, which is included as a whole, or time.
    #[serde(default)]
    date_to: String,
    /// Time zone of days and of times without an offset, such as `Europe/Sofia`; the company's one of the settings when empty.
    #[serde(default)]
    tz: String,
    /// Only calls of this bill; 0 for all.
    #[serde(default)]
    #[schemars(range(min = 0))]
    move_id: i64,
    /// Only calls of this company; 0 for all.
    #[serde(default)]
    #[schemars(range(min = 0))]
    company_id: i64,
    /// Only calls of this model, or of all that begin so with a `*` at the end.
    #[serde(default)]
    model: String,
    /// Only calls that are billed to the customer.
    #[serde(default)]
    billed_only: bool,
    /// Most rows.
    #[serde(default = "limit_default")]
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: u32,
    /// Rows to skip; `after` holds its place better.
    #[serde(default)]
    offset: u64,
    /// `next` of the page before.
    #[serde(default)]
    after: String,
    /// Most bytes of the rows; the others are on the next page.
    #[serde(default)]
    max_bytes: MaxBytes,
}

fn limit_default() -> u32 {
    LIMIT_DEFAULT
}

/// Result of `ai_usage_log_query`.
#[derive(Debug, Serialize, JsonSchema)]
struct LogRows {
    tenant_code: String,
    /// Rows of this page.
    count: usize,
    /// Matching rows altogether.
    total: u64,
    /// Where the next page begins: the argument `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Newest first.
    rows: Vec<CallRow>,
}

impl Tool for LogQuery {
    const NAME: &'static str = "ai_usage_log_query";
    const TITLE: &'static str = "Calls of language models";
    const DESCRIPTION: &'static str = "What the calls of language models for this connection used and cost, \
         newest first: every call, failed and lost ones too. Costs are in thousandths of a cent \
         (100000 = 1 EUR). Needs no reachable Odoo.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Medium;
    const IDEMPOTENT: bool = true;
    type Output = LogRows;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![looks_at(&self.connection)]
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: &str, hint: &str| {
            Err(ArgumentsError { message: message.to_owned(), hint: Some(hint.to_owned()) })
        };
        if !(1..=LIMIT_MAX).contains(&self.limit) {
            return refused("`limit` is from 1 to 1000", "fetch further rows with `after`");
        }
        if self.move_id < 0 || self.company_id < 0 {
            return refused("`move_id` and `company_id` are ids of records", "leave them out for all");
        }
        if self.model.chars().count() > MODEL_CHARS_MAX {
            return refused("`model` is longer than any name of a model", "write its beginning and a `*`");
        }
        if self.offset > 0 && !self.after.is_empty() {
            return refused("`offset` and `after` cannot be meant together", "use `after` alone");
        }
        Ok(())
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<LogRows, ToolError> {
        let (ledger, tenant) = ledger_of(cx, &self.connection, &self.tenant_code)?;
        let zone = zone(&self.tz, &ledger)?;
        let filter = CallFilter {
            span: Span::between(&self.date_from, &self.date_to, &zone)?,
            state: self.state.filter(),
            source: self.source.filter(),
            move_id: any_or(self.move_id),
            company_id: any_or(self.company_id),
            model: Some(self.model).filter(|model| !model.is_empty()),
            billed_only: self.billed_only,
        };
        // Calls that nobody will settle any more are rows from now on.
        ledger.sweep().await?;
        let after = Some(self.after.as_str()).filter(|after| !after.is_empty());
        let limit = self.limit as usize;
        let mut page = ledger.calls(&tenant, filter.clone(), limit, self.offset, after).await?;
        let fitting = fitting(&page.rows, self.max_bytes.get());
        if fitting < page.rows.len() {
            page = ledger.calls(&tenant, filter, fitting, self.offset, after).await?;
        }
        Ok(LogRows {
            tenant_code: tenant.code,
            count: page.rows.len(),
            total: page.total,
            next: page.next,
            rows: page.rows,
        })
    }
}

/// How many of the rows fit; the first always does.
fn fitting(rows: &[CallRow], bytes_max: usize) -> usize {
    let mut used = 0_usize;
    let fitting = rows.iter().take_while(|row| {
        used = used.saturating_add(serde_json::to_vec(row).map_or(usize::MAX, |bytes| bytes.len()));
        used <= bytes_max
    });
    fitting.count().max(1)
}
