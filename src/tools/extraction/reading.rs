//! One reading, whatever the document: whose it is, what it may cost, what came of it.

use jiff::{Zoned, civil::Date};
use ring::digest;
use serde_json::json;

use super::{
    budget, content,
    tool::{Extract, Kind},
};
use crate::{
    config::InvoiceSettings,
    facts::hex,
    invoices::extraction::{
        Extraction, ExtractionError, ExtractionRequest, Extractor, Prepared, PromptVersion, Wanted,
    },
    tools::{CallContext, ToolError},
    usage::Source,
};

/// A reading that can be made.
pub(super) struct Ready {
    pub(super) extractor: Extractor,
    pub(super) request: ExtractionRequest,
    /// The number of the firm that the document came to: named in the call, or that of its company.
    pub(super) own_vat: Option<String>,
}

impl<K: Kind> Extract<K> {
    /// Everything that is known before the document is looked at.
    pub(super) async fn ready(self, cx: &CallContext<'_>) -> Result<Ready, ToolError> {
        let not_set_up = || ToolError::Internal { detail: "no extractor in this house".into() };
        let extractor = cx.helpers().extractor.clone().ok_or_else(not_set_up)?;
        let ledger = cx.helpers().usage.clone().ok_or_else(not_set_up)?;
        let odoo = cx.odoo(&self.connection)?;
        let tenant = ledger.tenant(odoo.definition());
        tenant.must_be(&self.tenant_code)?;
        let document = content::bytes_of(cx, self.file_b64, self.path.as_deref()).await?;
        if let Some(request_id) = &self.request_id {
            let sha256 = hex(digest::digest(&digest::SHA256, &document).as_ref());
            let meant =
                json!([sha256, K::WANTED.name(), self.company_vat, self.company_id, self.model_override]);
            request_id.must_mean(&tenant, cx.caller().grant.as_str(), &meant.to_string())?;
        }
        let payer =
            budget::payer(&odoo, self.company_id, self.company_vat.as_deref(), extractor.settings()).await?;
        let mut request = ExtractionRequest::new(tenant, document);
        request.company_id = payer.company_id;
        request.cap = payer.cap;
        request.source = Source::Api;
        request.claimed_mime_type = self.mimetype;
        request.wanted = K::WANTED;
        request.prompt_version = prompt_version(extractor.settings());
        request.model_override = self.model_override.filter(|model| !model.is_empty());
        request.tier = self.tenant_tier;
        request.extra = self.request_id.map(|id| json!({"request_id": id.as_str()}));
        // Only what was said of the buyer goes into the question; what the company itself says is
        // enough to look at the answer with.
        let said = self.company_vat.as_deref().filter(|_| K::WANTED == Wanted::Bill);
        request.buyer_vat = said.map(plain_number).filter(|vat| !vat.is_empty());
        let own_vat = self.company_vat.filter(|vat| !vat.trim().is_empty()).or(payer.vat);
        Ok(Ready { extractor, request, own_vat })
    }
}

impl Ready {
    pub(super) async fn prepare(&self) -> Result<Prepared, ToolError> {
        Ok(self.extractor.prepare(&self.request).await?)
    }

    pub(super) async fn read(self) -> Result<Extraction, ToolError> {
        Ok(self.extractor.extract(self.request).await?)
    }
}

fn prompt_version(settings: &InvoiceSettings) -> PromptVersion {
    PromptVersion::named(&settings.prompt_version)
}

/// Letters and digits of a number, in capitals.
fn plain_number(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

pub(super) fn today() -> Date {
    Zoned::now().date()
}

impl From<ExtractionError> for ToolError {
    fn from(error: ExtractionError) -> Self {
        match error {
            ExtractionError::Usage(error) => error.into(),
            ExtractionError::Document(refusal) => Self::Stopped {
                code: refusal.code.as_str(),
                message: format!("the document is not sent: {}", refusal.message),
                hint: Some("give the document as a plain PDF, PNG, JPEG, GIF or WebP".to_owned()),
            },
            error => {
                let hint = error.hint();
                Self::Stopped { code: error.code(), message: error.to_string(), hint: Some(hint) }
            }
        }
    }
}
