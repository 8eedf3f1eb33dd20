//! A step of a plugin: it gets the context as JSON, asks through the broker, and its answer goes to
//! its own place and nowhere else.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        broker::RunBroker,
        error::StepError,
        record::NextStep,
        runner::Run,
        step::{Outcome, StepResult},
    },
    review,
};
use crate::plugins::{PluginError, PluginStep};

/// How long people are told on the bill why a run was stopped.
const TELLING: Duration = Duration::from_secs(30);

pub(super) async fn execute(run: &mut Run<'_, '_>, step: &Arc<PluginStep>) -> StepResult {
    let context = run.context.for_plugins();
    // A condition that cannot be told is an error of the step, not a reason to leave it out.
    if !step.applies(&context).await.map_err(|error| failure(&error))? {
        return Ok(Outcome::Skipped("the plugin says that it does not apply".to_owned()));
    }
    let broker = RunBroker::of(run);
    let cancel = CancellationToken::new();
    // Whoever drops the run ends the plugin's step too.
    let _guard = cancel.clone().drop_guard();
    let answer = step.execute(&context, &broker, &cancel).await.map_err(|error| failure(&error))?;
    let plugin = &step.provenance.plugin;
    let output = json!({"data": answer.data, "log": answer.log});
    let own = run.context.plugins.entry(plugin.clone()).or_insert_with(|| json!({}));
    match own {
        Value::Object(own) => own.extend(answer.data),
        other => *other = Value::Object(answer.data),
    }
    match answer.abort {
        Some(reason) => Ok(Outcome::Abort {
            reason: format!("{plugin}: {reason}"),
            next: NextStep::AwaitingReview,
            output,
        }),
        None => Ok(Outcome::Done(output)),
    }
}

/// A plugin stopped the run: people see why on the bill. The guard has done its work; that nobody could
/// be told must not undo it, so this is no part of the step and only noted in what it answered.
pub(in super::super) async fn tell_of_stop(
    run: &mut Run<'_, '_>,
    step: &PluginStep,
    reason: &str,
    output: &mut Value,
) {
    let plugin = &step.provenance.plugin;
    let marker = format!("{} {plugin}", run.context.run_id);
    let said = format!("A plugin stopped the run. {reason}");
    let told = tokio::time::timeout(TELLING, review::flag(run, plugin, &said, &marker)).await;
    let problem = match told {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.message,
        Err(_) => "Odoo took too long".to_owned(),
    };
    if let Value::Object(members) = output {
        members.insert("not_told".to_owned(), json!(problem));
    }
}

fn failure(error: &PluginError) -> StepError {
    StepError::new(error.code().to_owned(), error.to_string())
}
