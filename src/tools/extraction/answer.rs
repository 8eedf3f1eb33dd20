//! What a reading comes to, in the words of all its tools.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    facts::JsonObject,
    identifiers::Normalized,
    invoices::extraction::{Extraction, ExtractionRequest, Prepared},
    usage::{Cost, Tenant},
};

/// How it was read and what it cost.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Account {
    /// `success`, or `prepared` for a dry run.
    state: &'static str,
    tenant_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_id: Option<i64>,
    model: String,
    pages: u32,
    duration_ms: u64,
    prompt_version: String,
    /// Requests that were sent to the model; 0 where a kept answer was used.
    attempts: usize,
    /// An answer that was paid for earlier was used again.
    reused: bool,
    /// The price of the model is known.
    cost_known: bool,
    /// Thousandths of a euro cent; for a dry run the most it can cost.
    cost_eur_millicents: i64,
    /// Thousandths of a US cent.
    cost_usd_millicents: i64,
    input_tokens: u64,
    output_tokens: u64,
    cache_read_tokens: u64,
    cache_creation_tokens: u64,
    /// The call in the usage ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<String>,
    /// Nothing was sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// The document or the answer holds text that addresses the model: a person should look at it.
    suspicious_instructions: bool,
    /// What of the answer was not believed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    /// What was found in the document and taken out before it was sent.
    sanitized: JsonObject,
}

impl Account {
    pub(super) fn of(
        extraction: &Extraction,
        tenant: &Tenant,
        company_id: Option<i64>,
        has_buyer: bool,
    ) -> Self {
        let (cost_known, cost_eur_millicents, cost_usd_millicents) = money(extraction.cost.as_ref());
        let hint = if has_buyer { "+seller_hint" } else { "" };
        Self {
            state: "success",
            tenant_code: tenant.code.clone(),
            company_id,
            model: extraction.model.clone(),
            pages: extraction.pages,
            duration_ms: extraction.duration_ms,
            prompt_version: format!("{}{hint}", extraction.prompt_version),
            attempts: extraction.attempts,
            reused: extraction.reused,
            cost_known,
            cost_eur_millicents,
            cost_usd_millicents,
            input_tokens: extraction.usage.input_tokens,
            output_tokens: extraction.usage.output_tokens,
            cache_read_tokens: extraction.usage.cache_read_tokens,
            cache_creation_tokens: extraction.usage.cache_creation_tokens,
            call_id: Some(extraction.call_id.0.clone()),
            dry_run: false,
            suspicious_instructions: extraction.suspicious_instructions,
            problems: extraction.problems.clone(),
            sanitized: object(json!(extraction.sanitized)),
        }
    }

    pub(super) fn of_prepared(prepared: &Prepared, request: &ExtractionRequest) -> Self {
        let (cost_known, cost_eur_millicents, cost_usd_millicents) =
            if prepared.is_paid { (true, 0, 0) } else { money(prepared.estimate.as_ref()) };
        Self {
            state: "prepared",
            tenant_code: request.tenant.code.clone(),
            company_id: request.company_id,
            model: prepared.model.clone(),
            pages: prepared.document.pages,
            duration_ms: 0,
            prompt_version: request.prompt_version.name().to_owned(),
            attempts: 0,
            reused: prepared.is_paid,
            cost_known,
            cost_eur_millicents,
            cost_usd_millicents,
            input_tokens: 0,
            output_tokens: 0,
            cache_read_tokens: 0,
            cache_creation_tokens: 0,
            call_id: None,
            dry_run: true,
            suspicious_instructions: false,
            problems: Vec::new(),
            sanitized: object(json!(prepared.document.report)),
        }
    }
}

/// What the numbers of an answer came to when they were checked.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Checks {
    /// Values that were written in their proper form, with what they were.
    pub(super) changes: Vec<JsonObject>,
    /// What was found out about the numbers.
    pub(super) report: JsonObject,
}

impl Checks {
    pub(super) fn of(normalized: &Normalized) -> Self {
        Self {
            changes: normalized.changes.iter().map(|change| object(json!(change))).collect(),
            report: object(json!(normalized.report)),
        }
    }
}

pub(super) type Sure = BTreeMap<String, f64>;

pub(super) fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}

fn money(cost: Option<&Cost>) -> (bool, i64, i64) {
    cost.map_or((false, 0, 0), |cost| (true, cost.eur.0, cost.usd.0))
}
