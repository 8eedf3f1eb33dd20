//! The bill posted, by the public method that the settings name. Odoo's word on a failure is kept:
//! a missing method, a right that is missing and a bill that cannot be posted are three things.

use serde_json::json;

use super::super::{
    bill::{self, MOVE},
    context::Posting,
    error::StepError,
    record::NextStep,
    runner::Run,
    step::{Outcome, StepResult},
};
use crate::{
    facts::ModelName,
    odoo::{Call, FaultKind, OdooError},
};

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let Some(method) = run.engine.settings().posting_method.clone() else {
        return Ok(Outcome::Skipped("no posting method is set".to_owned()));
    };
    let Some(id) = run.context.request.move_id else {
        return Ok(Outcome::Skipped("there is no bill".to_owned()));
    };
    let Some(written) = &run.context.write_back else {
        return Ok(Outcome::Skipped("the bill was not filled".to_owned()));
    };
    if !written.arithmetic_ok || !written.warnings.is_empty() {
        run.context.next_step = NextStep::AwaitingReview;
        return Ok(Outcome::Skipped("a person has to look at it first".to_owned()));
    }
    let now = state(run, id).await?;
    if now != "draft" {
        return Ok(done(run, method.as_str(), now));
    }
    let call = Call::new(&ModelName::known(MOVE), method.clone()).on(&[id]);
    if let Err(error) = run.odoo.execute(call).await {
        return Err(worded(error, method.as_str()));
    }
    let now = state(run, id).await?;
    Ok(done(run, method.as_str(), now))
}

async fn state(run: &Run<'_, '_>, id: i64) -> Result<String, StepError> {
    let bill = bill::read_bill(run.odoo, id).await?;
    bill.map(|bill| bill.state).ok_or_else(|| StepError::new("not_found", format!("bill {id} is gone")))
}

fn done(run: &mut Run<'_, '_>, method: &str, state: String) -> Outcome {
    run.context.next_step = if state == "posted" { NextStep::Posted } else { NextStep::ReadyToPost };
    let posting = Posting { method: method.to_owned(), state };
    let output = json!(posting);
    run.context.posting = Some(posting);
    Outcome::Done(output)
}

fn worded(error: OdooError, method: &str) -> StepError {
    match &error {
        OdooError::UnknownMethod { .. } => StepError::new(
            "posting_method_missing",
            format!("`account.move` has no public method `{method}`"),
        )
        .with_hint("the operator corrects `invoices.posting_method`, or installs the add-on that has it"),
        OdooError::Fault { kind: FaultKind::AccessDenied | FaultKind::AccessError, message, .. } => {
            StepError::new("posting_refused", message.clone())
                .with_hint("the connection's user has no right to post bills")
        }
        OdooError::Fault { kind: FaultKind::User | FaultKind::Validation, message, .. } => {
            StepError::new("posting_failed", message.clone())
                .with_hint("correct the bill and post it in Odoo")
        }
        _ => error.into(),
    }
}
