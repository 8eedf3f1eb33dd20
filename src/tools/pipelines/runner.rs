//! Steps, one after the other, on one context.

use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    context::{asked_to_stop, take_over, with_data},
    gate::{self, Gate},
    local::Here,
};
use crate::{
    facts::{JsonObject, ModelName},
    invoices::{RunError, Stepped},
    odoo::{Context, OdooError, PermittedOdoo, RESULT_FIELDS, STEP_MODEL, StepRow},
    tools::CallContext,
};

/// Longest message that is written to a step.
const MESSAGE_CHARS_MAX: usize = 4_000;

/// What became of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Status {
    Ok,
    /// A gate was closed.
    Skip,
    /// It failed, or its trigger cannot be read.
    Error,
    /// The run had ended before it.
    Abort,
    /// Dry run: it would be called.
    WouldRun,
    /// Dry run: nobody may call it, so the whole run would be refused.
    Refused,
}

/// One step of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StepRun {
    pub(super) step_id: i64,
    pub(super) name: String,
    pub(super) sequence: i64,
    pub(super) model: String,
    pub(super) method: String,
    /// `ok`, `skip`, `error`, `abort` (the run had ended before); in a dry run `would_run`, `skip`, `error` or `refused`.
    pub(super) status: Status,
    pub(super) duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// Members of the context after the step that were not there before, or changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) output_keys: Vec<String>,
}

impl StepRun {
    pub(super) fn of(step: &StepRow, status: Status, message: Option<String>) -> Self {
        Self {
            step_id: step.id,
            name: step.name.clone(),
            sequence: step.sequence,
            model: step.model.clone(),
            method: step.method.clone(),
            status,
            duration_ms: 0,
            message,
            output_keys: Vec::new(),
        }
    }
}

/// A run on its way.
pub(super) struct Run<'a, 'p> {
    cx: &'a CallContext<'p>,
    odoo: &'a PermittedOdoo<'p>,
    /// Steps of this program.
    pub(super) here: Here<'a, 'p>,
    pub(super) context: JsonObject,
    pub(super) ignore_gates: bool,
    pub(super) steps: Vec<StepRun>,
    /// Why no further step is called.
    pub(super) stopped: Option<String>,
    /// No answer came to a step: what it did is not known.
    pub(super) unknown: Option<OdooError>,
}

/// How the call of one step ended.
enum Ended {
    Done {
        message: Option<String>,
    },
    /// A step of this program found that the record does not concern it.
    LeftOut(String),
    /// Odoo, or the step, said no; what happens next is the step's affair.
    Failed(String),
    /// There is no use in calling another.
    Broken(OdooError),
}

impl<'a, 'p> Run<'a, 'p> {
    pub(super) fn new(
        cx: &'a CallContext<'p>,
        odoo: &'a PermittedOdoo<'p>,
        here: Here<'a, 'p>,
        context: JsonObject,
    ) -> Self {
        Self { cx, odoo, here, context, ignore_gates: false, steps: Vec::new(), stopped: None, unknown: None }
    }

    /// What a step would meet, with the context as it is before the first step.
    pub(super) fn rehearsed(&self, step: &StepRow, refused: Option<String>) -> StepRun {
        match (refused.or_else(|| self.here.refusal(step)), gate::of(step, &self.context)) {
            // A run is not refused for a step that is not there; the step fails.
            (Some(why), _) if step.is_local() => StepRun::of(step, Status::Error, Some(why)),
            (Some(why), _) => StepRun::of(step, Status::Refused, Some(why)),
            (None, Gate::Open) => StepRun::of(step, Status::WouldRun, None),
            (None, Gate::Closed(why)) => {
                let why = format!("{why} before the first step; an earlier step may change that");
                StepRun::of(step, Status::Skip, Some(why))
            }
            (None, Gate::Unreadable(why)) => StepRun::of(step, Status::Error, Some(why)),
        }
    }

    /// Calls the steps in order until one ends the run.
    pub(super) async fn all(&mut self, steps: &[StepRow]) {
        for (done, step) in steps.iter().enumerate() {
            self.cx.progress().report(done as f64, Some(steps.len() as f64), &step.name);
            let run = self.one(step).await;
            self.steps.push(run);
        }
        // Whoever reads the answer is told what is known here, not what became of it in Odoo.
        self.show();
    }

    /// Puts what this program's own steps know into the context, in the place of what Odoo made of the
    /// copy before. False where there is too much of it.
    fn show(&mut self) -> bool {
        let Some(data) = self.here.shown() else { return true };
        self.context.remove("mcp_data");
        let shown = with_data(&self.context, data);
        let is_shown = shown.is_some();
        if let Some(context) = shown {
            self.context = context;
        }
        is_shown
    }

    async fn one(&mut self, step: &StepRow) -> StepRun {
        if let Some(why) = &self.stopped {
            return StepRun::of(step, Status::Abort, Some(why.clone()));
        }
        if !self.ignore_gates {
            match gate::of(step, &self.context) {
                Gate::Open => {}
                Gate::Closed(why) => return StepRun::of(step, Status::Skip, Some(why)),
                Gate::Unreadable(why) => return self.failed(step, why),
            }
        }
        let began = Instant::now();
        let before = self.context.clone();
        let ended = if step.is_local() { self.in_this_program(step).await } else { self.in_odoo(step).await };
        let mut run = match ended {
            Ended::Done { message } => StepRun::of(step, Status::Ok, message),
            Ended::LeftOut(why) => StepRun::of(step, Status::Skip, Some(why)),
            Ended::Failed(why) => self.failed(step, why),
            Ended::Broken(error) => {
                let why = error.to_string();
                self.stopped = Some(format!("step `{}`: {why}", step.name));
                if error.outcome_is_unknown() {
                    self.unknown = Some(error);
                }
                StepRun::of(step, Status::Error, Some(why))
            }
        };
        run.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let is_new = |(name, value): &(&String, &Value)| before.get(*name) != Some(*value);
        run.output_keys = self.context.iter().filter(is_new).map(|(name, _)| name.clone()).collect();
        if self.stopped.is_none() {
            self.stopped = asked_to_stop(&self.context);
        }
        run
    }

