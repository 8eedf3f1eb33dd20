//! Questions to the person behind a client, in both ways the protocol knows: as a request during the
//! call, and since 2026-07-28 as a result that the client answers with a second try.
//!
//! What the person says is carried on, not judged: whether an answer counts is known to the store of
//! approvals.

use std::{sync::Arc, time::Duration};

use rmcp::{
    RoleServer,
    model::{
        CallToolRequestParams, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
        ElicitationSchema, InputRequest, InputRequiredResult, ProtocolVersion,
    },
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::approvals::{Answer, CanAsk, Question, Verdict};

/// The key of our question among the requests of a result, and of its answer.
const KEY: &str = "approval";
/// The one thing a form asks for.
const FIELD: &str = "approve";
/// Longest wait for a person during a call. Who needs longer is asked again under the same id.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// Does this request belong to the revision in which results ask?
pub(super) fn asks_by_result(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// What the client declared for this request. An empty declaration means forms.
pub(super) fn can_ask(context: &RequestContext<RoleServer>, has_pages: bool) -> CanAsk {
    let Some(declared) = context.client_capabilities().and_then(|client| client.elicitation) else {
        return CanAsk::default();
    };
    CanAsk {
        form: declared.form.is_some() || declared.url.is_none(),
        url: declared.url.is_some() && has_pages,
    }
}

/// The answer that came with a second try. A missing or malformed one is none: it is asked again.
pub(super) fn answer_of(request: &CallToolRequestParams) -> Option<Answer> {
    let state = request.request_state.as_deref()?;
    let given = request.input_responses.as_ref()?.get(KEY)?;
    let given: ElicitResult = serde_json::from_value(given.clone()).ok()?;
    let verdict = verdict_of(&given)?;
    Some(Answer { state: Arc::from(state), verdict })
}

/// The question as a result.
pub(super) fn as_result(question: &Question, pages: Option<&str>) -> InputRequiredResult {
    // The revision that asks by result has no id for questions.
    let ask = InputRequest::Elicitation(ElicitRequest::new(params(question, pages, "")));
    let asks = [(KEY.to_owned(), ask)].into();
    InputRequiredResult::new(Some(asks), Some(question.state.to_string()))
}

/// Asks during the call. Whatever goes wrong on the way counts as no answer.
pub(super) async fn ask(
    context: &RequestContext<RoleServer>,
    question: &Question,
    pages: Option<&str>,
) -> Answer {
    let left = question.expires_at.duration_since(jiff::Timestamp::now());
    let wait = Duration::try_from(left).unwrap_or_default().min(WAIT_MAX);
    let asking = params(question, pages, &question.id);
    let given = context.peer.create_elicitation_with_timeout(asking, Some(wait)).await;
    let verdict = match given {
        Ok(given) => verdict_of(&given).unwrap_or(Verdict::Dismiss),
        Err(error) => {
            tracing::info!(%error, approval = %question.id, "the client did not answer a question");
            Verdict::Dismiss
        }
    };
    Answer { state: Arc::clone(&question.state), verdict }
}

fn params(question: &Question, pages: Option<&str>, id: &str) -> ElicitRequestParams {
    match (&question.url, pages) {
        (Some(path), Some(pages)) => ElicitRequestParams::UrlElicitationParams {
            meta: None,
            message: question.text.clone(),
            url: format!("{pages}{path}"),
            elicitation_id: id.to_owned(),
        },
        _ => ElicitRequestParams::FormElicitationParams {
            meta: None,
            message: question.text.clone(),
            requested_schema: yes_or_no(),
        },
    }
}

/// A form with one box that nothing ticks by itself.
fn yes_or_no() -> ElicitationSchema {
    let schema = json!({ "type": "object", "required": [FIELD], "properties": { FIELD: {
        "type": "boolean", "title": "Go ahead", "default": false,
        "description": "Exactly this call, once",
    } } });
    serde_json::from_value(schema)
        .unwrap_or_else(|_| ElicitationSchema::new(std::collections::BTreeMap::new()))
}

/// A form that was sent without the box ticked is a no. A yes that says nothing is what the answer
/// about a page looks like.
fn verdict_of(given: &ElicitResult) -> Option<Verdict> {
    match given.action {
        ElicitationAction::Accept => match given.content.as_ref().and_then(|content| content.get(FIELD)) {
            Some(Value::Bool(true)) => Some(Verdict::Approve),
            Some(Value::Bool(false)) => Some(Verdict::Refuse),
            Some(_) => None,
            None => Some(Verdict::Opened),
        },
        ElicitationAction::Decline => Some(Verdict::Refuse),
        _ => Some(Verdict::Dismiss),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: Value, verdict: Option<Verdict>) {
        let result: ElicitResult = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(verdict_of(&result), verdict, "{given}");
    }

    #[test]
    fn only_a_ticked_box_is_a_yes() {
        check(json!({"action": "accept", "content": {"approve": true}}), Some(Verdict::Approve));
        check(json!({"action": "accept", "content": {"approve": false}}), Some(Verdict::Refuse));
        check(json!({"action": "accept", "content": {"approve": "true"}}), None);
        check(json!({"action": "accept", "content": {"approve": 1}}), None);
        check(json!({"action": "accept", "content": {}}), Some(Verdict::Opened));
        check(json!({"action": "accept", "content": [true]}), Some(Verdict::Opened));
        check(json!({"action": "accept"}), Some(Verdict::Opened));
        check(json!({"action": "decline", "content": {"approve": true}}), Some(Verdict::Refuse));
        check(json!({"action": "cancel", "content": {"approve": true}}), Some(Verdict::Dismiss));
    }
}
