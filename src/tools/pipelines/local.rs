//! Steps of this program's own invoice engine and of its plugins, as far as a pipeline in Odoo names
//! them: one run of the engine for one run of the pipeline.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{asked::Tier, context::Subject};
use crate::{
    facts::{ConnectionAlias, JsonObject, LocalStep, ModelName, PluginRequests},
    invoices::{
        Engine, NextStep, RunError, RunRecord, RunRequest, RunStatus, Selection, Step, StepListed, StepRun,
        Stepped, Stepwise, local_steps, steps,
    },
    odoo::{PermittedOdoo, StepRow},
    plugins::Registry,
    tools::{CallContext, Helpers},
    usage::Source,
};

/// What the engine works on.
const BILL: &str = "account.move";

/// What the steps of this program would do to a record, by their names.
pub(super) fn stated(
    helpers: &Helpers,
    connection: &ConnectionAlias,
    model: &ModelName,
    id: i64,
) -> Arc<[LocalStep]> {
    match &helpers.invoices {
        Some(engine) if model.as_str() == BILL => {
            local_steps(connection, id, engine.settings(), &engine.registry()).into()
        }
        // For other records nothing is done, see `refusal`.
        _ => Arc::default(),
    }
}

/// The steps that a pipeline may name now.
pub(super) fn listed(helpers: &Helpers) -> Vec<StepListed> {
    let registry = helpers.invoices.as_ref().map(Engine::registry).unwrap_or_default();
    steps(&registry, Selection::Stepwise).iter().map(Step::listed).collect()
}

/// The run of the engine behind a run of a pipeline. What it knows is in `mcp_data` of the context.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OwnRun {
    /// Names the run in the journal, in the ledger and in the note on the bill.
    run_id: String,
    /// Every step did what it is for.
    ok: bool,
    status: RunStatus,
    /// An earlier run that had been interrupted was taken up again.
    resumed: bool,
    attachment_id: Option<i64>,
    final_next_step: NextStep,
    /// Those that the pipeline named, and those that had to be done before them.
    step_runs: Vec<StepRun>,
}

impl OwnRun {
    fn of(record: RunRecord) -> Self {
        let RunRecord { run_id, ok, status, resumed, attachment_id, final_next_step, step_runs, .. } = record;
        Self { run_id, ok, status, resumed, attachment_id, final_next_step, step_runs }
    }
}

/// This program's part in a run of a pipeline.
pub(super) struct Here<'a, 'p> {
    engine: Option<&'a Engine>,
    odoo: &'a PermittedOdoo<'p>,
    /// One snapshot: plugins that are replaced meanwhile are for the next run.
    registry: Arc<Registry>,
    /// Where requests of plugins are noted.
    asked: &'a PluginRequests,
    /// Nothing where the record is no bill.
    request: Option<RunRequest>,
    /// Begun with the first step that is named.
    run: Option<Stepwise<'a, 'p>>,
}

impl<'a, 'p> Here<'a, 'p> {
    /// Nothing is begun by this.
    pub(super) fn of(
        cx: &'a CallContext<'p>,
        odoo: &'a PermittedOdoo<'p>,
        subject: &Subject<'_>,
        tier: Tier,
        pipeline: &str,
    ) -> Self {
        let engine = cx.helpers().invoices.as_ref();
        let request = (subject.model.as_str() == BILL).then(|| RunRequest {
            source: Source::Api,
            tier: tier.into(),
            selection: Selection::Stepwise,
            pipeline: Some(pipeline.to_owned()),
            ..RunRequest::of_bill(subject.id)
        });
        let registry = engine.map(Engine::registry).unwrap_or_default();
        Self { engine, odoo, registry, asked: cx.plugin_requests(), request, run: None }
    }

    /// Why a step of this program cannot run, whatever its gates say.
    pub(super) fn refusal(&self, step: &StepRow) -> Option<String> {
        if !step.is_local() {
            return None;
        }
        if self.engine.is_none() {
            return Some("no_engine: this server has no invoice engine".to_owned());
        }
        let known = steps(&self.registry, Selection::Stepwise);
        if !known.iter().any(|known| known.name() == step.method) {
            return Some(unknown(&step.method));
        }
        if self.request.is_none() {
            return Some(format!("not_a_bill: steps of this program work on records of `{BILL}`"));
        }
        None
    }

    /// Runs a step of this program that nothing refuses.
    pub(super) async fn step(&mut self, step: &StepRow) -> Result<Stepped, RunError> {
        let (Some(engine), Some(request)) = (self.engine, &self.request) else {
            return Ok(Stepped::Skipped("there is nothing to work on".to_owned()));
        };
        let run = match &mut self.run {
            Some(run) => run,
            begun @ None => {
                let run = engine
                    .stepwise(self.odoo, request.clone(), Arc::clone(&self.registry), self.asked)
                    .await?;
                begun.insert(run)
            }
        };
        run.step(&step.method).await
    }

    /// Waits for a step of Odoo; the turn of the bill is kept meanwhile.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        match &mut self.run {
            Some(run) => run.beside(work).await,
            None => work.await,
        }
    }

    /// What the pipeline is shown of the run of the engine.
    pub(super) fn shown(&self) -> Option<JsonObject> {
        self.run.as_ref().map(Stepwise::shown)
    }

    /// The end of the run of the engine, if one was begun.
    pub(super) async fn finish(&mut self) -> Option<OwnRun> {
        match self.run.take()?.finish().await {
            Ok(finished) => Some(OwnRun::of(finished.record)),
            Err(error) => {
                // Everything that it did is in the journal; the next run takes it up.
                tracing::warn!(%error, "the run of a bill could not be closed");
                None
            }
        }
    }
}

/// Why a step that is not there fails.
pub(super) fn unknown(name: &str) -> String {
    format!("unknown_step: this program has no step `{name}`")
}
