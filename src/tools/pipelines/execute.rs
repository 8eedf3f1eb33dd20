//! One step that stands in Odoo, by its name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    asked::{self, Tier},
    context::{self, Subject},
    local::{self, Here, OwnRun},
    runner::{Run, Status},
};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, JsonObject, ModelName, RecordEffect, Risk, StepsAsked},
    odoo::{PermittedOdoo, StepRow},
    tools::{ArgumentsError, CallContext, Helpers, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ExecuteStep>()];

/// Arguments of `ai_pipeline_step_execute`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExecuteStep {
    /// Name of the step in Odoo.
    #[serde(deserialize_with = "asked::short_text")]
    step_name: String,
    /// Model of the record, such as `account.move`.
    source_model: ModelName,
    /// Id of the record.
    #[serde(deserialize_with = "asked::record_id")]
    source_id: i64,
    /// Fields that were read from a document.
    #[serde(default)]
    composite_fields: JsonObject,
    /// Further members of the context; reserved names are refused.
    #[serde(default)]
    extra_ctx: JsonObject,
    /// Its pipeline, where several have a step of this name.
    #[serde(default, deserialize_with = "asked::short_text")]
    pipeline: String,
    /// Its id, where even that does not tell.
    #[serde(default, deserialize_with = "asked::step_id")]
    step_id: i64,
    /// Call it although its skill has not matched or its trigger does not hold.
    #[serde(default)]
    ignore_gates: bool,
    /// Only show what would be called and what stands in the way.
    #[serde(default)]
    dry_run: bool,
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

/// Result of `ai_pipeline_step_execute`.
#[derive(Debug, Serialize, JsonSchema)]
struct StepAnswer {
    step: String,
    step_id: i64,
    pipeline: String,
    model: String,
    method: String,
    /// `ok`, `skip` (a gate is closed) or `error`; in a dry run `would_run` or `refused`.
    status: Status,
    /// Why it was left out, or what is worth knowing.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    duration_ms: u64,
    /// The context after the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    ctx: Option<JsonObject>,
    /// The context that was sent to a step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    ctx_sent: Option<JsonObject>,
    /// The run of a step of this program, as the journal has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    local_run: Option<OwnRun>,
}

impl Tool for ExecuteStep {
    const NAME: &'static str = "ai_pipeline_step_execute";
    const TITLE: &'static str = "Run one pipeline step";
    const DESCRIPTION: &'static str = "Run one step that stands in Odoo for one record, by its name. A name that \
         several steps have needs `pipeline` or `step_id`. Only methods that the operator allows are called; \
         a step whose model begins with `mcp` runs here, on a bill. A step whose skill or trigger does not fit is \
         left out unless `ignore_gates` is set.";
    const CLASS: Class = Class::Execute;
    const RISK: Risk = Risk::High;
    type Output = StepAnswer;

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
        if self.step_name.is_empty() {
            return Err(ArgumentsError { message: "`step_name` is empty".to_owned(), hint: None });
        }
        context::check_extra(&self.extra_ctx)?;
        context::check_fields(&self.composite_fields)
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<StepAnswer, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let tenant_code = asked::tenant(cx, &odoo, "")?;
        let step = self.the_step(&odoo, cx.helpers()).await?;
        asked::check_record(&odoo, &self.source_model, self.source_id).await?;
        let subject = Subject {
            model: &self.source_model,
            id: self.source_id,
            pipeline: &step.pipeline,
            tenant_code: &tenant_code,
            tenant_tier: Tier::default().as_str(),
        };
        let context = context::begin(&subject, &self.composite_fields, &self.extra_ctx);
        let allowed = &cx.settings().pipeline_methods;
        // Another step is another run, even of the same pipeline.
        let name = format!("{}, step {}", step.pipeline, step.id);
        let here = Here::of(cx, &odoo, &subject, Tier::default(), &name);
        let mut run = Run::new(cx, &odoo, here, context.clone());
        run.ignore_gates = self.ignore_gates;
        let mut local_run = None;
        if self.dry_run {
            run.steps.push(run.rehearsed(&step, asked::refusal(&step, allowed)));
        } else {
            asked::check_allowed(std::slice::from_ref(&step), allowed)?;
            run.all(std::slice::from_ref(&step)).await;
            local_run = run.here.finish().await;
        }
        if let Some(error) = run.unknown {
            return Err(error.into());
        }
        let Some(ended) = run.steps.pop() else {
            return Err(ToolError::Internal { detail: "a step left no trace".into() });
        };
        let (message, error) = match ended.status {
            Status::Error => (None, ended.message),
            _ => (ended.message, None),
        };
        let failed = error.is_some();
        Ok(StepAnswer {
            step: step.name,
            step_id: step.id,
            pipeline: step.pipeline,
            model: step.model,
            method: step.method,
            status: ended.status,
            message,
            error,
            duration_ms: ended.duration_ms,
            ctx: (!failed).then_some(run.context),
            ctx_sent: failed.then_some(context),
            local_run,
        })
    }
}

impl ExecuteStep {
    fn steps(&self, helpers: &Helpers) -> StepsAsked {
        StepsAsked {
            pipeline: self.pipeline.clone(),
            name: self.step_name.clone(),
            id: self.step_id,
            notes_results: false,
            local: local::stated(helpers, &self.connection, &self.source_model, self.source_id),
        }
    }

    /// The one step that is meant.
    async fn the_step(&self, odoo: &PermittedOdoo<'_>, helpers: &Helpers) -> Result<StepRow, ToolError> {
        let mut found = asked::steps(odoo, &self.steps(helpers), self.dry_run).await?;
        if found.len() > 1 {
            let places: Vec<String> =
                found.iter().map(|step| format!("{} (pipeline `{}`)", step.id, step.pipeline)).collect();
            return Err(ToolError::Stopped {
                code: "ambiguous_step",
                message: format!("several steps are called `{}`: {}", self.step_name, places.join(", ")),
                hint: Some("give `pipeline` or `step_id`".to_owned()),
            });
        }
        found.pop().ok_or_else(|| {
            ToolError::not_found(
                format!("no step that is switched on is called `{}`", self.step_name),
                "ai_pipeline_steps_list shows the steps of a pipeline",
            )
        })
    }
}
