//! The decision: facts against a plan. Pure; no I/O, no clock, and nothing allocated for a call that
//! is allowed.

mod fields;
mod findings;
mod items;
mod judge;
mod limits;
mod look;
pub(in crate::policy) mod models;
mod proof;
mod scope;
mod seen;
mod sizes;
mod truth;

use smallvec::SmallVec;

use findings::{Asking, Findings, Said, step};
use items::judge_items;
use limits::judge_limits;
use look::View;
use sizes::judge_batch;

use super::{
    BodyChoice,
    plan::{BodyPlan, Plan, ToolPlan},
};
use crate::facts::{CallFacts, RecordEffect};

/// What is held against what: the facts, and the one or two bodies that hold for the caller.
#[derive(Debug)]
struct Deciding<'a> {
    plan: &'a Plan,
    facts: &'a CallFacts,
    /// The top level first; where a body stands alone, only that.
    bodies: SmallVec<[Held<'a>; 2]>,
}

/// A body that holds, with those of its rules that speak of the tool.
#[derive(Debug)]
struct Held<'a> {
    body: &'a BodyPlan,
    /// The top level, for a grant's body that is joined with it.
    above: Option<&'a BodyPlan>,
    rules: SmallVec<[&'a ToolPlan; 8]>,
}

impl<'a> Deciding<'a> {
    fn new(plan: &'a Plan, facts: &'a CallFacts, choice: BodyChoice) -> Self {
        let bodies = plan.bodies(choice);
        let held = bodies.each().map(|body| Held {
            body,
            above: bodies.top.filter(|top| !std::ptr::eq(*top, body)),
            rules: body.tools.rules_for(&facts.tool),
        });
        Self { plan, facts, bodies: held.collect() }
    }

    /// The facts as rules of a body see them; with an effect, as rules for its model do.
    fn view(&self, held: &Held<'a>, effect: Option<&'a RecordEffect>) -> View<'a> {
        View::new(self.facts, held.body, held.above).of(effect)
    }
}
