//! The decision table and the history of a bill.

use super::*;
use crate::invoices::NextStep;

fn history(states: &[&'static str]) -> History {
    let mut rows: Vec<_> = states.iter().enumerate().map(|(at, state)| row(at as i64, state)).collect();
    rows.reverse();
    History::by_bill(rows).remove(&7).unwrap_or_default()
}

/// A row as the ledger gives it; later rows have larger ids.
fn row(id: i64, state: &str) -> crate::usage::CallRow {
    use crate::usage::{CallId, CallRow, CallState, Millicents};
    CallRow {
        id,
        call_id: CallId("c".to_owned()),
        created_at: "2026-01-01T00:00:00+00:00".to_owned(),
        tenant_code: "shop".to_owned(),
        odoo_url: "http://odoo".to_owned(),
        odoo_db: "shop".to_owned(),
        company_id: Some(1),
        move_id: Some(7),
        attachment_id: Some(9),
        source: "upload".to_owned(),
        source_message_id: None,
        run_id: None,
        model: "m".to_owned(),
        input_tokens: 1,
        output_tokens: 1,
        cache_read_tokens: 0,
        cache_creation_tokens: 0,
        cost_known: false,
        cost_millicents: Millicents(0),
        cost_usd_millicents: Millicents(0),
        price_version: None,
        pages: 1,
        duration_ms: 5,
        prompt_version: "v4".to_owned(),
        state: match state {
            "success" => CallState::Success,
            "skipped" => CallState::Skipped,
            "lost" => CallState::Lost,
            _ => CallState::Error,
        },
        cache_hit: state == "success",
        billed: false,
        error_message: (state == "error").then(|| "too many pages".to_owned()),
        extra: None,
    }
}

fn draft(history: &History) -> Evidence<'_> {
    Evidence {
        state: "draft",
        move_type: "in_invoice",
        attachments: 1,
        readable: 1,
        history: Some(history),
        needs_review: Some(false),
        confidence: Some(0.9),
        threshold: Some(0.85),
        autopost: Some(true),
    }
}

#[track_caller]
fn check(evidence: &Evidence<'_>, next_step: NextStep, blocker: &str) {
    let verdict = decide(evidence);
    assert_eq!(verdict.next_step, next_step);
    assert_eq!(verdict.blockers.is_empty(), blocker.is_empty(), "{verdict:?}");
    assert!(verdict.blockers.iter().all(|told| told.contains(blocker)), "{verdict:?}");
}

#[test]
fn the_first_that_applies_decides() {
    let none = history(&[]);
    let done = history(&["error", "success"]);
    check(&Evidence { state: "posted", readable: 0, ..draft(&none) }, NextStep::Posted, "");
    check(&Evidence { state: "cancel", ..draft(&none) }, NextStep::Cancelled, "");
    check(
        &Evidence { attachments: 0, readable: 0, ..draft(&done) },
        NextStep::AwaitingAttachment,
        "no attachment",
    );
    check(
        &Evidence { attachments: 2, readable: 0, ..draft(&done) },
        NextStep::AwaitingAttachment,
        "none of the 2",
    );
    check(&draft(&none), NextStep::AwaitingExtraction, "");
    check(&draft(&history(&["skipped"])), NextStep::AwaitingExtraction, "");
    check(&draft(&history(&["success", "error"])), NextStep::RetryExtraction, "too many pages");
    check(&draft(&history(&["lost"])), NextStep::RetryExtraction, "nobody knows");
    check(&draft(&history(&["success", "skipped"])), NextStep::ReadyToPost, "");
    check(
        &Evidence { needs_review: Some(true), ..draft(&done) },
        NextStep::AwaitingReview,
        "ai_needs_review",
    );
    check(&Evidence { confidence: Some(0.84), ..draft(&done) }, NextStep::AwaitingSkillPost, "0.84");
    check(&Evidence { confidence: Some(0.0), ..draft(&done) }, NextStep::AwaitingSkillPost, "0.00");
    check(&Evidence { confidence: None, ..draft(&done) }, NextStep::AwaitingSkillPost, "not known");
    check(&Evidence { confidence: Some(0.86), threshold: None, ..draft(&done) }, NextStep::ReadyToPost, "");
    // A company whose threshold is 0 has set none.
    check(
        &Evidence { confidence: Some(0.0), threshold: Some(0.0), ..draft(&done) },
        NextStep::AwaitingSkillPost,
        "0.00",
    );
    check(&draft(&done), NextStep::ReadyToPost, "");
    check(&Evidence { history: None, ..draft(&done) }, NextStep::Unknown, "ledger");
}

#[test]
fn hints_say_what_is_left_to_do() {
    let done = history(&["success"]);
    let hints = |evidence: &Evidence<'_>| decide(evidence).hints.join("; ");
    assert!(hints(&draft(&done)).contains("ai_post_log"));
    assert!(hints(&Evidence { autopost: Some(false), ..draft(&done) }).contains("by hand"));
    assert!(hints(&Evidence { move_type: "out_invoice", ..draft(&done) }).contains("no vendor bill"));
    let failed = history(&["success", "error"]);
    assert!(hints(&draft(&failed)).contains("earlier extraction"));
}

#[test]
fn a_history_is_counted_whole_and_told_in_part() {
    let states: Vec<&str> = (0..30).map(|at| if at % 3 == 0 { "success" } else { "error" }).collect();
    let history = history(&states);
    assert_eq!((history.successful, history.failed, history.cache_hits), (10, 20, 10));
    assert_eq!((history.calls.len(), history.truncated), (20, true));
    assert_eq!(history.last().map(|last| last.id), Some(29));
    assert_eq!(history.calls[0].cost_eur_millicents, None);
}
