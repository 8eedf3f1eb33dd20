//! The document on the ledger, once per bill. The calls themselves were put there as they were made.

use serde_json::json;

use super::super::{
    context::Logged,
    runner::Run,
    step::{Outcome, StepResult},
};
use crate::usage::{Billed, CallId};

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let Some(found) = &run.context.extraction else {
        return Ok(Outcome::Skipped("nothing was read".to_owned()));
    };
    let call_id = CallId(found.call_id.clone());
    let usage = &run.engine.parts().usage;
    let move_id = run.context.request.move_id;
    let billed = usage.bill_document(&run.tenant, move_id, Some(&found.content_key), &call_id).await?;
    let logged = Logged { call_id: found.call_id.clone(), newly_billed: billed == Billed::New };
    let output = json!({"log_id": logged.call_id, "newly_billed": logged.newly_billed});
    run.context.logged = Some(logged);
    Ok(Outcome::Done(output))
}
