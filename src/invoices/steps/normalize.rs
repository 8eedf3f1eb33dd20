//! Numbers, dates and amounts checked and put right, before anything is written.

use jiff::Zoned;
use serde_json::json;

use super::super::{
    runner::Run,
    step::{Outcome, StepResult},
};
use crate::identifiers::{Circumstances, normalize_extraction};

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let mut circumstances = Circumstances::on(Zoned::now().date());
    circumstances.own_vat = run.context.company.as_ref().and_then(|company| company.vat.clone());
    circumstances.move_type = run.context.bill.as_ref().map(|bill| bill.move_type.clone());
    let Some(found) = &mut run.context.extraction else {
        return Ok(Outcome::Skipped("nothing was read".to_owned()));
    };
    let normalized = normalize_extraction(&found.data, &circumstances);
    let report = json!({"changes": normalized.changes, "report": normalized.report});
    found.data = normalized.data;
    run.context.normalized = Some(report.clone());
    Ok(Outcome::Done(report))
}
