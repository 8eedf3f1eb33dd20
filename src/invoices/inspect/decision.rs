//! What a bill waits for.

use super::{Attachment, Bill, CompanySettings, History};
use crate::invoices::NextStep;

/// Confidence that a bill needs where its company does not say.
const THRESHOLD: f64 = 0.85;

/// What the decision is made from. `None` is not known, which is something else than no or zero.
#[derive(Debug)]
pub struct Evidence<'a> {
    pub state: &'a str,
    pub move_type: &'a str,
    pub attachments: usize,
    /// Of those, files that could be the bill.
    pub readable: usize,
    pub history: Option<&'a History>,
    pub needs_review: Option<bool>,
    pub confidence: Option<f64>,
    pub threshold: Option<f64>,
    pub autopost: Option<bool>,
}

impl<'a> Evidence<'a> {
    /// What was read of a bill. Pictures below so many bytes are logos.
    pub fn of(
        bill: &'a Bill,
        files: &[Attachment],
        picture_bytes_min: u64,
        history: Option<&'a History>,
        company: CompanySettings,
    ) -> Self {
        Self {
            state: &bill.state,
            move_type: &bill.move_type,
            attachments: files.len(),
            readable: files.iter().filter(|file| file.facts.is_readable(picture_bytes_min)).count(),
            history,
            needs_review: bill.needs_review,
            confidence: bill.confidence,
            threshold: company.threshold,
            autopost: company.autopost,
        }
    }
}

/// The next step, what stands in its way, and what helps.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    pub next_step: NextStep,
    pub blockers: Vec<String>,
    pub hints: Vec<String>,
}

/// The first that applies.
pub fn decide(evidence: &Evidence<'_>) -> Verdict {
    let mut verdict = Verdict { next_step: NextStep::Unknown, blockers: Vec::new(), hints: Vec::new() };
    if !matches!(evidence.move_type, "in_invoice" | "in_refund") {
        verdict
            .hints
            .push(format!("`{}` is no vendor bill; the pipeline does not post it", evidence.move_type));
    }
    verdict.next_step = next_step(evidence, &mut verdict);
    verdict
}

fn next_step(evidence: &Evidence<'_>, verdict: &mut Verdict) -> NextStep {
    match evidence.state {
        "posted" => return NextStep::Posted,
        "cancel" => return NextStep::Cancelled,
        _ => {}
    }
    if evidence.readable == 0 {
        verdict.blockers.push(match evidence.attachments {
            0 => "there is no attachment".to_owned(),
            count => format!(
                "none of the {count} attachments is a PDF file or a picture large enough to be a bill"
            ),
        });
        return NextStep::AwaitingAttachment;
    }
    let Some(history) = evidence.history else {
        verdict.blockers.push("the usage ledger is not there, so nobody knows what was extracted".to_owned());
        return NextStep::Unknown;
    };
    let Some(last) = history.last() else { return NextStep::AwaitingExtraction };
    if !last.succeeded() {
        let why = last.error_message.as_deref().unwrap_or("nobody knows how it ended");
        verdict.blockers.push(format!("the last extraction failed: {why}"));
        if history.successful > 0 {
            verdict.hints.push("an earlier extraction of this bill succeeded".to_owned());
        }
        return NextStep::RetryExtraction;
    }
    if evidence.needs_review == Some(true) {
        verdict.blockers.push("a person has to look at it first (`ai_needs_review`)".to_owned());
        return NextStep::AwaitingReview;
    }
    // Odoo has no empty numbers: zero is a company that never said, and must not mean that all may pass.
    let threshold = evidence.threshold.filter(|threshold| *threshold > 0.0).unwrap_or(THRESHOLD);
    let Some(confidence) = evidence.confidence else {
        verdict.blockers.push("its confidence is not known".to_owned());
        return NextStep::AwaitingSkillPost;
    };
    if confidence < threshold {
        verdict.blockers.push(format!("its confidence of {confidence:.2} is below {threshold:.2}"));
        return NextStep::AwaitingSkillPost;
    }
    verdict.hints.push(
        match evidence.autopost {
            Some(false) => "the company does not post by itself; post it by hand",
            Some(true) => "it could be posted; `ai_post_log` says why it was not",
            None => "post it by hand: the add-on that posts by itself is not installed",
        }
        .to_owned(),
    );
    NextStep::ReadyToPost
}
