//! The steps of the pipeline, with where each comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, Effect, Risk},
    invoices::{Selection, StepListed, steps},
    plugins::Registry,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<PipelineSteps>()];

/// Arguments of `ai_invoice_pipeline_steps`: none.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct PipelineSteps {}

/// Result of `ai_invoice_pipeline_steps`.
#[derive(Debug, Serialize, JsonSchema)]
struct Steps {
    count: usize,
    /// Which set of plugins this is; it grows with every reload that changed something.
    registry_generation: u64,
    /// In the order they run in.
    steps: Vec<StepListed>,
}

impl Tool for PipelineSteps {
    const NAME: &'static str = "ai_invoice_pipeline_steps";
    const TITLE: &'static str = "List the steps of the pipeline";
    const DESCRIPTION: &'static str = "Steps that ai_invoice_pipeline_run runs, in order: what each does, what its failure means, and the plugin \
         it comes from.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Steps;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        Vec::new()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Steps, ToolError> {
        let registry = match &cx.helpers().plugins {
            Some(plugins) => plugins.registry(),
            None => std::sync::Arc::new(Registry::default()),
        };
        let steps: Vec<StepListed> =
            steps(&registry, Selection::Pipeline).iter().map(crate::invoices::Step::listed).collect();
        Ok(Steps { count: steps.len(), registry_generation: registry.generation, steps })
    }
}
