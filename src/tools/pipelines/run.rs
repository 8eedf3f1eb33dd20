//! A pipeline that stands in Odoo, run for one record.

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    asked::{self, Tier},
    context::{self, Subject},
    local::{self, Here, OwnRun},
    runner::{Run, Status, StepRun},
};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, JsonObject, ModelName, RecordEffect, Risk, StepsAsked},
    tools::{ArgumentsError, CallContext, Helpers, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<RunPipeline>()];

/// Arguments of `ai_pipeline_run`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunPipeline {
    /// Name of the pipeline in Odoo, such as `tokenize`, `post` or `refresh`.
    #[serde(deserialize_with = "asked::short_text")]
    pipeline: String,
    /// Model of the record, such as `account.move`.
    source_model: ModelName,
    /// Id of the record.
    #[serde(deserialize_with = "asked::record_id")]
    source_id: i64,
    /// The connection's own tenant, or nothing.
    #[serde(default, deserialize_with = "asked::short_text")]
    tenant_code: String,
    /// Size of the tenant, for steps that choose by it.
    #[serde(default)]
    tenant_tier: Tier,
    /// Further members of the context; reserved names are refused.
    #[serde(default)]
    extra_ctx: JsonObject,
    /// Write state, message and time of the run to the steps.
    #[serde(default = "yes")]
    update_step_stats: bool,
    /// Only show which steps would run and what stands in the way; call nothing.
    #[serde(default)]
    dry_run: bool,
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

fn yes() -> bool {
    true
}

/// Result of `ai_pipeline_run`.
#[derive(Debug, Serialize, JsonSchema)]
struct RunAnswer {
    pipeline: String,
    tenant_code: String,
    source_model: ModelName,
    source_id: i64,
    /// `done`, `done_with_errors` (steps failed that may), `aborted`, or `dry_run`.
    state: &'static str,
    duration_ms: u64,
    /// The run ended before its last step.
    aborted: bool,
    abort_reason: Option<String>,
    step_runs: Vec<StepRun>,
    /// The context after the last step.
    final_ctx: JsonObject,
    /// The run of this program's own steps, as the journal has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    local_run: Option<OwnRun>,
    /// Why the results could not be written to the steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    stats_error: Option<String>,
}

impl Tool for RunPipeline {
    const NAME: &'static str = "ai_pipeline_run";
    const TITLE: &'static str = "Run an Odoo pipeline";
    const DESCRIPTION: &'static str = "Run the steps of a pipeline that stands in Odoo for one record, in order, \
         with one context. Only methods that the operator allows are called, and steps of models that begin with `mcp` \
         run here: they read and fill the bill (a paid call). A step that fails ends the run or not, as it \
         says itself. `dry_run` shows the steps and what would be refused.";
    const CLASS: Class = Class::Execute;
    const RISK: Risk = Risk::High;
    type Output = RunAnswer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        asked::looks(&self.connection, &self.source_model, self.source_id)
    }

    fn further_effects(&self, _: &Caller, helpers: &Helpers) -> Vec<Effect> {
        // A rehearsal only looks.
        if self.dry_run {
            return Vec::new();
        }
        vec![Effect::Records(RecordEffect::of_steps(&self.connection, &self.steps(helpers)))]
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if self.pipeline.is_empty() {
            return Err(ArgumentsError { message: "`pipeline` is empty".to_owned(), hint: None });
        }
        context::check_extra(&self.extra_ctx)
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<RunAnswer, ToolError> {
        let began = Instant::now();
        let odoo = cx.odoo(&self.connection)?;
        let tenant_code = asked::tenant(cx, &odoo, &self.tenant_code)?;
        let steps = asked::steps(&odoo, &self.steps(cx.helpers()), self.dry_run).await?;
        if steps.is_empty() {
            let known = asked::known_pipelines(&odoo).await?;
            return Err(ToolError::Stopped {
                code: "unknown_pipeline",
                message: format!("pipeline `{}` has no step that is switched on", self.pipeline),
                hint: Some(asked::shown(&known)),
            });
        }
        asked::check_record(&odoo, &self.source_model, self.source_id).await?;
        let subject = Subject {
            model: &self.source_model,
            id: self.source_id,
            pipeline: &self.pipeline,
            tenant_code: &tenant_code,
            tenant_tier: self.tenant_tier.as_str(),
        };
        let context = context::begin(&subject, &JsonObject::new(), &self.extra_ctx);
        let allowed = &cx.settings().pipeline_methods;
        let here = Here::of(cx, &odoo, &subject, self.tenant_tier, &self.pipeline);
        let mut run = Run::new(cx, &odoo, here, context);
        let mut stats_error = None;
        let mut local_run = None;
        if self.dry_run {
            run.steps = steps.iter().map(|step| run.rehearsed(step, asked::refusal(step, allowed))).collect();
        } else {
            asked::check_allowed(&steps, allowed)?;
            run.all(&steps).await;
            local_run = run.here.finish().await;
            if self.update_step_stats {
                stats_error = run.note_results().await.err().map(|error| error.to_string());
            }
            if let Some(error) = run.unknown {
                return Err(error.into());
            }
        }
        let failed = run.steps.iter().any(|step| step.status == Status::Error);
        let state = match &run.stopped {
            _ if self.dry_run => "dry_run",
            Some(_) => "aborted",
            None if failed => "done_with_errors",
            None => "done",
        };
        Ok(RunAnswer {
            tenant_code,
            state,
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            aborted: run.stopped.is_some(),
            abort_reason: run.stopped,
            step_runs: run.steps,
            final_ctx: run.context,
            local_run,
            stats_error,
            pipeline: self.pipeline,
            source_model: self.source_model,
            source_id: self.source_id,
        })
    }
}

impl RunPipeline {
    fn steps(&self, helpers: &Helpers) -> StepsAsked {
        StepsAsked {
            pipeline: self.pipeline.clone(),
            notes_results: self.update_step_stats,
            local: local::stated(helpers, &self.connection, &self.source_model, self.source_id),
            ..StepsAsked::default()
        }
    }
}