    /// An error ends the run where the step says so.
    fn failed(&mut self, step: &StepRow, why: String) -> StepRun {
        if step.aborts {
            self.stopped = Some(format!("step `{}` failed: {why}", step.name));
        }
        StepRun::of(step, Status::Error, Some(why))
    }

    async fn in_odoo(&mut self, step: &StepRow) -> Ended {
        let target = match step.target() {
            Ok(target) => target,
            Err(why) => return Ended::Failed(why),
        };
        let called = self.odoo.call_step(&target, self.context.clone());
        match self.here.beside(called).await {
            Ok(Value::Object(answered)) => self.taken(answered),
            Ok(Value::Null | Value::Bool(_)) => Ended::Done { message: None },
            Ok(_) => {
                Ended::Done { message: Some("it answered no context, so the one before goes on".to_owned()) }
            }
            Err(error) if is_an_answer(&error) => Ended::Failed(error.to_string()),
            Err(error) => Ended::Broken(error),
        }
    }

    async fn in_this_program(&mut self, step: &StepRow) -> Ended {
        if let Some(why) = self.here.refusal(step) {
            return Ended::Failed(why);
        }
        let stepped = self.here.step(step).await;
        let is_shown = self.show();
        match stepped {
            Ok(Stepped::Done { with }) => {
                let mut said = Vec::new();
                if !with.is_empty() {
                    said.push(format!("with {} before it", with.join(", ")));
                }
                if !is_shown {
                    said.push("what it knows is too large for the context".to_owned());
                }
                Ended::Done { message: (!said.is_empty()).then(|| said.join("; ")) }
            }
            Ok(Stepped::DoneBefore) => {
                Ended::Done { message: Some("it was done before the run was interrupted".to_owned()) }
            }
            Ok(Stepped::Skipped(why)) => Ended::LeftOut(why),
            Ok(Stepped::Stopped(reason)) => {
                self.context.insert("mcp_abort".to_owned(), true.into());
                self.context.insert("abort_reason".to_owned(), reason.as_str().into());
                Ended::Done { message: Some(format!("it ends the run: {reason}")) }
            }
            Ok(Stepped::Failed { failure, stops }) => {
                let why = format!("{}: {}", failure.code, failure.message);
                if stops {
                    self.stopped = Some(format!("step `{}` failed: {why}", step.name));
                }
                Ended::Failed(why)
            }
            Err(RunError::Odoo(error)) => Ended::Broken(error),
            Err(error) => {
                // Without its turn and its journal nothing may go on.
                let why = format!("{}: {error}", error.code());
                self.stopped = Some(format!("step `{}` failed: {why}", step.name));
                Ended::Failed(why)
            }
        }
    }

    fn taken(&mut self, answered: JsonObject) -> Ended {
        match take_over(&self.context, answered) {
            Ok(taken) => {
                self.context = taken.context;
                let message = (!taken.kept.is_empty())
                    .then(|| format!("it changed {}, which stayed as it was", taken.kept.join(", ")));
                Ended::Done { message }
            }
            Err(why) => Ended::Failed(why),
        }
    }

    /// Writes what became of the steps, once for all that ended alike. A run is over before, so what
    /// goes wrong here is told and changes nothing.
    pub(super) async fn note_results(&self) -> Result<(), OdooError> {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        let mut outcomes: Vec<((&str, String), Vec<i64>)> = Vec::new();
        for step in &self.steps {
            let state = match step.status {
                Status::Ok => "ok",
                Status::Error => "error",
                Status::Skip | Status::Abort => "skipped",
                Status::WouldRun | Status::Refused => continue,
            };
            let message: String =
                step.message.iter().flat_map(|text| text.chars()).take(MESSAGE_CHARS_MAX).collect();
            let outcome = (state, message);
            match outcomes.iter_mut().find(|(known, _)| *known == outcome) {
                Some((_, ids)) => ids.push(step.step_id),
                None => outcomes.push((outcome, vec![step.step_id])),
            }
        }
        for ((state, message), ids) in outcomes {
            let message = if message.is_empty() { Value::Bool(false) } else { Value::String(message) };
            let given = [json!(state), message, json!(now)];
            let values = RESULT_FIELDS.iter().map(|name| (*name).to_owned()).zip(given).collect();
            self.odoo.write(&ModelName::known(STEP_MODEL), &ids, values, &Context::default()).await?;
        }
        Ok(())
    }
}

/// Odoo answered, and the answer is no, or is too large: the next step may do better.
fn is_an_answer(error: &OdooError) -> bool {
    matches!(
        error,
        OdooError::Fault { .. }
            | OdooError::UnknownModel { .. }
            | OdooError::UnknownMethod { .. }
            | OdooError::TooLarge { .. }
    )
}
