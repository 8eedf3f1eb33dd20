//! One step after the other: conditions, deadlines, what an error means, and the journal before and
//! after each.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

use super::{
    context::RunContext,
    engine::{Engine, Finished, Tell},
    error::{RunError, StepError},
    final_data,
    journal::{End, KeptStep, Turn},
    record::{NextStep, RunRecord, RunStatus, StepFailure, StepRun, StepStatus},
    step::{BuiltIn, Outcome, Step, StepResult},
    steps,
};
use crate::{facts::PluginRequests, odoo::PermittedOdoo, plugins::OnError, usage::Tenant};

/// A plugin's own deadline is kept by its caller; this one is for what it leaves open.
const PLUGIN_GRACE: Duration = Duration::from_secs(10);

/// What the steps work with.
#[derive(Debug)]
pub(super) struct Run<'a, 'o> {
    pub(super) engine: &'a Engine,
    pub(super) odoo: &'a PermittedOdoo<'o>,
    pub(super) tenant: Tenant,
    pub(super) context: RunContext,
    /// The step that runs now was begun before the interruption.
    pub(super) again: bool,
    /// Nothing is to be sent or written.
    pub(super) rehearsal: bool,
    /// Where requests of plugins are noted.
    pub(super) asked: &'a PluginRequests,
}

/// Why nothing more runs.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) reason: String,
    pub(super) status: RunStatus,
}

pub(super) async fn walk(
    mut run: Run<'_, '_>,
    steps: &[Step],
    turn: &Turn,
    resumed: bool,
    tell: Tell<'_>,
) -> Result<(Finished, End), RunError> {
    let mut kept: BTreeMap<String, KeptStep> = match resumed {
        true => run.engine.parts().journal.steps(&run.context.run_id).await?,
        false => BTreeMap::new(),
    };
    let mut records = Vec::with_capacity(steps.len());
    let mut stopped: Option<Stopped> = None;
    let mut is_over = false;
    let mut refusal = None;
    let total = steps.len() as f64;
    for (position, step) in steps.iter().enumerate() {
        tell(position as f64, total, step.name());
        let before = kept.remove(step.name());
        if let Some(mut ended) = before.as_ref().and_then(|step| step.ended.clone())
            && ended.status != StepStatus::Abort
        {
            if ended.status == StepStatus::Error && stopped.is_none() && step.on_error() == OnError::Abort {
                stopped = Some(Stopped { reason: reason_of(&ended), status: RunStatus::Failed });
            }
            ended.before_interruption = true;
            records.push(ended);
            is_over |= ends_here(&run, step);
            continue;
        }
        let began = Instant::now();
        let judged = if stopped.is_some() {
            Judged::plain(StepStatus::Abort)
        } else if is_over {
            Judged::skipped("the run ends before it".to_owned())
        } else {
            // Nothing is done before it is on the disk, and nothing by a run that lost its turn.
            turn.renewed().await?;
            let journal = &run.engine.parts().journal;
            journal.begin_step(&run.context.run_id, step.name(), position).await?;
            run.again = before.is_some();
            let result = one_step(&mut run, step).await;
            let looked = matches!(step, Step::BuiltIn(BuiltIn::Probe));
            if let (true, Err(error)) = (looked, &result) {
                refusal = Some(error.clone());
            }
            let judged = judge(result, step.on_error());
            if let Some((reason, next, status)) = &judged.stops {
                run.context.next_step = *next;
                stopped = Some(Stopped { reason: with_name(step, reason, *status), status: *status });
            }
            judged
        };
        let record = judged.record(step, began);
        run.engine.parts().journal.end_step(&run.context, position, &record).await?;
        records.push(record);
        is_over |= ends_here(&run, step);
    }
    tell(total, total, "done");
    let (mut finished, end) = finished(run, records, stopped, resumed);
    finished.refusal = refusal;
    Ok((finished, end))
}

fn ends_here(run: &Run<'_, '_>, step: &Step) -> bool {
    run.context.request.stop_after.as_deref() == Some(step.name())
}

/// An abort has a word of its own; a failure is named after its step.
pub(super) fn with_name(step: &Step, reason: &str, status: RunStatus) -> String {
    if status == RunStatus::Failed { format!("{}: {reason}", step.name()) } else { reason.to_owned() }
}

fn reason_of(step: &StepRun) -> String {
    let message = step.error.as_ref().map_or("it failed", |error| &error.message);
    format!("{}: {message}", step.step_name)
}

