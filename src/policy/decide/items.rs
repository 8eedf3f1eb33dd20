//! Items of `require`, `deny_if` and `approve_if`, held against a view of the facts.

use std::sync::Arc;

use super::{
    findings::{Asking, Findings, Said, step},
    look::View,
    truth::Section,
};
use crate::policy::{NextStep, file::document::ApprovalRule, plan::ItemPlan};

/// What items have from the rule they belong to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group<'a> {
    /// The rule's text, for items without one.
    pub(super) reason: Option<&'a Arc<str>>,
    /// What the rule says of how to ask.
    pub(super) terms: Option<&'a ApprovalRule>,
}

/// Judges one item against this very view.
pub(super) fn judge_item<'a>(
    view: &View<'a>,
    item: &'a ItemPlan,
    section: Section,
    group: Group<'a>,
    out: &mut Findings<'a>,
) {
    if section != Section::ApproveIf && !out.wants(step::CONDITIONS) && !item.shadow {
        return;
    }
    let truth = view.holds(&item.node, section);
    if !section.bites(truth) {
        return;
    }
    let said = Said::by_item(item);
    let reason = item.reason.as_ref().or(group.reason);
    if section == Section::ApproveIf {
        let asking = Asking { rule: &item.rule, reason, terms: group.terms, body: view.body };
        out.ask(said, asking);
        return;
    }
    let next = if item.reads_call { NextStep::ChangeArguments } else { NextStep::Stop };
    out.refuse(step::CONDITIONS, said, next, || match reason {
        Some(reason) => reason.to_string(),
        None => wording(item, section),
    });
}

/// The paths an item looks at, in a sentence.
fn wording(item: &ItemPlan, section: Section) -> String {
    let mut paths: Vec<&str> = Vec::new();
    item.node.each_condition(&mut |condition| {
        if !paths.contains(&&*condition.text) {
            paths.push(&condition.text);
        }
    });
    let paths = paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    match section {
        Section::Require => format!("the policy requires something of {paths} that does not hold"),
        Section::DenyIf | Section::ApproveIf => format!("the policy refuses what {paths} says"),
    }
}
