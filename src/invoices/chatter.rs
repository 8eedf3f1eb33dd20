//! Notes on a bill: posted so that every version shows them as HTML, and found again by what they say.

use serde_json::json;

use super::{
    bill::{MESSAGE, MOVE},
    error::StepError,
};
use crate::{
    facts::{MethodName, ModelName},
    odoo::{Call, Context, Domain, PageQuery, PermittedOdoo, record_ids},
};

/// Odoo takes a body for HTML since this version only where the call says that it is.
const HTML_IS_TOLD_SINCE: u16 = 17;

/// The newest message of a bill that says this.
pub(super) async fn find(odoo: &PermittedOdoo<'_>, bill: i64, said: &str) -> Result<Option<i64>, StepError> {
    let query = PageQuery {
        model: ModelName::known(MESSAGE),
        domain: Domain::parse(json!(
            [["model", "=", MOVE], ["res_id", "=", bill], ["body", "ilike", said],]
        ))?,
        fields: Vec::new(),
        limit: 1,
        offset: 0,
        order: None,
        context: Context::default(),
    };
    Ok(odoo.search(&query).await?.first().copied())
}

/// Leaves a note for colleagues and answers its id.
pub(super) async fn post(odoo: &PermittedOdoo<'_>, bill: i64, html: &str) -> Result<i64, StepError> {
    let mut call = Call::new(&ModelName::known(MOVE), MethodName::known("message_post"))
        .on(&[bill])
        .named("body", json!(html))
        .named("message_type", json!("comment"))
        .named("subtype_xmlid", json!("mail.mt_note"));
    // An unknown version is a new one.
    if odoo.version().await.major().is_none_or(|major| major >= HTML_IS_TOLD_SINCE) {
        call = call.named("body_is_html", json!(true));
    }
    let answer = odoo.call(call).await?;
    let posted = record_ids(&answer, 1).ok().and_then(|ids| ids.first().copied());
    posted.ok_or_else(|| StepError::new("bad_answer", "the note was posted; Odoo answered no id of it"))
}