pub(super) async fn one_step(run: &mut Run<'_, '_>, step: &Step) -> StepResult {
    let settings = run.engine.settings();
    let allowed = match step {
        // Two readings, where the first was doubtful.
        Step::BuiltIn(BuiltIn::Extract) => Duration::from_millis(settings.extraction_timeout_ms),
        Step::BuiltIn(_) => Duration::from_millis(settings.step_timeout_ms),
        Step::Plugin(step) => step.timeout.saturating_mul(2).saturating_add(PLUGIN_GRACE),
    };
    match tokio::time::timeout(allowed, steps::execute(run, step)).await {
        Ok(Ok(Outcome::Abort { reason, next, mut output })) => {
            if let Step::Plugin(step) = step {
                steps::tell_of_stop(run, step, &reason, &mut output).await;
            }
            Ok(Outcome::Abort { reason, next, output })
        }
        Ok(result) => result,
        Err(_) => {
            let message = format!("the step did not end within {} ms", allowed.as_millis());
            Err(StepError::new("timeout", message)
                .with_hint("call again: what was paid and written is known"))
        }
    }
}

/// A step's end, as the record has it.
pub(super) struct Judged {
    pub(super) status: StepStatus,
    pub(super) output: Option<Value>,
    pub(super) error: Option<StepFailure>,
    pub(super) reason: Option<String>,
    /// Why nothing after it runs.
    pub(super) stops: Option<(String, NextStep, RunStatus)>,
}

impl Judged {
    fn plain(status: StepStatus) -> Self {
        Self { status, output: None, error: None, reason: None, stops: None }
    }

    fn skipped(reason: String) -> Self {
        Self { reason: Some(reason), ..Self::plain(StepStatus::Skip) }
    }

    pub(super) fn record(self, step: &Step, began: Instant) -> StepRun {
        StepRun {
            step_name: step.name().to_owned(),
            sequence: step.sequence(),
            status: self.status,
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            output: self.output,
            error: self.error,
            reason: self.reason,
            before_interruption: false,
        }
    }
}

pub(super) fn judge(result: StepResult, on_error: OnError) -> Judged {
    match result {
        Ok(Outcome::Done(output)) => {
            let output = Some(output).filter(|output| !output.is_null() && !output.is_boolean());
            Judged { output, ..Judged::plain(StepStatus::Ok) }
        }
        Ok(Outcome::Skipped(reason)) => Judged::skipped(reason),
        Ok(Outcome::Abort { reason, next, output }) => Judged {
            output: Some(output).filter(|output| !output.is_null()),
            reason: Some(reason.clone()),
            stops: Some((reason, next, RunStatus::Aborted)),
            ..Judged::plain(StepStatus::Abort)
        },
        Err(error) => {
            let failure = error.failure();
            let stops = error.fatal || on_error == OnError::Abort;
            let next = match failure.code.as_str() {
                "outcome_unknown" => NextStep::AwaitingReview,
                _ => NextStep::RetryExtraction,
            };
            Judged {
                stops: stops.then(|| (failure.message.clone(), next, RunStatus::Failed)),
                error: Some(failure),
                ..Judged::plain(StepStatus::Error)
            }
        }
    }
}

pub(super) fn finished(
    run: Run<'_, '_>,
    step_runs: Vec<StepRun>,
    stopped: Option<Stopped>,
    resumed: bool,
) -> (Finished, End) {
    let Run { context, .. } = run;
    let has_errors = step_runs.iter().any(|step| step.status == StepStatus::Error);
    let status = match &stopped {
        Some(stopped) => stopped.status,
        None if has_errors => RunStatus::FinishedWithErrors,
        None => RunStatus::Finished,
    };
    let is_written = context.write_back.is_some()
        && step_runs
            .iter()
            .any(|step| step.step_name == BuiltIn::WriteBack.name() && step.status == StepStatus::Ok);
    let end = End {
        status,
        written_back: is_written,
        content_key: context.extraction.as_ref().map(|found| found.content_key.clone()),
        message_id: context.write_back.as_ref().and_then(|written| written.message_id),
    };
    let record = RunRecord {
        run_id: context.run_id.clone(),
        tenant_code: context.tenant.code.clone(),
        move_id: context.request.move_id,
        attachment_id: context.attachment.as_ref().map(|file| file.id).or(context.request.attachment_id),
        ok: status == RunStatus::Finished,
        status,
        resumed,
        duration_ms: 0,
        aborted: stopped.is_some(),
        abort_reason: stopped.map(|stopped| stopped.reason),
        final_next_step: context.next_step,
        registry_generation: 0,
        step_runs,
        final_data: final_data::of(&context),
    };
    (Finished { record, context, refusal: None }, end)
}
