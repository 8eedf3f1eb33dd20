//! The steps of a pipeline that stands in Odoo, and which of them may be run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    asked::{self, KNOWN_STEPS_MAX, KnownPipeline},
    local,
};
use crate::{
    config::MethodPattern,
    facts::{Caller, Class, ConnectionAlias, Effect, JsonObject, Risk},
    invoices::StepListed,
    odoo::{Domain, RESULT_FIELDS, STEP_FIELDS, StepRow, steps_query},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<StepsList>()];

/// Arguments of `ai_pipeline_steps_list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StepsList {
    /// Name of the pipeline; empty for all.
    #[serde(default = "tokenize", deserialize_with = "asked::short_text")]
    pipeline: String,
    /// Also steps that are switched off.
    #[serde(default)]
    include_inactive: bool,
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
}

fn tokenize() -> String {
    "tokenize".to_owned()
}

/// Result of `ai_pipeline_steps_list`.
#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    pipeline: String,
    count: usize,
    /// In the order in which they run.
    steps: Vec<ListedStep>,
    /// Every pipeline that has steps.
    known_pipelines: Vec<KnownPipeline>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// A step as Odoo knows it.
#[derive(Debug, Serialize, JsonSchema)]
struct ListedStep {
    #[serde(flatten)]
    record: JsonObject,
    /// Where it runs: `odoo`, or `here` for steps of this program.
    runs: &'static str,
    /// Steps of this program: is there one of that name?
    #[serde(skip_serializing_if = "Option::is_none")]
    exists: Option<bool>,
    /// Steps of this program: what it does, and where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_step: Option<StepListed>,
    /// A run may call it.
    allowed: bool,
    /// Why no run may call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_because: Option<String>,
}

impl Tool for StepsList {
    const NAME: &'static str = "ai_pipeline_steps_list";
    const TITLE: &'static str = "List pipeline steps";
    const DESCRIPTION: &'static str = "List the steps of a pipeline that stands in Odoo: what each calls, when, \
         how its last run ended, whether it may be called at all, and which are steps of this program. Names every pipeline that has steps.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Listed;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![asked::steps_read(&self.connection, &fields(), KNOWN_STEPS_MAX)]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Listed, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let mut conditions = Vec::new();
        if !self.pipeline.is_empty() {
            conditions.push(json!(["pipeline", "=", self.pipeline]));
        }
        if !self.include_inactive {
            conditions.push(json!(["active", "=", true]));
        }
        let domain = Domain::parse(conditions.into())?;
        let rows = odoo.steps_to_show(&steps_query(domain, &fields(), KNOWN_STEPS_MAX)?).await?;
        let allowed = &cx.settings().pipeline_methods;
        let own_steps = local::listed(cx.helpers());
        let steps: Vec<ListedStep> =
            rows.into_iter().map(|record| listed(record, allowed, &own_steps)).collect();
        let is_cut = steps.len() >= KNOWN_STEPS_MAX as usize;
        Ok(Listed {
            pipeline: self.pipeline,
            count: steps.len(),
            steps,
            known_pipelines: asked::known_pipelines(&odoo).await?,
            note: is_cut.then_some("there may be more steps; name a pipeline"),
        })
    }
}

fn listed(record: JsonObject, allowed: &[MethodPattern], own_steps: &[StepListed]) -> ListedStep {
    let step = StepRow::read(&record);
    let is_local = step.is_local();
    let own_step = own_steps.iter().find(|own| is_local && own.name == step.method).cloned();
    let refused_because = match is_local && own_step.is_none() {
        true => Some(local::unknown(&step.method)),
        false => asked::refusal(&step, allowed),
    };
    ListedStep {
        record,
        runs: if is_local { "here" } else { "odoo" },
        exists: is_local.then_some(own_step.is_some()),
        own_step,
        allowed: refused_because.is_none(),
        refused_because,
    }
}

fn fields() -> Vec<&'static str> {
    STEP_FIELDS.iter().chain(RESULT_FIELDS).copied().collect()
}
