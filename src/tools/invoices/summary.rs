//! How many bills wait for which step.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::known;
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    invoices::{
        NextStep, Selection, Step,
        inspect::{Evidence, History, Reads, attachments_of, bills, companies_of, decide, has_addon},
        steps,
    },
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<PipelineSummary>()];

/// Bills that are looked at, the newest of them.
const BILLS_MAX: u32 = 500;
/// A year, and the day that leap years have more.
const DAYS_MAX: u32 = 366;

/// Arguments of `ai_invoice_pipeline_summary`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PipelineSummary {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// The tenant of the connection, or empty; another one is refused.
    #[serde(default)]
    tenant_code: String,
    /// Bills made in so many days until now, 1 to 366.
    #[serde(default = "usual_days")]
    #[schemars(range(min = 1, max = DAYS_MAX))]
    days: u32,
}

fn usual_days() -> u32 {
    60
}

/// Result of `ai_invoice_pipeline_summary`.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    tenant_code: String,
    /// Bills made since then, UTC.
    since: String,
    days: u32,
    total_moves: usize,
    /// How many bills wait for each step.
    by_step: BTreeMap<NextStep, usize>,
    /// Which ones, newest first.
    ids_by_step: BTreeMap<NextStep, Vec<i64>>,
    /// Names of the steps that a run goes through, in order.
    registered_steps: Vec<String>,
    /// What could not be known here, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<String>,
    /// There are more bills or attachments than are looked at in one call.
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl PipelineSummary {
    fn reads(&self) -> Reads<'static> {
        Reads { ids: None, bills_max: BILLS_MAX.saturating_add(1), requested_only: false, companies: true }
    }
}

impl Tool for PipelineSummary {
    const NAME: &'static str = "ai_invoice_pipeline_summary";
    const TITLE: &'static str = "Bills by next step";
    const DESCRIPTION: &'static str = "How many draft and posted vendor bills of the last days wait for which step \
         of the pipeline, and which ones; the newest 500 bills. Reads only.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Summary;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.reads().effects(&self.connection)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if (1..=DAYS_MAX).contains(&self.days) {
            return Ok(());
        }
        Err(ArgumentsError { message: format!("`days` is between 1 and {DAYS_MAX}"), hint: None })
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Summary, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let tenant = known::tenant(cx, &odoo, &self.tenant_code)?;
        let since = since(self.days);
        let domain = json!([
            ["state", "in", ["draft", "posted"]],
            ["move_type", "in", ["in_invoice", "in_refund"]],
            ["create_date", ">=", since],
        ]);
        let mut found = bills(&odoo, domain, BILLS_MAX.saturating_add(1), true).await?;
        let more_bills = found.len() > BILLS_MAX as usize;
        found.truncate(BILLS_MAX as usize);
        let ids: Vec<i64> = found.iter().map(|bill| bill.id).collect();
        let (files, companies, histories) = futures_util::join!(
            attachments_of(&odoo, &ids),
            companies_of(&odoo, &found),
            known::histories(cx, &tenant, &ids)
        );
        let (files, companies, histories) = (files?, companies?, histories?);
        let mut ids_by_step: BTreeMap<NextStep, Vec<i64>> = BTreeMap::new();
        let picture_bytes_min = known::picture_bytes_min(cx);
        let none = History::default();
        for bill in &found {
            let company = bill.company_id.and_then(|id| companies.get(&id)).copied().unwrap_or_default();
            let history = histories.as_ref().map(|histories| histories.get(&bill.id).unwrap_or(&none));
            let evidence = Evidence::of(bill, files.of(bill.id), picture_bytes_min, history, company);
            let verdict = decide(&evidence);
            ids_by_step.entry(verdict.next_step).or_default().push(bill.id);
        }
        let mut unknown = Vec::new();
        if !has_addon(&odoo).await?.0 {
            unknown.push("confidence and review: this Odoo has no add-on with the `ai_` fields".to_owned());
        }
        if histories.is_none() {
            unknown.push("extractions: there is no usage ledger".to_owned());
        }
        Ok(Summary {
            tenant_code: tenant.code,
            since,
            days: self.days,
            total_moves: found.len(),
            by_step: ids_by_step.iter().map(|(step, ids)| (*step, ids.len())).collect(),
            ids_by_step,
            registered_steps: registered_steps(cx),
            unknown,
            truncated: more_bills || files.truncated,
            note: more_bills
                .then(|| format!("only the newest {BILLS_MAX} bills were looked at; ask for fewer `days`")),
        })
    }
}

fn registered_steps(cx: &CallContext<'_>) -> Vec<String> {
    let registry = cx.helpers().plugins.as_ref().map(|plugins| plugins.registry()).unwrap_or_default();
    steps(&registry, Selection::Pipeline).iter().map(Step::listed).map(|step| step.name).collect()
}

/// That many days ago, as Odoo writes moments.
fn since(days: u32) -> String {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    let then = now.checked_sub(i64::from(days).days()).unwrap_or(now);
    then.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
