//! Empty fields of a draft filled, and a note left. What is to be written is in the journal before it
//! is written; after an interruption the bill itself says whether it was.

mod decide;

use serde_json::{Value, json};

use super::{
    super::{
        arithmetic::{self, Tolerance},
        bill::{self, MOVE},
        chatter,
        context::{Bill, WriteBack},
        error::StepError,
        note,
        record::NextStep,
        runner::Run,
        step::{BuiltIn, Outcome, StepResult},
    },
    review,
};
use crate::{
    facts::{JsonObject, ModelName},
    odoo::Context,
};
use decide::Decided;
pub(in crate::invoices) use decide::{DUPLICATE_FILTERS, PARTNER_FIELDS, PARTNER_FILTERS};

/// Fields that may be filled.
pub(in crate::invoices) const WRITTEN: &[&str] = &["partner_id", "invoice_date", "ref"];
/// A bill that others change meanwhile is looked at so often.
const LOOKS_MAX: usize = 3;

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let (Some(id), Some(found)) = (run.context.request.move_id, run.context.extraction.clone()) else {
        return Ok(Outcome::Skipped("nothing was read".to_owned()));
    };
    let mut bill = present(run, id).await?;
    if !bill.is_draft() || !bill.is_from_vendor() {
        return Ok(Outcome::Skipped(format!(
            "the bill is `{}`; only drafts of vendor bills are filled",
            bill.state
        )));
    }
    let sums = arithmetic::check(&found.data, Tolerance::of(run.engine.settings()));
    let mut decided = settled(run, &mut bill).await?;
    if !sums.ok {
        decided.reasons.push("arithmetic".to_owned());
    }
    if found.suspicious_instructions {
        decided.warnings.push("the document holds text that addresses the model".to_owned());
        decided.reasons.push("suspicious_instructions".to_owned());
    }
    let earlier = match run.again {
        true => run.engine.parts().journal.intent(&run.context.run_id, BuiltIn::WriteBack.name()).await?,
        false => None,
    };
    let mut values = decided.values.clone();
    if !decided.reasons.is_empty() && !bill.needs_review {
        let flags = review::flag_fields(run).await?;
        values.extend(review::flags(&flags, &decided.reasons.join(", ")));
    }
    let mut written: Vec<String> = done_before(earlier.as_ref(), &bill);
    if !values.is_empty() {
        let intent = json!({"values": merged(earlier.as_ref(), &values), "write_date": bill.write_date});
        run.engine.parts().journal.intend(&run.context.run_id, BuiltIn::WriteBack.name(), &intent).await?;
        let model = ModelName::known(MOVE);
        run.odoo.write(&model, &[id], values.clone(), &Context::default()).await?;
        written.extend(values.keys().cloned());
        // Later steps work with the bill as it is now. Where it cannot be read, they see it as it was.
        if let Ok(Some(now)) = bill::read_bill(run.odoo, id).await {
            bill = now;
        }
    }
    written.sort();
    written.dedup();
    let mut done = WriteBack {
        attempted: true,
        lines_proposed: decided.lines,
        fields_written: written,
        skipped: decided.skipped,
        message_id: None,
        arithmetic: json!(sums),
        arithmetic_ok: sums.ok,
        arithmetic_note: sums.note,
        warnings: decided.warnings,
    };
    done.message_id = noted(run, id, &done).await?;
    run.context.next_step = match decided.reasons.is_empty() {
        true => NextStep::AwaitingSkillPost,
        false => NextStep::AwaitingReview,
    };
    let output = json!(done);
    run.context.bill = Some(bill);
    run.context.write_back = Some(done);
    Ok(Outcome::Done(output))
}

async fn present(run: &Run<'_, '_>, id: i64) -> Result<Bill, StepError> {
    let bill = bill::read_bill(run.odoo, id).await?;
    bill.ok_or_else(|| StepError::new("not_found", format!("bill {id} is gone")))
}

/// What to write, decided on a bill that nobody changed while it was decided.
async fn settled(run: &Run<'_, '_>, bill: &mut Bill) -> Result<Decided, StepError> {
    for _ in 0..LOOKS_MAX {
        let decided = decide::decide(run, bill).await?;
        let now = present(run, bill.id).await?;
        if !now.is_draft() {
            let message = format!("the bill became `{}` meanwhile; nothing was written", now.state);
            return Err(StepError::new("conflict", message));
        }
        let is_same = now.write_date == bill.write_date && now.state == bill.state;
        *bill = now;
        if is_same {
            return Ok(decided);
        }
    }
    Err(StepError::new("conflict", "somebody keeps changing the bill; nothing was written")
        .with_hint("call again: what was read is kept and costs nothing"))
}

/// Fields that an interrupted try was to write and that hold just that now.
fn done_before(earlier: Option<&Value>, bill: &Bill) -> Vec<String> {
    let Some(values) = earlier.and_then(|intent| intent.get("values")?.as_object()) else {
        return Vec::new();
    };
    let holds = |name: &str, value: &Value| match name {
        "partner_id" => bill.partner_id.is_some() && bill.partner_id == value.as_i64(),
        "invoice_date" => bill.invoice_date.is_some() && bill.invoice_date.as_deref() == value.as_str(),
        "ref" => bill.r#ref.is_some() && bill.r#ref.as_deref() == value.as_str(),
        "invoice_line_ids" => bill.lines > 0,
        _ => bill.needs_review,
    };
    values.iter().filter(|(name, value)| holds(name, value)).map(|(name, _)| name.clone()).collect()
}

fn merged(earlier: Option<&Value>, values: &JsonObject) -> Value {
    let mut all = match earlier.and_then(|intent| intent.get("values")) {
        Some(Value::Object(all)) => all.clone(),
        _ => JsonObject::new(),
    };
    all.extend(values.clone());
    Value::Object(all)
}

/// One note per reading: not again for a kept answer that changed nothing, and not again after an
/// interruption.
async fn noted(run: &Run<'_, '_>, bill: i64, done: &WriteBack) -> Result<Option<i64>, StepError> {
    let context = &run.context;
    if run.again
        && let Some(id) = chatter::find(run.odoo, bill, &context.run_id).await?
    {
        return Ok(Some(id));
    }
    let key = context.extraction.as_ref().map(|found| found.content_key.clone()).unwrap_or_default();
    let subject = context.request.subject();
    let is_told = run.engine.parts().journal.has_note(&run.tenant, &subject, &key).await?;
    if is_told && done.fields_written.is_empty() && !context.request.is_forced() {
        return Ok(None);
    }
    chatter::post(run.odoo, bill, &note::html(context, done)).await.map(Some)
}
