//! The decision: facts against a plan. Pure; no I/O, no clock, and nothing allocated for a call that
//! is allowed.

mod asking;
mod connections;
mod evidence;
mod explain;
mod fields;
mod findings;
mod items;
mod judge;
mod limits;
mod look;
mod memory;
pub(in crate::policy) mod models;
mod money;
mod proof;
mod scope;
mod seen;
mod sizes;
mod standing;
#[cfg(test)]
mod tests;
mod tools;
mod truth;

use std::sync::Arc;

use smallvec::SmallVec;

pub(super) use evidence::{breakers, evidence};
pub(super) use explain::explain;
use findings::{Findings, Said, step};
use look::View;

use super::{
    Ask, BodyChoice, Decision, Denial, DenialKind, Needs, NextStep, Permit, Policy,
    plan::{Bodies, BodyPlan, Plan, Speaking, Standing},
};
use crate::facts::{CallFacts, RecordAnswer, RecordEffect};

/// What is held against what: the facts, and the one or two bodies that hold for the caller.
#[derive(Debug)]
struct Deciding<'a> {
    plan: &'a Plan,
    facts: &'a CallFacts,
    choice: BodyChoice,
    /// The top level first; where a body stands alone, only that.
    bodies: SmallVec<[Held<'a>; 2]>,
}

/// A body that holds, with those of its rules that speak of the tool.
#[derive(Debug)]
struct Held<'a> {
    body: &'a BodyPlan,
    /// The top level, for a grant's body that is joined with it.
    above: Option<&'a BodyPlan>,
    standing: Standing<'a>,
    rules: Speaking<'a>,
}

impl<'a> Deciding<'a> {
    fn new(plan: &'a Plan, facts: &'a CallFacts, choice: BodyChoice) -> Self {
        let bodies = plan.bodies(choice);
        let held = bodies.each().map(|body| {
            let (standing, rules) = body.tools.speaks(&facts.tool);
            Held { body, above: bodies.top.filter(|top| !std::ptr::eq(*top, body)), standing, rules }
        });
        Self { plan, facts, choice, bodies: held.collect() }
    }

    /// The facts as rules of a body see them; with an effect, as rules for its model do.
    fn view(&self, held: &Held<'a>, effect: Option<&'a RecordEffect>) -> View<'a> {
        View::new(self.facts, held.body, held.above).of(effect)
    }

    /// Steps 1 to 8, and everything that asks.
    fn judge(&self, out: &mut Findings<'a>) {
        standing::judge_pause(self.facts, out);
        standing::judge_standing(self, out);
        if !out.wants(step::ACTION) {
            return;
        }
        standing::judge_actions(self, out);
        standing::judge_deeds(self, out);
        connections::judge_connections(self, out);
        memory::judge_memory(self, out);
        models::judge_models(self, out);
        tools::judge_tools(self, out);
    }

    fn needs_definitions(&self) -> bool {
        !self.facts.found.unfolded && (tools::need_definitions(self) || models::needs_definitions(self))
    }
}

/// Decides a call.
pub(super) fn decide(policy: &Arc<Policy>, facts: &CallFacts) -> Decision {
    decide_into(policy, facts, &mut Findings::default())
}

/// `out` hears what the rules say. Where it wants to hear everything, the decision is the same.
fn decide_into<'a>(policy: &'a Arc<Policy>, facts: &'a CallFacts, out: &mut Findings<'a>) -> Decision {
    let plan = &policy.plan;
    let Some(choice) = plan.choose(&facts.caller) else {
        let said = Said::by(&plan.grants_at, false);
        out.refuse_as(step::CALLER, said, DenialKind::NoGrant, NextStep::Stop, || {
            "the policy names grants, and not the one of this caller".to_owned()
        });
        return denied(plan, out);
    };
    let cx = Deciding::new(plan, facts, choice);
    cx.judge(out);
    if out.refusal.is_some() {
        return denied(plan, out);
    }
    if cx.needs_definitions() || out.unknown.defaults {
        return Decision::Needs(Needs::Definitions);
    }
    // Amounts are refused before records are, so their currency is asked for first.
    if !out.unknown.currencies.is_empty() {
        let connections = out.unknown.currencies.iter().map(|alias| (*alias).clone()).collect();
        return Decision::Needs(Needs::Currencies { connections, charges: std::mem::take(&mut out.charges) });
    }
    let questions = models::record_questions(&cx);
    match &facts.found.records {
        None if questions.is_empty() => {}
        None => {
            let charges = std::mem::take(&mut out.charges);
            return Decision::Needs(Needs::Records { questions: questions.into_vec(), charges });
        }
        Some(answers) => {
            let mut answers = answers.iter();
            for question in &questions {
                if answers.next() != Some(&RecordAnswer::AllWithin) {
                    let said = Said::by(&question.rule, false);
                    out.refuse_as(
                        step::RECORDS,
                        said,
                        DenialKind::NotFound,
                        NextStep::ChangeArguments,
                        || "records do not exist, or not for this caller".to_owned(),
                    );
                }
            }
            if out.refusal.is_some() {
                return denied(plan, out);
            }
        }
    }
    if !out.asking.is_empty() && facts.found.approval.is_none() {
        return ask(&cx, out);
    }
    Decision::Allow(Permit {
        policy: Arc::clone(policy),
        effects: Arc::clone(&facts.effects),
        charges: std::mem::take(&mut out.charges),
        rule: plan.lets_through(cx.bodies.iter().rev().map(|held| held.standing)).clone(),
        shadow: std::mem::take(&mut out.shadow),
        body: cx.choice,
        tool: facts.tool,
    })
}

fn ask(cx: &Deciding<'_>, out: &mut Findings<'_>) -> Decision {
    let (rules, reason) = asking::question(out);
    let Some(terms) = asking::terms(cx, out) else {
        if let Some(rule) = rules.first() {
            let said = Said::by(rule, false);
            out.refuse_as(step::APPROVAL, said, DenialKind::NeedsApproval, NextStep::Stop, || {
                "the rules that ask for a person leave nobody to ask".to_owned()
            });
        }
        return denied(cx.plan, out);
    };
    Decision::Ask(Box::new(Ask {
        rules,
        reason,
        terms,
        effects: Arc::clone(&cx.facts.effects),
        policy: cx.plan.digest.clone(),
        charges: std::mem::take(&mut out.charges),
    }))
}

fn denied(plan: &Plan, out: &mut Findings<'_>) -> Decision {
    let policy = plan.digest.clone();
    let denial = match out.refusal.take() {
        Some(refusal) => Denial {
            kind: refusal.kind,
            rule: refusal.rule,
            rule_name: refusal.rule_name,
            reason: refusal.reason,
            retry_after: refusal.retry_after,
            remaining: refusal.remaining.into_iter().map(|name| (name, "0".to_owned())).collect(),
            policy,
            next: refusal.next,
        },
        // Not reached: whoever asks for a denial has said why.
        None => Denial {
            kind: DenialKind::Refused,
            rule: plan.built_in.clone(),
            rule_name: Arc::clone(&plan.built_in.0),
            reason: "the policy refuses this call".to_owned(),
            retry_after: None,
            remaining: Vec::new(),
            policy,
            next: NextStep::Stop,
        },
    };
    Decision::Deny(Box::new(denial))
}
