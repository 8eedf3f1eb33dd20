//! One document read, and the draft filled: the same pipeline with fewer steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::parts::{CameBy, Ran, given, given_text, is_id, more_effects, run, usual_effects};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    identifiers::masked_extraction,
    invoices::{
        Extracted, Finished, Rehearsal, RunRequest, RunStatus, Selection, StepFailure, extraction::Tier,
    },
    tools::{ArgumentsError, CallContext, Helpers, Tool, ToolEntry, ToolError, row},
    usage::Source,
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Extract>()];

/// Arguments of `ai_invoice_extract`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Extract {
    /// The file (`ir.attachment`) to read.
    attachment_id: i64,
    /// The bill that the file belongs to; 0 reads without a bill and writes nothing.
    #[serde(default)]
    move_id: i64,
    /// How the document came here.
    #[serde(default)]
    source: CameBy,
    /// Id of the mail, where it came by one.
    #[serde(default)]
    source_message_id: String,
    /// A model by name, instead of the one for the document's size.
    #[serde(default)]
    model_override: String,
    /// Fill empty fields of the draft and leave a note.
    #[serde(default = "yes")]
    write_back: bool,
    #[serde(default)]
    tenant_tier: Tier,
    /// The tenant of the connection, or empty.
    #[serde(default)]
    tenant_code: String,
    /// Read and pay again, even where an answer was kept.
    #[serde(default)]
    force: bool,
    /// Only say what the reading would cost at most.
    #[serde(default)]
    dry_run: bool,
    /// Go past the company's budget, where the operator lets this caller.
    #[serde(default)]
    override_budget: bool,
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

fn yes() -> bool {
    true
}

/// Result of `ai_invoice_extract`.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct ExtractResult {
    ok: bool,
    /// `success`, `error`, or the word for why nothing was read.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<TokenCounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<CostShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    /// An answer that was paid for before was used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reused: bool,
    /// What was read; numbers of people are masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    extracted_data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_confidence: Option<Value>,
    /// What was written: fields, what was left alone and why, the note.
    #[serde(skip_serializing_if = "Option::is_none")]
    writeback: Option<Value>,
    /// The call in the usage ledger.
    log_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<StepFailure>,
    /// Nothing was sent to a model, and nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Dry run: what would happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    rehearsal: Option<Rehearsal>,
}

/// Tokens that were used up.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenCounts {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_creation: u64,
}

/// What the reading cost in this call.
#[derive(Debug, Serialize, JsonSchema)]
struct CostShown {
    /// False where the model's price is not known; then the amounts say nothing.
    known: bool,
    usd_millicents: i64,
    eur_millicents: i64,
    /// In euros with four decimal places.
    eur_display: String,
}

impl Extract {
    fn writes(&self) -> bool {
        self.write_back && self.move_id != 0
    }

    fn request(&self) -> RunRequest {
        RunRequest {
            move_id: given(self.move_id),
            attachment_id: given(self.attachment_id),
            source: if self.force { Source::Force } else { self.source.source() },
            source_message_id: given_text(&self.source_message_id),
            tier: self.tenant_tier,
            model_override: given_text(&self.model_override),
            selection: if self.writes() { Selection::Extract } else { Selection::ExtractOnly },
            stop_after: None,
            override_budget: self.override_budget,
            pipeline: None,
        }
    }
}

impl Tool for Extract {
    const NAME: &'static str = "ai_invoice_extract";
    const TITLE: &'static str = "Read an invoice";
    const DESCRIPTION: &'static str = "Read an attached invoice with a language model (a paid call) and, where \
         `move_id` names its draft vendor bill, fill the bill's empty fields and leave a note. An answer that was \
         paid for is used again. `dry_run` shows the cost first.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::High;
    type Output = ExtractResult;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        usual_effects(&self.connection, &self.request(), self.dry_run)
    }

    fn further_effects(&self, _: &Caller, helpers: &Helpers) -> Vec<Effect> {
        more_effects(&self.connection, &self.request(), self.dry_run, helpers, false)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: &str| Err(ArgumentsError { message: message.to_owned(), hint: None });
        if self.attachment_id == 0 || !is_id(self.attachment_id) {
            return refused("`attachment_id` is the id of a file, a whole number from 1 up");
        }
        if !is_id(self.move_id) {
            return refused("`move_id` is the id of a bill, or 0 for none");
        }
        Ok(())
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<ExtractResult, ToolError> {
        let was_to_write = self.writes();
        Ok(match run(cx, &self.connection, &self.tenant_code, self.request(), self.dry_run).await? {
            Ran::Rehearsed(rehearsal) => rehearsed(*rehearsal),
            Ran::Finished(finished) => result_of(&finished, was_to_write),
        })
    }
}

fn rehearsed(rehearsal: Rehearsal) -> ExtractResult {
    ExtractResult {
        ok: rehearsal.would_stop.is_none(),
        state: rehearsal.would_stop.clone().unwrap_or_else(|| "dry_run".to_owned()),
        dry_run: true,
        rehearsal: Some(rehearsal),
        ..ExtractResult::default()
    }
}

fn result_of(finished: &Finished, was_to_write: bool) -> ExtractResult {
    let (record, context) = (&finished.record, &finished.context);
    let error = record.step_runs.iter().find_map(|step| step.error.clone());
    let state = match (&context.extraction, record.status) {
        (Some(_), _) => "success".to_owned(),
        (None, RunStatus::Aborted) => record.abort_reason.clone().unwrap_or_else(|| "aborted".to_owned()),
        (None, _) => "error".to_owned(),
    };
    let writeback = match &context.write_back {
        Some(written) => {
            let mut shown = json!(written);
            if let Some(members) = shown.as_object_mut() {
                members.insert("chatter_posted".to_owned(), json!(written.message_id.is_some()));
            }
            Some(shown)
        }
        None => was_to_write.then(|| json!({"attempted": false})),
    };
    let mut result = ExtractResult {
        ok: record.ok,
        state,
        run_id: Some(record.run_id.clone()),
        writeback,
        log_id: context.logged.as_ref().map(|logged| logged.call_id.clone()),
        error,
        ..ExtractResult::default()
    };
    if let Some(found) = &context.extraction {
        describe(&mut result, found);
    }
    result
}

fn describe(result: &mut ExtractResult, found: &Extracted) {
    result.model = Some(found.model.clone());
    result.pages = Some(found.pages);
    result.duration_ms = Some(found.duration_ms);
    result.reused = found.reused;
    result.tokens = Some(TokenCounts {
        input: found.input_tokens,
        output: found.output_tokens,
        cache_read: found.cache_read_tokens,
        cache_creation: found.cache_creation_tokens,
    });
    result.cost = Some(CostShown {
        known: found.cost_known,
        usd_millicents: found.cost_usd.0,
        eur_millicents: found.cost_eur.0,
        eur_display: found.cost_eur.units(4),
    });
    result.extracted_data = Some(masked_extraction(&found.data));
    result.field_confidence = Some(json!(found.confidence));
}
