//! What a run would do: the reads are made, the steps are judged, the cost is estimated. Nothing is
//! sent to a model, reserved or written.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    context::{RunContext, TenantFacts},
    engine::Engine,
    error::RunError,
    record::StepFailure,
    request::RunRequest,
    runner::Run,
    step::{BuiltIn, Outcome, Step, steps},
    steps as doing,
};
use crate::{facts::PluginRequests, odoo::PermittedOdoo, plugins::Registry};

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Rehearsal {
    pub steps: Vec<RehearsedStep>,
    /// Why the run would stop, and at which step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_stop: Option<String>,
    /// Model, pages and the most it can cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extraction: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Value>,
    pub move_id: Option<i64>,
    pub attachment_id: Option<i64>,
    pub tenant_code: String,
    pub registry_generation: u64,
}

/// One step of a run that is not made.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RehearsedStep {
    pub name: String,
    pub sequence: u32,
    pub would_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<StepFailure>,
}

pub(super) async fn rehearse(
    engine: &Engine,
    odoo: &PermittedOdoo<'_>,
    request: RunRequest,
    registry: &Registry,
) -> Result<Rehearsal, RunError> {
    let tenant = engine.tenant(odoo);
    let facts = TenantFacts {
        code: tenant.code.clone(),
        server: tenant.server.clone(),
        database: tenant.database.clone(),
    };
    let steps = steps(registry, request.selection);
    let context = RunContext::new("rehearsal".to_owned(), facts, request);
    // Nothing of a plugin runs here.
    let asked = PluginRequests::default();
    let mut run = Run { engine, odoo, tenant, context, again: false, rehearsal: true, asked: &asked };
    let mut rehearsal = Rehearsal {
        steps: Vec::with_capacity(steps.len()),
        would_stop: None,
        extraction: None,
        budget: None,
        move_id: run.context.request.move_id,
        attachment_id: run.context.request.attachment_id,
        tenant_code: run.context.tenant.code.clone(),
        registry_generation: registry.generation,
    };
    let mut is_over = false;
    for step in &steps {
        let mut seen = RehearsedStep {
            name: step.name().to_owned(),
            sequence: step.sequence(),
            would_run: true,
            reason: None,
            error: None,
        };
        if rehearsal.would_stop.is_some() || is_over {
            seen.would_run = false;
            seen.reason = Some("the run would end before it".to_owned());
        } else {
            look(&mut run, step, &mut seen, &mut rehearsal).await?;
        }
        is_over |= run.context.request.stop_after.as_deref() == Some(step.name());
        rehearsal.steps.push(seen);
    }
    rehearsal.attachment_id = run.context.attachment.as_ref().map(|file| file.id).or(rehearsal.attachment_id);
    rehearsal.budget = run.context.budget.as_ref().and_then(|budget| serde_json::to_value(budget).ok());
    Ok(rehearsal)
}

/// The steps that only read are made; of the others it is said that they would be.
async fn look(
    run: &mut Run<'_, '_>,
    step: &Step,
    seen: &mut RehearsedStep,
    rehearsal: &mut Rehearsal,
) -> Result<(), RunError> {
    let result = match step {
        Step::BuiltIn(
            made @ (BuiltIn::Probe | BuiltIn::Budget | BuiltIn::AlreadyExtracted | BuiltIn::History),
        ) => doing::built_in(run, *made).await,
        Step::BuiltIn(BuiltIn::Extract) => match estimated(run).await {
            Ok(value) => {
                rehearsal.extraction = Some(value);
                return Ok(());
            }
            Err(error) => Err(error),
        },
        Step::BuiltIn(BuiltIn::Post) if run.engine.settings().posting_method.is_none() => {
            Ok(Outcome::Skipped("no posting method is set".to_owned()))
        }
        Step::BuiltIn(BuiltIn::WriteBack) if run.context.bill.is_none() => {
            Ok(Outcome::Skipped("there is no bill".to_owned()))
        }
        Step::Plugin(_) => {
            seen.reason = Some("if the plugin says that it applies".to_owned());
            return Ok(());
        }
        Step::BuiltIn(_) => return Ok(()),
    };
    match result {
        Ok(Outcome::Done(_)) => {}
        Ok(Outcome::Skipped(reason)) => {
            seen.would_run = false;
            seen.reason = Some(reason);
        }
        Ok(Outcome::Abort { reason, .. }) => {
            seen.reason = Some(reason.clone());
            rehearsal.would_stop = Some(reason);
        }
        Err(error) if matches!(step, Step::BuiltIn(BuiltIn::Probe)) => return Err(error.into()),
        Err(error) => {
            let failure = error.failure();
            rehearsal.would_stop = Some(format!("{}: {}", step.name(), failure.message));
            seen.error = Some(failure);
        }
    }
    Ok(())
}

async fn estimated(run: &Run<'_, '_>) -> Result<Value, super::error::StepError> {
    let request = doing::asked(run).await?;
    let prepared = run.engine.parts().extractor.prepare(&request).await.map_err(|error| {
        super::error::StepError::new(error.code(), error.to_string()).with_hint(error.hint())
    })?;
    Ok(json!({
        "model": prepared.model,
        "pages": prepared.document.pages,
        "bytes": prepared.document.bytes.len(),
        "is_paid": prepared.is_paid,
        "estimate_eur_millicents": prepared.estimate.as_ref().map(|cost| cost.eur),
        "estimate_usd_millicents": prepared.estimate.as_ref().map(|cost| cost.usd),
        "price_version": prepared.estimate.as_ref().map(|cost| cost.price_version.clone()),
    }))
}
