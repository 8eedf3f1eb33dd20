//! What each step does. A step looks first whether the bill concerns it, and says why where not.

mod budget;
mod escalation;
mod extract;
mod extracted;
pub(super) mod history;
mod logged;
mod normalize;
mod plugin;
mod post;
mod probe;
mod review;
pub(super) mod write_back;

pub(super) use extract::asked;
pub(super) use plugin::tell_of_stop;

use super::{
    runner::Run,
    step::{BuiltIn, Outcome, Step, StepResult},
};

/// Runs one step, or says why it does not concern the bill.
pub(super) async fn execute(run: &mut Run<'_, '_>, step: &Step) -> StepResult {
    match step {
        Step::BuiltIn(step) => built_in(run, *step).await,
        Step::Plugin(step) => plugin::execute(run, step).await,
    }
}

pub(super) async fn built_in(run: &mut Run<'_, '_>, step: BuiltIn) -> StepResult {
    if let Some(reason) = why_not(run, step) {
        return Ok(Outcome::Skipped(reason.to_owned()));
    }
    match step {
        BuiltIn::Probe => probe::execute(run).await,
        BuiltIn::Budget => budget::execute(run).await,
        BuiltIn::AlreadyExtracted => extracted::execute(run).await,
        BuiltIn::History => history::execute(run).await,
        BuiltIn::Extract => extract::execute(run).await,
        BuiltIn::Normalize => normalize::execute(run).await,
        BuiltIn::LogUsage => logged::execute(run).await,
        BuiltIn::WriteBack => write_back::execute(run).await,
        BuiltIn::Post => post::execute(run).await,
    }
}

fn why_not(run: &Run<'_, '_>, step: BuiltIn) -> Option<&'static str> {
    let context = &run.context;
    let settings = run.engine.settings();
    let bill = context.bill.as_ref();
    match step {
        BuiltIn::Probe | BuiltIn::Budget | BuiltIn::Extract => None,
        BuiltIn::AlreadyExtracted if bill.is_none() => Some("there is no bill"),
        BuiltIn::AlreadyExtracted if context.request.is_forced() => Some("it is to be read again"),
        BuiltIn::History if !settings.few_shot => Some("the settings leave it out"),
        BuiltIn::History if bill.is_none_or(|bill| bill.partner_id.is_none()) => Some("no vendor is known"),
        BuiltIn::Normalize | BuiltIn::LogUsage | BuiltIn::WriteBack | BuiltIn::Post
            if context.extraction.is_none() =>
        {
            Some("nothing was read")
        }
        BuiltIn::WriteBack if bill.is_none() => Some("there is no bill"),
        BuiltIn::Post if settings.posting_method.is_none() => Some("no posting method is set"),
        BuiltIn::Post if bill.is_none_or(|bill| !bill.is_from_vendor()) => Some("it is no vendor bill"),
        _ => None,
    }
}
