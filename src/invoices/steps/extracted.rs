//! Was the bill read, billed and written back before? Then there is nothing left to do.

use serde_json::json;

use super::super::{
    record::NextStep,
    runner::Run,
    step::{Outcome, StepResult},
};

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let Some(bill) = run.context.bill.as_ref().map(|bill| bill.id) else {
        return Ok(Outcome::Skipped("there is no bill".to_owned()));
    };
    let calls = run.engine.parts().usage.calls_of_moves(&run.tenant, &[bill]).await?;
    let Some(billed) = calls.iter().find(|call| call.billed) else { return Ok(Outcome::Done(json!(null))) };
    let journal = &run.engine.parts().journal;
    let subject = run.context.request.subject();
    let (runs, written) = journal.earlier_runs(&run.tenant, &subject, &run.context.run_id).await?;
    // A run that read the bill and could not write it back is gone on with; its answer is paid for.
    if runs > 0 && !written {
        return Ok(Outcome::Done(json!({"billed": true, "written_back": false})));
    }
    Ok(Outcome::Abort {
        reason: "already_extracted".to_owned(),
        next: NextStep::AwaitingSkillPost,
        output: json!({"call_id": billed.call_id, "created_at": billed.created_at}),
    })
}
