//! What is asked for, and what comes back.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Confidence, PromptVersion, VendorContext};
use crate::{
    documents::{SafeDocument, SanitizeReport},
    language::Usage,
    usage::{CallId, Cost, Millicents, Source, Tenant},
};

/// What the document is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Wanted {
    /// An invoice or a credit note.
    #[default]
    Bill,
    CustomsDeclaration,
}

impl Wanted {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bill => "bill",
            Self::CustomsDeclaration => "customs_declaration",
        }
    }
}

/// What a tenant has booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Starter,
    #[default]
    Business,
    Professional,
    /// Long documents are read by the large model.
    Enterprise,
}

/// One document to be read.
#[derive(Debug, Clone)]
pub struct ExtractionRequest {
    pub tenant: Tenant,
    /// Whose budget it is.
    pub company_id: Option<i64>,
    pub move_id: Option<i64>,
    pub attachment_id: Option<i64>,
    pub source: Source,
    /// Id of the mail where the source is `gmail`.
    pub source_message_id: Option<String>,
    pub run_id: Option<String>,
    /// What the company may spend in a month; `None` for no limit.
    pub cap: Option<Millicents>,
    /// As it came; it is made safe before anything else happens.
    pub document: Arc<[u8]>,
    pub file_name: Option<String>,
    /// What its label says it is; another content is refused.
    pub claimed_mime_type: Option<String>,
    pub wanted: Wanted,
    pub prompt_version: PromptVersion,
    /// A model by name, if that may be asked for.
    pub model_override: Option<String>,
    pub tier: Tier,
    /// What is known of the vendor from before.
    pub vendor: Option<VendorContext>,
    /// The VAT number of the firm that the document came to.
    pub buyer_vat: Option<String>,
    /// The document codes that this database knows; empty where they are not known.
    pub document_codes: Vec<String>,
    /// Ask and pay again, even where an answer was kept.
    pub fresh: bool,
    /// Kept with the call for a while.
    pub extra: Option<Value>,
}

impl ExtractionRequest {
    /// A bill of a tenant, with everything else as it usually is.
    pub fn new(tenant: Tenant, document: impl Into<Arc<[u8]>>) -> Self {
        Self {
            tenant,
            company_id: None,
            move_id: None,
            attachment_id: None,
            source: Source::default(),
            source_message_id: None,
            run_id: None,
            cap: None,
            document: document.into(),
            file_name: None,
            claimed_mime_type: None,
            wanted: Wanted::default(),
            prompt_version: PromptVersion::default(),
            model_override: None,
            tier: Tier::default(),
            vendor: None,
            buyer_vat: None,
            document_codes: Vec::new(),
            fresh: false,
            extra: None,
        }
    }
}

/// A document that could be sent now. Nothing was sent and nothing reserved.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub document: SafeDocument,
    pub model: String,
    /// Same safe bytes, same prompt, same model, context or not: same key.
    pub content_key: String,
    /// The most it can cost; `None` where the price is not known.
    pub estimate: Option<Cost>,
    /// An answer was kept, so that it would cost nothing.
    pub is_paid: bool,
}

/// What was read.
#[derive(Debug, Clone)]
pub struct Extraction {
    /// The model that answered.
    pub model: String,
    pub pages: u32,
    pub duration_ms: u64,
    /// All attempts together; nothing for an answer that was kept.
    pub usage: Usage,
    /// All attempts together; `None` where the price is not known.
    pub cost: Option<Cost>,
    /// Requests that were sent for it.
    pub attempts: usize,
    pub prompt_version: String,
    /// The fields of the schema and nothing else; what was not believed is null.
    pub data: Value,
    pub confidence: Confidence,
    /// What of the answer was not believed, for a person.
    pub problems: Vec<String>,
    /// The document or the answer holds text that addresses the model: a person has to look at it.
    pub suspicious_instructions: bool,
    /// The model's answer as it came.
    pub raw_response: Value,
    /// The call that was paid for this answer, perhaps long ago.
    pub call_id: CallId,
    pub content_key: String,
    /// The answer was kept from before and cost nothing now.
    pub reused: bool,
    /// What was taken out of the document before it was sent.
    pub sanitized: SanitizeReport,
}

impl Extraction {
    /// What it cost in euros; nothing for an answer that was kept.
    pub fn eur(&self) -> Millicents {
        self.cost.as_ref().map_or(Millicents::ZERO, |cost| cost.eur)
    }

    pub fn usd(&self) -> Millicents {
        self.cost.as_ref().map_or(Millicents::ZERO, |cost| cost.usd)
    }
}
