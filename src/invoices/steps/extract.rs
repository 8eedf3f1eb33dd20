//! The document read: fetched, made safe, asked about once, and once more where the answer is doubtful.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        bill::{ATTACHMENT, fields},
        context::{EscalationFacts, Extracted},
        error::StepError,
        extraction::{Extraction, ExtractionError, ExtractionRequest, PromptVersion},
        record::NextStep,
        runner::Run,
        step::{Outcome, StepResult},
    },
    budget, escalation,
};
use crate::{
    facts::ModelName,
    odoo::Context,
    usage::{CallId, UsageError},
};

pub(super) async fn execute(run: &mut Run<'_, '_>) -> StepResult {
    let request = asked(run).await?;
    let extractor = &run.engine.parts().extractor;
    let first = match extractor.extract(request.clone()).await {
        Ok(first) => first,
        Err(error) => return failed(run, error).await,
    };
    let settings = run.engine.settings();
    let (found, facts) = match escalation::reason(settings, &first) {
        Some(reason) if escalation::is_on(settings, &run.context) => {
            let again =
                ExtractionRequest { model_override: Some(settings.routing.usual_model.clone()), ..request };
            let mut facts = EscalationFacts {
                escalated: true,
                reason,
                first_pass_model: Some(first.model.clone()),
                first_pass_state: Some("success".to_owned()),
                first_pass_call_id: Some(first.call_id.0.clone()),
                failed: None,
            };
            match extractor.extract(again).await {
                Ok(second) => (second, Some(facts)),
                Err(error) => {
                    // A doubtful reading is better than none; the note says that it is doubtful.
                    facts.escalated = false;
                    facts.failed = Some(format!("{}: {error}", error.code()));
                    (first, Some(facts))
                }
            }
        }
        Some(reason) => (first, Some(EscalationFacts { reason, ..EscalationFacts::default() })),
        None => (first, None),
    };
    let output = json!({
        "state": "success",
        "model": found.model,
        "pages": found.pages,
        "cost_eur_millicents": found.eur(),
        "call_id": found.call_id,
        "reused": found.reused,
        "escalated": facts.as_ref().is_some_and(|facts| facts.escalated),
    });
    run.context.escalation = facts;
    run.context.extraction = Some(kept(found));
    run.context.next_step = NextStep::AwaitingReview;
    Ok(Outcome::Done(output))
}

/// The request for the chosen file of this run.
pub(in crate::invoices) async fn asked(run: &Run<'_, '_>) -> Result<ExtractionRequest, StepError> {
    let context = &run.context;
    let file = context.attachment.as_ref();
    let file = file.ok_or_else(|| StepError::new("no_attachment", "there is no file to read"))?;
    let bytes = content(run, file.id).await?;
    Ok(ExtractionRequest {
        company_id: context.company.as_ref().map(|company| company.id),
        move_id: context.request.move_id,
        attachment_id: Some(file.id),
        source: context.request.source,
        source_message_id: context.request.source_message_id.clone(),
        run_id: Some(context.run_id.clone()),
        cap: context.budget.as_ref().and_then(|budget| budget.limit),
        file_name: Some(file.name.clone()),
        claimed_mime_type: Some(file.mimetype.clone()).filter(|mimetype| !mimetype.is_empty()),
        prompt_version: PromptVersion::named(&run.engine.settings().prompt_version),
        model_override: context.request.model_override.clone(),
        tier: context.request.tier,
        vendor: Some(&context.history).filter(|history| !history.is_empty()).cloned(),
        buyer_vat: context.company.as_ref().and_then(|company| company.vat.clone()),
        // After an interruption the answer of this very run may be there already.
        fresh: context.request.is_forced() && !run.again,
        ..ExtractionRequest::new(run.tenant.clone(), bytes)
    })
}

async fn content(run: &Run<'_, '_>, id: i64) -> Result<Arc<[u8]>, StepError> {
    let model = ModelName::known(ATTACHMENT);
    let rows = run.odoo.read(&model, &[id], &fields(&["datas"]), &Context::default()).await?;
    let row = rows.first().ok_or_else(|| StepError::new("not_found", format!("attachment {id} is gone")))?;
    let empty = || {
        StepError::new("empty_attachment", format!("attachment {id} has no content"))
            .with_hint("a link to another site is no file; upload the document itself")
    };
    let text = row.get("datas").and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or_else(empty)?;
    // Odoo breaks lines in older versions.
    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD
        .decode(packed)
        .map_err(|_| StepError::new("bad_answer", format!("the content of attachment {id} is not base64")))?;
    if bytes.is_empty() { Err(empty()) } else { Ok(bytes.into()) }
}

/// A budget that ran out between the guard and the reservation ends the run as the guard would.
async fn failed(run: &mut Run<'_, '_>, error: ExtractionError) -> StepResult {
    if let ExtractionError::Usage(UsageError::OverBudget { cap, estimate, .. }) = &error {
        let (cap, estimate) = (*cap, *estimate);
        let company = run.context.company.as_ref().map(|company| company.id);
        let spend = run.engine.parts().usage.month(&run.tenant, company, Timestamp::now()).await?;
        return budget::stop(run, &spend, cap, json!({"estimate_eur_millicents": estimate, "limit": cap}))
            .await;
    }
    run.context.next_step = NextStep::RetryExtraction;
    Err(StepError::new(error.code(), error.to_string()).with_hint(error.hint()))
}

fn kept(found: Extraction) -> Extracted {
    let (cost_eur, cost_usd) = (found.eur(), found.usd());
    let CallId(call_id) = found.call_id;
    Extracted {
        cost_known: found.cost.is_some() || found.reused,
        cost_eur,
        cost_usd,
        was_cleaned: found.sanitized.modified,
        sanitized: serde_json::to_value(&found.sanitized).unwrap_or_default(),
        data: found.data,
        confidence: found.confidence,
        model: found.model,
        prompt_version: found.prompt_version,
        pages: found.pages,
        duration_ms: found.duration_ms,
        input_tokens: found.usage.input_tokens,
        output_tokens: found.usage.output_tokens,
        cache_read_tokens: found.usage.cache_read_tokens,
        cache_creation_tokens: found.usage.cache_creation_tokens,
        call_id,
        content_key: found.content_key,
        reused: found.reused,
        problems: found.problems,
        suspicious_instructions: found.suspicious_instructions,
        raw_response: found.raw_response,
    }
}
