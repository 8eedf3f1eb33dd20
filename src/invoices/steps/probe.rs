//! The bill as it is, and which of its files is the document.

use serde_json::json;

use super::super::{
    bill::{self, MOVE},
    context::Bill,
    error::StepError,
    files::{self, AttachmentFacts},
    record::NextStep,
    request::Selection,
    runner::Run,
    step::{Outcome, StepResult},
};

/// How Odoo's word for a record that is gone is called here.
const MISSING: &str = "not_found";

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let request = &run.context.request;
    let writes = request.selection != Selection::ExtractOnly;
    let Some(id) = request.move_id else { return without_a_bill(run).await };
    let found = unless_missing(bill::read_bill(run.odoo, id).await)?;
    let bill = found.ok_or_else(|| {
        StepError::new("not_found", format!("there is no bill {id}, or this user may not see it"))
            .with_hint("odoo_search_read on `account.move` shows which there are")
    })?;
    if writes && let Some((reason, next)) = why_left_alone(&bill) {
        run.context.bill = Some(bill);
        return Ok(Outcome::Abort { reason: reason.to_owned(), next, output: json!(null) });
    }
    let files = bill::files_of(run.odoo, id).await?;
    let settings = run.engine.settings();
    let file = match request.attachment_id {
        Some(wanted) => Some(of_this_bill(run, id, wanted, &files).await?),
        None => files::chosen(&files, bill.main_attachment_id, settings.image_bytes_min).cloned(),
    };
    let output = json!({
        "move": bill.name, "state": bill.state, "attachments": files.len(),
        "attachment_id": file.as_ref().map(|file| file.id),
    });
    run.context.bill = Some(bill);
    run.context.attachments = files;
    let Some(file) = file else {
        let reason = "no_attachment".to_owned();
        return Ok(Outcome::Abort { reason, next: NextStep::AwaitingAttachment, output });
    };
    run.context.attachment = Some(file);
    run.context.next_step = NextStep::AwaitingExtraction;
    Ok(Outcome::Done(output))
}

/// Money is spent only for a bill that can be filled.
fn why_left_alone(bill: &Bill) -> Option<(&'static str, NextStep)> {
    match bill.state.as_str() {
        "draft" if bill.is_from_vendor() => None,
        "draft" => Some(("not_a_vendor_bill", NextStep::Unknown)),
        "cancel" => Some(("cancelled", NextStep::Cancelled)),
        _ => Some(("not_a_draft", NextStep::Posted)),
    }
}

/// A file of another record would put that record's content on this bill.
async fn of_this_bill(
    run: &Run<'_, '_>,
    bill: i64,
    wanted: i64,
    files: &[AttachmentFacts],
) -> Result<AttachmentFacts, StepError> {
    if let Some(file) = files.iter().find(|file| file.id == wanted) {
        return Ok(file.clone());
    }
    let Some((file, model, id, _)) = unless_missing(bill::read_file(run.odoo, wanted).await)? else {
        return Err(missing_file(wanted));
    };
    if model.as_deref() == Some(MOVE) && id == bill {
        return Ok(file);
    }
    Err(StepError::new("foreign_attachment", format!("attachment {wanted} does not belong to bill {bill}"))
        .with_hint("leave `attachment_id` out to have one of the bill's own files chosen")
        .stopping())
}

/// Odoo says of some records that they are missing, and of others nothing.
fn unless_missing<T>(found: Result<Option<T>, StepError>) -> Result<Option<T>, StepError> {
    match found {
        Err(error) if error.code == MISSING => Ok(None),
        found => found,
    }
}

fn missing_file(id: i64) -> StepError {
    StepError::new("not_found", format!("there is no attachment {id}, or this user may not see it"))
        .with_hint("odoo_search_read on `ir.attachment` shows which there are")
}

async fn without_a_bill(run: &mut Run<'_, '_>) -> StepResult {
    let Some(wanted) = run.context.request.attachment_id else {
        return Err(StepError::new("invalid_arguments", "neither a bill nor an attachment is named"));
    };
    let (file, _, _, company) =
        unless_missing(bill::read_file(run.odoo, wanted).await)?.ok_or_else(|| missing_file(wanted))?;
    run.context.company = company.map(|id| super::super::context::Company { id, ..Default::default() });
    run.context.attachment = Some(file);
    run.context.next_step = NextStep::AwaitingExtraction;
    Ok(Outcome::Done(json!({"attachment_id": wanted})))
}
