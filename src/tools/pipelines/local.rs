//! Steps of this program's own invoice engine, as far as a pipeline in Odoo may name them.

use crate::{facts::JsonObject, odoo::StepRow, tools::CallContext};

/// Runs one step of the engine on the context of the run and answers the context after it.
#[expect(clippy::unused_async, reason = "the engine's steps wait for Odoo and for a model")]
pub(super) async fn run(_: &CallContext<'_>, step: &StepRow, _: &JsonObject) -> Result<JsonObject, String> {
    Err(format!("step_not_available: this program has no step `{}` for pipelines in Odoo", step.method))
}
