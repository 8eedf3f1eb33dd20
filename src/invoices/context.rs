//! What the steps of a run know and leave for each other: typed, and kept in the journal after every
//! step, so that a run that was interrupted goes on where it was. No secrets, and no file contents.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    extraction::{Confidence, VendorContext},
    files::AttachmentFacts,
    record::NextStep,
    request::RunRequest,
};
use crate::{
    facts::JsonObject,
    usage::{LimitSource, Millicents},
};

/// Everything that a run knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunContext {
    pub run_id: String,
    pub tenant: TenantFacts,
    pub request: RunRequest,
    pub bill: Option<Bill>,
    pub company: Option<Company>,
    pub attachment: Option<AttachmentFacts>,
    /// Files that could have been chosen.
    pub attachments: Vec<AttachmentFacts>,
    pub budget: Option<BudgetFacts>,
    /// It goes to the model, to plugins and not to callers.
    pub history: VendorContext,
    pub extraction: Option<Extracted>,
    pub escalation: Option<EscalationFacts>,
    /// What the validators changed and found.
    pub normalized: Option<Value>,
    pub logged: Option<Logged>,
    pub write_back: Option<WriteBack>,
    pub posting: Option<Posting>,
    /// What steps of plugins answered, by plugin.
    pub plugins: JsonObject,
    pub next_step: NextStep,
}

/// Whose bill it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantFacts {
    pub code: String,
    pub server: String,
    pub database: String,
}

/// The bill as it was read at the beginning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    pub id: i64,
    pub name: String,
    pub move_type: String,
    pub state: String,
    pub partner_id: Option<i64>,
    pub partner_name: Option<String>,
    pub invoice_date: Option<String>,
    pub r#ref: Option<String>,
    pub amount_total: Value,
    pub currency_id: Option<i64>,
    pub currency: Option<String>,
    pub company_id: Option<i64>,
    pub main_attachment_id: Option<i64>,
    pub lines: usize,
    pub write_date: Option<String>,
    pub needs_review: bool,
}

impl Bill {
    /// A vendor bill or a vendor credit note.
    pub fn is_from_vendor(&self) -> bool {
        matches!(self.move_type.as_str(), "in_invoice" | "in_refund")
    }

    pub fn is_draft(&self) -> bool {
        self.state == "draft"
    }
}

/// The bill's own company.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    pub id: i64,
    pub name: String,
    pub vat: Option<String>,
    pub currency_id: Option<i64>,
    /// `None` where the field is not there.
    pub two_pass: Option<bool>,
}

/// What may be spent, and what was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetFacts {
    /// `company`, `missing_field`, `unreadable`, or `overridden`.
    pub limit_source: String,
    pub limit: Option<Millicents>,
    pub spent: Millicents,
    pub reserved: Millicents,
    pub remaining: Option<Millicents>,
}

/// The word for how a limit is known.
pub(super) fn source_word(source: LimitSource) -> &'static str {
    match source {
        LimitSource::Company => "company",
        LimitSource::MissingField => "missing_field",
        LimitSource::Unreadable => "unreadable",
    }
}

/// What was read from the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extracted {
    pub data: Value,
    pub confidence: Confidence,
    pub model: String,
    pub prompt_version: String,
    pub pages: u32,
    pub duration_ms: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_creation_tokens: u64,
    pub cost_known: bool,
    pub cost_eur: Millicents,
    pub cost_usd: Millicents,
    pub call_id: String,
    pub content_key: String,
    /// The answer was kept from an earlier run and cost nothing now.
    pub reused: bool,
    pub problems: Vec<String>,
    pub suspicious_instructions: bool,
    pub raw_response: Value,
    /// What was taken out of the document.
    pub sanitized: Value,
    /// Something was taken out.
    pub was_cleaned: bool,
}

/// The second look, or why there was none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationFacts {
    pub escalated: bool,
    pub reason: String,
    pub first_pass_model: Option<String>,
    pub first_pass_state: Option<String>,
    pub first_pass_call_id: Option<String>,
    /// Why the second look brought nothing.
    pub failed: Option<String>,
}

/// The document on the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    pub call_id: String,
    /// Billed by this run, not before.
    pub newly_billed: bool,
}

/// What was written to the bill.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WriteBack {
    pub attempted: bool,
    pub fields_written: Vec<String>,
    /// Fields that were left alone, with the reason.
    pub skipped: Vec<LeftAlone>,
    pub lines_proposed: usize,
    pub message_id: Option<i64>,
    pub arithmetic: Value,
    pub arithmetic_ok: bool,
    pub arithmetic_note: String,
    pub warnings: Vec<String>,
}

/// A field that was not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftAlone {
    pub field: String,
    pub reason: String,
}

/// What became of posting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    pub method: String,
    pub state: String,
}

impl RunContext {
    pub fn new(run_id: String, tenant: TenantFacts, request: RunRequest) -> Self {
        Self {
            run_id,
            tenant,
            request,
            bill: None,
            company: None,
            attachment: None,
            attachments: Vec::new(),
            budget: None,
            history: VendorContext::default(),
            extraction: None,
            escalation: None,
            normalized: None,
            logged: None,
            write_back: None,
            posting: None,
            plugins: JsonObject::new(),
            next_step: NextStep::default(),
        }
    }

    /// What a plugin is told; see `docs/invoices.md`. The raw answer of the model is not part of it.
    pub fn for_plugins(&self) -> Value {
        let bill = self.bill.as_ref();
        json!({
            "tenant": {"code": self.tenant.code, "database": self.tenant.database},
            "run": {
                "id": self.run_id,
                "source": self.request.source.name(),
                "source_message_id": self.request.source_message_id,
                "tier": self.request.tier,
                "forced": self.request.is_forced(),
            },
            "move": bill.map(|bill| json!({
                "id": bill.id,
                "name": bill.name,
                "move_type": bill.move_type,
                "state": bill.state,
                "partner_id": bill.partner_id,
                "partner_name": bill.partner_name,
                "invoice_date": bill.invoice_date,
                "ref": bill.r#ref,
                "amount_total": bill.amount_total,
                "currency": bill.currency,
                "company_id": bill.company_id,
            })),
            "company": self.company.as_ref().map(|company| json!({
                "id": company.id, "name": company.name, "vat": company.vat,
            })),
            "attachment": self.attachment,
            "extraction": self.extraction.as_ref().map(|found| found.data.clone()),
            "confidence": self.extraction.as_ref().map(|found| found.confidence.clone()),
            "history": self.history,
            "data": {
                "plugins": self.plugins,
                "bg_normalize": self.normalized,
                "writeback": self.write_back,
                "posting": self.posting,
            },
        })
    }
}
