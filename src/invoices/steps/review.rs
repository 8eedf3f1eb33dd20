//! A word on the bill for people: the add-on's flags, where it has them, and a note, once.

use serde_json::json;

use super::super::{
    bill::{MOVE, REVIEW_FIELDS, present},
    chatter,
    error::StepError,
    runner::Run,
};
use crate::{
    facts::{JsonObject, ModelName},
    markup::escaped_text,
    odoo::Context,
};

/// Values of the flags that say why somebody has to look.
pub(super) fn flags(fields: &[crate::facts::FieldName], reason: &str) -> JsonObject {
    let mut values = JsonObject::new();
    for field in fields {
        let value = match field.as_str() {
            "ai_needs_review" => json!(true),
            "ai_pipeline_requested" => json!(false),
            _ => json!(reason),
        };
        values.insert(field.as_str().to_owned(), value);
    }
    values
}

/// The flags that this Odoo has.
pub(super) async fn flag_fields(run: &Run<'_, '_>) -> Result<Vec<crate::facts::FieldName>, StepError> {
    Ok(present(run.odoo, &ModelName::known(MOVE), REVIEW_FIELDS, REVIEW_FIELDS).await?)
}

/// One write and one note; a bill that says so already is left alone.
pub(super) async fn flag(
    run: &mut Run<'_, '_>,
    reason: &str,
    said: &str,
    marker: &str,
) -> Result<(), StepError> {
    let Some(bill) = &run.context.bill else { return Ok(()) };
    if run.rehearsal {
        return Ok(());
    }
    let id = bill.id;
    if !bill.needs_review {
        let fields = flag_fields(run).await?;
        if !fields.is_empty() {
            let model = ModelName::known(MOVE);
            run.odoo.write(&model, &[id], flags(&fields, reason), &Context::default()).await?;
        }
    }
    if chatter::find(run.odoo, id, marker).await?.is_none() {
        let html = format!("<p>{}</p><p><em>{}</em></p>", escaped_text(said), escaped_text(marker));
        chatter::post(run.odoo, id, &html).await?;
    }
    Ok(())
}
