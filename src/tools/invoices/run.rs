//! All steps of the pipeline for one bill.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::{Ran, given, given_text, is_id, more_effects, run, usual_effects};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    invoices::{Rehearsal, RunRecord, RunRequest, Selection, extraction::Tier},
    tools::{ArgumentsError, CallContext, Helpers, Tool, ToolEntry, ToolError, row},
    usage::Source,
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<PipelineRun>()];

/// Arguments of `ai_invoice_pipeline_run`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct PipelineRun {
    /// The bill (`account.move`).
    move_id: i64,
    /// The file (`ir.attachment`) of the bill to read; 0 chooses the main one, a PDF or a large picture.
    #[serde(default)]
    attachment_id: i64,
    /// How the document came here; `force` reads it again, and pays again.
    #[serde(default)]
    source: Source,
    /// Id of the mail, where it came by one.
    #[serde(default)]
    source_message_id: String,
    /// The tenant of the connection, or empty.
    #[serde(default)]
    tenant_code: String,
    #[serde(default)]
    tenant_tier: Tier,
    /// Only say which steps would run and what the reading would cost at most.
    #[serde(default)]
    dry_run: bool,
    /// Name of the last step to run.
    #[serde(default)]
    stop_after: String,
    /// Go past the company's budget, where the operator lets this caller.
    #[serde(default)]
    override_budget: bool,
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

/// Result of `ai_invoice_pipeline_run`.
#[derive(Debug, Serialize, JsonSchema)]
struct PipelineRunResult {
    /// Nothing was sent to a model, and nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Dry run: what would happen.
    #[serde(skip_serializing_if = "Option::is_none")]
    rehearsal: Option<Rehearsal>,
    /// The run; `ok` says whether every step did what it is for.
    #[serde(flatten)]
    record: Option<RunRecord>,
}

impl PipelineRun {
    fn request(&self) -> RunRequest {
        RunRequest {
            attachment_id: given(self.attachment_id),
            source: self.source,
            source_message_id: given_text(&self.source_message_id),
            tier: self.tenant_tier,
            selection: Selection::Pipeline,
            stop_after: given_text(&self.stop_after),
            override_budget: self.override_budget,
            ..RunRequest::of_bill(self.move_id)
        }
    }
}

impl Tool for PipelineRun {
    const NAME: &'static str = "ai_invoice_pipeline_run";
    const TITLE: &'static str = "Run a bill through the pipeline";
    const DESCRIPTION: &'static str = "Read a draft vendor bill's attachment with a language model (a paid call), \
         check it, fill empty fields and leave a note; then steps of plugins. A second run pays and writes \
         nothing again. `dry_run` shows steps and cost first.";
    const CLASS: Class = Class::Execute;
    const RISK: Risk = Risk::High;
    type Output = PipelineRunResult;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        usual_effects(&self.connection, &self.request(), self.dry_run)
    }

    fn further_effects(&self, _: &Caller, helpers: &Helpers) -> Vec<Effect> {
        more_effects(&self.connection, &self.request(), self.dry_run, helpers, true)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: &str| Err(ArgumentsError { message: message.to_owned(), hint: None });
        if self.move_id == 0 || !is_id(self.move_id) {
            return refused("`move_id` is the id of a bill, a whole number from 1 up");
        }
        if !is_id(self.attachment_id) {
            return refused("`attachment_id` is the id of a file, or 0 to have one chosen");
        }
        Ok(())
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<PipelineRunResult, ToolError> {
        Ok(match run(cx, &self.connection, &self.tenant_code, self.request(), self.dry_run).await? {
            Ran::Rehearsed(rehearsal) => {
                PipelineRunResult { dry_run: true, rehearsal: Some(*rehearsal), record: None }
            }
            Ran::Finished(finished) => {
                PipelineRunResult { dry_run: false, rehearsal: None, record: Some(finished.record) }
            }
        })
    }
}
