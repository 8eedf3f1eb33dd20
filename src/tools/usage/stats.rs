//! Figures of a period.

use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::{ledger_of, looks_at, zone};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
    usage::{Period, Stats},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<LogStats>()];

/// Arguments of `ai_usage_log_stats`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogStats {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// The connection's own tenant; may be left out. Another one is refused.
    #[serde(default)]
    tenant_code: String,
    /// The running day, week (since Monday), month or year, or everything.
    #[serde(default)]
    period: Period,
    /// Time zone in which days and months begin, such as `Europe/Sofia`; the company's one of the settings when empty.
    #[serde(default)]
    tz: String,
}

impl Tool for LogStats {
    const NAME: &'static str = "ai_usage_log_stats";
    const TITLE: &'static str = "Figures of language models";
    const DESCRIPTION: &'static str = "Figures of the calls of language models for this connection in a period: \
         totals, success rate, durations, cost per billed document and per page, by model, the last 30 days \
         day by day, and the latest errors. Needs no reachable Odoo.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Stats;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![looks_at(&self.connection)]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Stats, ToolError> {
        let (ledger, tenant) = ledger_of(cx, &self.connection, &self.tenant_code)?;
        let zone = zone(&self.tz, &ledger)?;
        ledger.sweep().await?;
        Ok(ledger.stats(&tenant, self.period, &zone, jiff::Timestamp::now()).await?)
    }
}
