//! Steps 6 to 8 and 10 as the rules for tools have it: conditions, sizes, limits, questions.

use super::{
    Deciding, Held,
    findings::{Asking, Findings, Said, step},
    items::{Group, judge_item},
    limits::{judge_limits, reserves},
    look::{View, main_effects, records},
    sizes::{judge_batch, judge_bytes},
    truth::Section,
};
use crate::{
    facts::{Operation, Part, RecordEffect},
    policy::{
        NextStep,
        file::document::Action,
        plan::{ItemPlan, OlderRule, ToolPlan},
    },
};

pub(super) fn judge_tools<'a>(cx: &Deciding<'a>, out: &mut Findings<'a>) {
    for held in &cx.bodies {
        for rule in &held.rules {
            judge_rule(cx, held, rule, out);
        }
    }
}

fn judge_rule<'a>(cx: &Deciding<'a>, held: &Held<'a>, rule: &'a ToolPlan, out: &mut Findings<'a>) {
    let view = cx.view(held, None);
    let group = Group { reason: rule.reason.as_ref(), terms: rule.approval.as_ref() };
    for (items, section) in [
        (&rule.require, Section::Require),
        (&rule.deny_if, Section::DenyIf),
        (&rule.approve_if, Section::ApproveIf),
    ] {
        for item in items {
            judge_each(cx, &view, item, section, group, out);
        }
    }
    for older in &rule.older {
        judge_older(cx, held, older, group, out);
    }
    for effect in records(cx.facts).filter(|effect| effect.part != Part::Auxiliary) {
        judge_batch(&rule.batch, rule.shadow, effect, out);
    }
    judge_bytes(&rule.batch, rule.shadow, &*cx.facts.arguments, out);
    let reserve = reserves(cx.facts, rule.counts_dry_runs);
    judge_limits(&view, &rule.limits, &main_effects(cx.facts), reserve, out);
}

/// An item that looks at the normal form of the call looks at each of its main effects by itself.
fn judge_each<'a>(
    cx: &Deciding<'a>,
    view: &View<'a>,
    item: &'a ItemPlan,
    section: Section,
    group: Group<'a>,
    out: &mut Findings<'a>,
) {
    let mut effects = main_effects(cx.facts).filter(|_| item.reads_odoo).peekable();
    if effects.peek().is_none() {
        judge_item(view, item, section, group, out);
    }
    for effect in effects {
        judge_item(&view.of(Some(effect)), item, section, group, out);
    }
}

/// A rule of the older language: all its conditions have to hold, whatever its action.
fn judge_older<'a>(
    cx: &Deciding<'a>,
    held: &Held<'a>,
    older: &'a OlderRule,
    group: Group<'a>,
    out: &mut Findings<'a>,
) {
    let (item, view) = (&older.item, cx.view(held, None));
    let reason = item.reason.as_ref().or(group.reason);
    match older.action {
        Action::Allow => {}
        Action::Deny => {
            out.refuse(step::CONDITIONS, Said::by_item(item), NextStep::Stop, || match reason {
                Some(reason) => reason.to_string(),
                None => "the policy refuses this tool".to_owned(),
            });
        }
        Action::RequireApproval => {
            let asking = Asking { rule: &item.rule, reason, terms: group.terms, body: held.body };
            out.ask(Said::by_item(item), asking);
        }
    }
    judge_each(cx, &view, item, Section::Require, group, out);
}

/// Would knowing what hides in the call change what the rules for tools and connections say?
pub(super) fn need_definitions(cx: &Deciding<'_>) -> bool {
    let hides = |effect: &RecordEffect| effect.operation != Operation::Read && effect.may_hide_more();
    if !records(cx.facts).any(hides) {
        return false;
    }
    let measures = |rule: &&ToolPlan| rule.batch.ids.is_some() || rule.batch.values.is_some();
    super::standing::judges_deeds(cx)
        || cx
            .bodies
            .iter()
            .any(|held| held.body.connections.judges_operations() || held.rules.iter().any(measures))
}
