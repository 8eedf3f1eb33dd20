//! A run whose steps are asked for one by one, by a pipeline that stands in Odoo.
//!
//! It is journalled like any other run: the turn of the bill is held from its first step to its end, a
//! step that was done is not done again, and what a step needs is done before it whether or not the
//! pipeline names it. What the run knows stays here; a pipeline is shown a copy, and nothing of that
//! copy comes back.

use std::{collections::BTreeMap, pin::pin, sync::Arc};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    engine::{Begun, Engine, Finished},
    error::{RunError, StepError},
    final_data,
    journal::{KeptStep, Turn},
    record::{StepFailure, StepRun, StepStatus},
    request::RunRequest,
    runner::{self, Run, Stopped},
    step::{BuiltIn, Step, steps},
};
use crate::{
    facts::{JsonObject, PluginRequests},
    language::LanguageError,
    odoo::PermittedOdoo,
    plugins::{OnError, Registry},
};

/// A run on its way.
#[derive(Debug)]
pub struct Stepwise<'a, 'o> {
    run: Run<'a, 'o>,
    turn: Turn,
    registry: Arc<Registry>,
    /// Steps that an interrupted run had begun and not done.
    begun_before: BTreeMap<String, KeptStep>,
    records: Vec<StepRun>,
    /// Steps whose look at the bill nothing has happened to since.
    fresh: Vec<BuiltIn>,
    stopped: Option<Stopped>,
    resumed: bool,
    began: Instant,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepped {
    /// It was done, and before it the steps that it needs.
    Done { with: Vec<&'static str> },
    /// It was done by the run that was interrupted.
    DoneBefore,
    /// It does not concern the bill, or is done already.
    Skipped(String),
    /// Nothing is to run after it. The word is stable.
    Stopped(String),
    Failed {
        failure: StepFailure,
        /// Nothing else makes sense now, whatever the pipeline says.
        stops: bool,
    },
}

impl Engine {
    /// Begins a run, or takes up the one that was interrupted. No step has run then.
    pub async fn stepwise<'a, 'o>(
        &'a self,
        odoo: &'a PermittedOdoo<'o>,
        request: RunRequest,
        registry: Arc<Registry>,
        asked: &'a PluginRequests,
    ) -> Result<Stepwise<'a, 'o>, RunError> {
        let began = Instant::now();
        let tenant = self.tenant(odoo);
        let Begun { turn, context, resumed } = self.begun(&tenant, request, &registry).await?;
        let mut kept = match resumed {
            true => self.parts().journal.steps(&context.run_id).await?,
            false => BTreeMap::new(),
        };
        let mut records: Vec<StepRun> = Vec::new();
        kept.retain(|_, step| match step.ended.take() {
            Some(ended) if ended.status == StepStatus::Ok => {
                records.push(StepRun { before_interruption: true, ..ended });
                false
            }
            _ => true,
        });
        records.sort_by_key(|record| record.sequence);
        Ok(Stepwise {
            run: Run { engine: self, odoo, tenant, context, again: false, rehearsal: false, asked },
            turn,
            registry,
            begun_before: kept,
            records,
            fresh: Vec::new(),
            stopped: None,
            resumed,
            began,
        })
    }
}

impl Stepwise<'_, '_> {
    /// Runs a step by its name, and before it what it needs. An error means that the run cannot be
    /// kept any more, so that nothing else may run.
    pub async fn step(&mut self, name: &str) -> Result<Stepped, RunError> {
        let all = steps(&self.registry, self.run.context.request.selection);
        let Some(step) = all.iter().find(|step| step.name() == name) else {
            let unknown = StepError::new("unknown_step", format!("this program has no step `{name}`"));
            return Ok(Stepped::Failed { failure: unknown.failure(), stops: false });
        };
        if let Some(done) = self.done(step) {
            return Ok(match done.before_interruption {
                true => Stepped::DoneBefore,
                false => Stepped::Skipped("it was done already in this run".to_owned()),
            });
        }
        if matches!(step, Step::BuiltIn(BuiltIn::Extract)) && !self.run.engine.parts().has_model {
            let none = LanguageError::NotSetUp;
            let failure = StepError::new(none.code(), none.to_string()).failure();
            return Ok(Stepped::Failed { failure, stops: false });
        }
        let mut with = Vec::new();
        for needed in step.needs() {
            let needed_step = Step::BuiltIn(*needed);
            if self.done(&needed_step).is_some() {
                continue;
            }
            match self.one(&needed_step).await? {
                Stepped::Done { .. } => with.push(needed.name()),
                Stepped::DoneBefore | Stepped::Skipped(_) => {}
                ended @ (Stepped::Stopped(_) | Stepped::Failed { .. }) => return Ok(ended),
            }
        }
        Ok(match self.one(step).await? {
            Stepped::Done { .. } => Stepped::Done { with },
            ended => ended,
        })
    }

    /// The record of a step that need not run again.
    fn done(&self, step: &Step) -> Option<&StepRun> {
        // Until something was read of it the bill may have become another one.
        let is_look = matches!(step, Step::BuiltIn(look @ (BuiltIn::Probe | BuiltIn::Budget))
            if self.run.context.extraction.is_none() && !self.fresh.contains(look));
        let done = |record: &&StepRun| record.step_name == step.name() && record.status == StepStatus::Ok;
        self.records.iter().find(done).filter(|_| !is_look)
    }

    async fn one(&mut self, step: &Step) -> Result<Stepped, RunError> {
        // Nothing is done before it is on the disk, and nothing by a run that lost its turn.
        self.turn.renewed().await?;
        let journal = &self.run.engine.parts().journal;
        let position = self.records.len();
        journal.begin_step(&self.run.context.run_id, step.name(), position).await?;
        let began = Instant::now();
        self.run.again = self.begun_before.remove(step.name()).is_some()
            || self.records.iter().any(|record| record.step_name == step.name());
        let result = tokio::select! {
            result = runner::one_step(&mut self.run, step) => result,
            lost = self.turn.kept_alive() => return Err(lost),
        };
        // What an error means for the pipeline stands in Odoo; some errors end any run.
        let judged = runner::judge(result, OnError::Skip);
        if let Some((reason, next, status)) = &judged.stops {
            self.run.context.next_step = *next;
            let reason = runner::with_name(step, reason, *status);
            self.stopped = Some(Stopped { reason, status: *status });
        }
        let stepped = match (judged.status, &judged.error) {
            (StepStatus::Skip, _) => Stepped::Skipped(judged.reason.clone().unwrap_or_default()),
            (StepStatus::Abort, _) => Stepped::Stopped(judged.reason.clone().unwrap_or_default()),
            (_, Some(failure)) => Stepped::Failed { failure: failure.clone(), stops: judged.stops.is_some() },
            _ => Stepped::Done { with: Vec::new() },
        };
        let record = judged.record(step, began);
        self.run.engine.parts().journal.end_step(&self.run.context, position, &record).await?;
        // One line for a step, however often it was tried.
        self.records.retain(|earlier| earlier.step_name != record.step_name);
        self.records.push(record);
        if let Step::BuiltIn(step) = step {
            self.fresh.push(*step);
        }
        Ok(stepped)
    }

    /// Waits for something that happens in Odoo meanwhile, and keeps the turn. Where the turn is lost all
    /// the same, the next step says so: what was begun in Odoo is waited for.
    pub async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        self.fresh.clear();
        let mut work = pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = self.turn.kept_alive() => {}
        }
        work.await
    }

    /// What the pipeline is shown of the run.
    pub fn shown(&self) -> JsonObject {
        let mut data = final_data::of(&self.run.context);
        data.insert("run_id".to_owned(), Value::String(self.run.context.run_id.clone()));
        data.insert("next_step".to_owned(), json!(self.run.context.next_step));
        data
    }

    /// The pipeline is over, or ends here.
    pub async fn finish(self) -> Result<Finished, RunError> {
        let Self { run, turn, records, stopped, .. } = self;
        let engine = run.engine;
        let (mut finished, end) = runner::finished(run, records, stopped, self.resumed);
        let ended = engine.parts().journal.end(&finished.context.run_id, end).await;
        turn.end().await;
        ended?;
        finished.record.registry_generation = self.registry.generation;
        finished.record.duration_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(finished)
    }
}
