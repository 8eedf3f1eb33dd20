//! Everything that is known of one bill.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};

use super::known;
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    invoices::{
        NextStep,
        inspect::{
            Attachment, Bill, CompanySettings, Evidence, Extraction, History, Reads, Verdict, attachments_of,
            bills, companies_of, decide, has_addon,
        },
    },
    tools::{ArgumentsError, CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<StackInspect>()];

/// Attachments that are told one by one.
const ATTACHMENTS_TOLD_MAX: usize = 50;

/// Arguments of `ai_invoice_stack_inspect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StackInspect {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Id of the bill (`account.move`).
    #[schemars(range(min = 1))]
    move_id: i64,
    /// The tenant of the connection, or empty; another one is refused.
    #[serde(default)]
    tenant_code: String,
}

/// Result of `ai_invoice_stack_inspect`.
#[derive(Debug, Serialize, JsonSchema)]
struct Stack {
    tenant_code: String,
    move_id: i64,
    move_name: String,
    move_type: String,
    state: String,
    partner_name: Option<String>,
    invoice_date: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    #[schemars(with = "Option<f64>")]
    amount_total: Option<Number>,
    currency: Option<String>,
    company_id: Option<i64>,
    attachments: Vec<Attachment>,
    /// Extractions of this bill, newest first.
    extraction_history: Vec<Extraction>,
    last_extraction: Option<Extraction>,
    successful_extractions: u64,
    failed_extractions: u64,
    cache_hits: u64,
    /// Null where the add-on is not installed, like the others that begin with `ai_`.
    ai_post_confidence: Option<f64>,
    ai_needs_review: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ai_review_reason: Option<String>,
    ai_post_log: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ai_pipeline_requested: Option<bool>,
    /// The company's own, for this bill's company.
    company_threshold: Option<f64>,
    company_autopost: Option<bool>,
    next_step: NextStep,
    /// What stands in the way of it.
    blockers: Vec<String>,
    hints: Vec<String>,
    /// What could not be known here, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<String>,
    /// There are more attachments or extractions than are told.
    truncated: bool,
}

impl StackInspect {
    fn reads(&self) -> Reads<'_> {
        let ids = std::slice::from_ref(&self.move_id);
        Reads { ids: Some(ids), bills_max: 1, requested_only: false, companies: true }
    }
}

impl Tool for StackInspect {
    const NAME: &'static str = "ai_invoice_stack_inspect";
    const TITLE: &'static str = "Everything known of a bill";
    const DESCRIPTION: &'static str = "One vendor bill: its fields, attachments, extractions in the usage ledger, \
         confidence and company settings, the next step of the pipeline and what blocks it. Reads only.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Stack;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.reads().effects(&self.connection)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if self.move_id > 0 {
            return Ok(());
        }
        Err(ArgumentsError { message: "`move_id` is not the id of a bill".to_owned(), hint: None })
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Stack, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let tenant = known::tenant(cx, &odoo, &self.tenant_code)?;
        let ids = [self.move_id];
        let (found, files, histories) = futures_util::join!(
            bills(&odoo, json!([["id", "in", ids]]), 1, false),
            attachments_of(&odoo, &ids),
            known::histories(cx, &tenant, &ids)
        );
        let found = found?;
        let Some(bill) = found.first() else {
            return Err(ToolError::not_found(
                format!("there is no bill {} here, or it may not be seen", self.move_id),
                "look for it with `odoo_search_read` on `account.move`",
            ));
        };
        let (addon, _) = has_addon(&odoo).await?;
        let companies = companies_of(&odoo, &found).await?;
        let company = bill.company_id.and_then(|id| companies.get(&id)).copied().unwrap_or_default();
        let files = files?;
        let history = histories?.map(|mut bills| bills.remove(&bill.id).unwrap_or_default());
        let files = files.of(bill.id);
        let picture_bytes_min = known::picture_bytes_min(cx);
        let verdict = decide(&Evidence::of(bill, files, picture_bytes_min, history.as_ref(), company));
        Ok(Stack::of(tenant.code, bill, files, history, company, verdict, addon))
    }
}

impl Stack {
    fn of(
        tenant_code: String,
        bill: &Bill,
        files: &[Attachment],
        history: Option<History>,
        company: CompanySettings,
        verdict: Verdict,
        addon: bool,
    ) -> Self {
        let mut unknown = Vec::new();
        if !addon {
            unknown
                .push("confidence, review and log: this Odoo has no add-on with the `ai_` fields".to_owned());
        } else if company.threshold.is_none() {
            unknown.push("threshold and automatic posting: the company's settings cannot be read".to_owned());
        }
        if history.is_none() {
            unknown.push("extractions: there is no usage ledger".to_owned());
        }
        let history = history.unwrap_or_default();
        Self {
            tenant_code,
            move_id: bill.id,
            move_name: bill.name.clone(),
            move_type: bill.move_type.clone(),
            state: bill.state.clone(),
            partner_name: bill.partner_name.clone(),
            invoice_date: bill.invoice_date.clone(),
            reference: bill.reference.clone(),
            amount_total: bill.amount_total.clone(),
            currency: bill.currency.clone(),
            company_id: bill.company_id,
            attachments: files.iter().take(ATTACHMENTS_TOLD_MAX).cloned().collect(),
            last_extraction: history.last().cloned(),
            successful_extractions: history.successful,
            failed_extractions: history.failed,
            cache_hits: history.cache_hits,
            truncated: history.truncated || files.len() > ATTACHMENTS_TOLD_MAX,
            extraction_history: history.calls,
            ai_post_confidence: bill.confidence,
            ai_needs_review: bill.needs_review,
            ai_review_reason: bill.review_reason.clone(),
            ai_post_log: bill.log.clone(),
            ai_pipeline_requested: bill.requested,
            company_threshold: company.threshold,
            company_autopost: company.autopost,
            next_step: verdict.next_step,
            blockers: verdict.blockers,
            hints: verdict.hints,
            unknown,
        }
    }
}
