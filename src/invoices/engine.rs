//! The engine: takes the turn of a bill, begins a run or takes up an interrupted one, and keeps its
//! record.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ring::rand::SecureRandom as _;
use tokio::time::Instant;

use super::{
    context::{RunContext, TenantFacts},
    error::{RunError, StepError},
    extraction::{Extractor, routing_models},
    journal::{Journal, Turn},
    record::RunRecord,
    rehearsal::{self, Rehearsal},
    request::RunRequest,
    runner::{self, Run},
    step::{BuiltIn, Step, steps},
};
use crate::{
    config::InvoiceSettings,
    facts::{PluginRequests, hex},
    language::LanguageModel,
    odoo::PermittedOdoo,
    plugins::{Plugins, Registry},
    store::StateDir,
    usage::{Tenant, UsageLedger},
};

/// How often a run that waits for its turn asks again.
const TURN_ASKED_EVERY: Duration = Duration::from_millis(100);

/// Where a run tells how far it is: steps done, steps in all, the step.
pub type Tell<'a> = &'a (dyn Fn(f64, f64, &str) + Send + Sync);

/// Everything runs need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) journal: Journal,
    pub(super) usage: Arc<UsageLedger>,
    pub(super) plugins: Arc<Plugins>,
    pub(super) extractor: Extractor,
    pub(super) settings: Arc<InvoiceSettings>,
    pub(super) has_model: bool,
}

/// A run that came to its end, with what only the server's own tools look at.
#[derive(Debug)]
pub struct Finished {
    pub record: RunRecord,
    pub context: RunContext,
    /// Why the bill could not even be looked at.
    pub(super) refusal: Option<StepError>,
}

/// A run that may work on its bill now.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) turn: Turn,
    pub(super) context: RunContext,
    pub(super) resumed: bool,
}

impl Engine {
    /// Nothing is opened or sent by this.
    pub fn new(
        state: &StateDir,
        usage: Arc<UsageLedger>,
        plugins: Arc<Plugins>,
        language: Option<Arc<LanguageModel>>,
        settings: Arc<InvoiceSettings>,
    ) -> Self {
        Self(Arc::new(Parts {
            journal: Journal::open(state),
            has_model: language.is_some(),
            extractor: Extractor::new(language, Arc::clone(&usage), Arc::clone(&settings)),
            usage,
            plugins,
            settings,
        }))
    }

    pub fn settings(&self) -> &InvoiceSettings {
        &self.0.settings
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }

    /// The plugins that hold now.
    pub fn registry(&self) -> Arc<Registry> {
        self.0.plugins.registry()
    }

    /// The tenant of a connection.
    pub fn tenant(&self, odoo: &PermittedOdoo<'_>) -> Tenant {
        self.0.usage.tenant(odoo.definition())
    }

    /// What cannot be meant, whatever the bill is.
    pub fn check(&self, request: &RunRequest, registry: &Registry) -> Result<(), RunError> {
        if let Some(name) = &request.stop_after {
            let known = steps(registry, request.selection);
            if !known.iter().any(|step| step.name() == name) {
                let known = known.iter().map(|step| step.name().to_owned()).collect();
                return Err(RunError::UnknownStep { name: name.clone(), known });
            }
        }
        if let Some(model) = &request.model_override {
            let allowed: Vec<String> = routing_models(&self.0.settings.routing)
                .into_iter()
                .chain(self.0.settings.model_overrides.iter().cloned())
                .collect();
            if !allowed.contains(model) {
                return Err(RunError::ModelNotAllowed { model: model.clone(), allowed });
            }
        }
        let reads = BuiltIn::Extract.comes_before(request.stop_after.as_deref());
        if reads && !self.0.has_model {
            return Err(RunError::NoLanguageModel);
        }
        Ok(())
    }

    /// Runs the steps. Whatever goes wrong within a step is in the record.
    pub async fn run(
        &self,
        odoo: &PermittedOdoo<'_>,
        request: RunRequest,
        tell: Tell<'_>,
        asked: &PluginRequests,
    ) -> Result<Finished, RunError> {
        // One snapshot: a reload meanwhile is for the next run.
        let registry = self.registry();
        self.check(&request, &registry)?;
        let tenant = self.tenant(odoo);
        let began = Instant::now();
        let Begun { turn, context, resumed } = self.begun(&tenant, request, &registry).await?;
        let steps: Vec<Step> = steps(&registry, context.request.selection);
        let run = Run { engine: self, odoo, tenant, context, again: false, rehearsal: false, asked };
        let walked = tokio::select! {
            walked = runner::walk(run, &steps, &turn, resumed, tell) => walked,
            lost = turn.kept_alive() => Err(lost),
        };
        let (mut finished, end) = match walked {
            Ok(walked) => walked,
            Err(error) => {
                turn.end().await;
                return Err(error);
            }
        };
        let ended = self.0.journal.end(&finished.context.run_id, end).await;
        turn.end().await;
        ended?;
        if let Some(refusal) = finished.refusal.take() {
            return Err(refusal.into());
        }
        finished.record.registry_generation = registry.generation;
        finished.record.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(finished)
    }

    /// The turn of the bill, and a new run of it or the one that was interrupted.
    pub(super) async fn begun(
        &self,
        tenant: &Tenant,
        request: RunRequest,
        registry: &Registry,
    ) -> Result<Begun, RunError> {
        let mut turn = self.turn(tenant, &request).await?;
        if let Some(context) = self.0.journal.interrupted(tenant, &request).await? {
            turn.becomes(&context.run_id).await?;
            return Ok(Begun { turn, context, resumed: true });
        }
        let facts = TenantFacts {
            code: tenant.code.clone(),
            server: tenant.server.clone(),
            database: tenant.database.clone(),
        };
        let context = RunContext::new(turn.run_id.clone(), facts, request);
        self.0.journal.begin(tenant, &context, registry.generation).await?;
        Ok(Begun { turn, context, resumed: false })
    }

    /// What a run would do and cost. Nothing is sent to a model, and nothing is written.
    pub async fn rehearse(
        &self,
        odoo: &PermittedOdoo<'_>,
        request: RunRequest,
    ) -> Result<Rehearsal, RunError> {
        let registry = self.registry();
        self.check(&request, &registry)?;
        rehearsal::rehearse(self, odoo, request, &registry).await
    }

    async fn turn(&self, tenant: &Tenant, request: &RunRequest) -> Result<Turn, RunError> {
        let run_id = new_run_id()?;
        let patience = Instant::now() + Duration::from_millis(self.0.settings.lock_wait_ms);
        loop {
            match self.0.journal.take_turn(tenant, &request.subject(), &run_id).await? {
                Ok(turn) => return Ok(turn),
                Err(run_id) if Instant::now() >= patience => return Err(RunError::Busy { run_id }),
                Err(_) => tokio::time::sleep(TURN_ASKED_EVERY).await,
            }
        }
    }
}

/// Short enough for a note, and never twice.
fn new_run_id() -> Result<String, RunError> {
    let mut random = [0_u8; 6];
    ring::rand::SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| RunError::Store { why: "no random number can be had".to_owned() })?;
    let at = Timestamp::now().strftime("%Y%m%dT%H%M%S");
    Ok(format!("run-{at}-{}", hex(&random)))
}
