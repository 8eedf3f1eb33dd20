//! Steps 1 to 3: may this caller do anything, is the tool there for them, and is it refused outright.
//! Rules for a deed hold for the same deed by any other tool.

use super::{
    Deciding, Held,
    findings::{Asking, Findings, Said, step},
    limits::{judge_limits, reserves},
    look::records,
};
use crate::{
    facts::{CallFacts, Operation, Part, RecordEffect},
    policy::{
        DenialKind, NextStep, RuleId,
        file::document::Action,
        plan::{DEEDS, ToolPlan},
    },
};

/// Step 1, the second half: somebody or a breaker stopped this caller.
pub(super) fn judge_pause(facts: &CallFacts, out: &mut Findings<'_>) {
    let Some(pause) = &facts.found.pause else { return };
    let rule = RuleId(pause.rule.clone());
    let next = if pause.until.is_some() { NextStep::Wait } else { NextStep::Stop };
    let said = Said::by(&rule, false);
    out.refuse_as(step::CALLER, said, DenialKind::Paused, next, || pause.reason.to_string());
    let wait = pause.until.map(|until| until.duration_since(facts.at));
    if let Some(refusal) = out.refusal.as_mut().filter(|refusal| refusal.step == step::CALLER) {
        refusal.retry_after = wait.and_then(|wait| wait.try_into().ok());
    }
}

/// Step 2: hidden, another tool than the pinned one, or not listed. All three look the same.
pub(super) fn judge_standing(cx: &Deciding<'_>, out: &mut Findings<'_>) {
    for held in &cx.bodies {
        if let Some(rule) = held.standing.unknown_by {
            let said = Said::by(rule, held.body.shadow);
            out.refuse_as(step::STANDING, said, DenialKind::Unknown, NextStep::Stop, || {
                "the policy does not show this tool".to_owned()
            });
        } else if let Some(rule) = held.standing.listed_by.or(held.standing.allowed_by) {
            out.tell(step::STANDING, rule, "allows", || "the tool is shown".to_owned());
        }
    }
}

/// Step 3, and the rules that always ask.
pub(super) fn judge_actions<'a>(cx: &Deciding<'a>, out: &mut Findings<'a>) {
    for held in &cx.bodies {
        for rule in &held.rules {
            judge_action(rule, held, out);
        }
    }
}

fn judge_action<'a>(rule: &'a ToolPlan, held: &Held<'a>, out: &mut Findings<'a>) {
    let said = Said::by_tool(rule);
    match rule.action {
        Action::Allow => {}
        Action::Deny => out.refuse(step::ACTION, said, NextStep::Stop, || match &rule.reason {
            Some(reason) => reason.to_string(),
            None => "the policy refuses this tool".to_owned(),
        }),
        Action::RequireApproval => {
            let (reason, terms) = (rule.reason.as_ref(), rule.approval.as_ref());
            out.ask(said, Asking { rule: &rule.rule, reason, terms, body: held.body });
        }
    }
}

/// What the rules for `odoo_create`, `odoo_write` and `odoo_unlink` refuse, ask and count holds for
/// the same deed by this tool. Their conditions look at their own arguments, so they do not carry over.
pub(super) fn judge_deeds<'a>(cx: &Deciding<'a>, out: &mut Findings<'a>) {
    if !judges_deeds(cx) {
        return;
    }
    for (place, (operation, deed)) in DEEDS.into_iter().enumerate() {
        if deed == cx.facts.tool.name || done(cx.facts, operation).next().is_none() {
            continue;
        }
        for held in &cx.bodies {
            if let Some(rule) = held.body.tools.deed_hidden_by(place) {
                let said = Said::by(rule, held.body.shadow);
                out.refuse(step::ACTION, said, NextStep::Stop, || {
                    format!("the policy hides `{deed}`, and this call would do the same")
                });
            }
            let Some(rule) = held.body.tools.deed_rule(place) else { continue };
            judge_action(rule, held, out);
            let reserve = reserves(cx.facts, rule.counts_dry_runs);
            judge_limits(&cx.view(held, None), &rule.limits, &done(cx.facts, operation), reserve, out);
        }
    }
}

/// Does any rule speak of a deed? Then what hides in a call has to be known.
pub(super) fn judges_deeds(cx: &Deciding<'_>) -> bool {
    cx.bodies.iter().any(|held| held.body.tools.judges_deeds)
}

fn done(facts: &CallFacts, operation: Operation) -> impl Iterator<Item = &RecordEffect> + Clone {
    let does = move |effect: &&RecordEffect| effect.operation == operation && effect.part != Part::Auxiliary;
    records(facts).filter(does)
}
