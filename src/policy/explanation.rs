//! Every step of a decision, and what a running server asks the policy beside decisions.

use super::{
    charge::Scope,
    decision::{Decision, RuleId},
    file::document::BreakerEvent,
};

/// A decision with all its steps, the first refusal and everything after it.
#[derive(Debug)]
pub struct Explanation {
    pub steps: Vec<Step>,
    pub decision: Decision,
}

/// One step of the order of evaluation.
#[derive(Debug, Clone)]
pub struct Step {
    /// 1 to 10, as the documentation numbers them.
    pub number: u8,
    pub name: &'static str,
    pub findings: Vec<Finding>,
}

/// What one rule said.
#[derive(Debug, Clone)]
pub struct Finding {
    pub rule: RuleId,
    /// `allows`, `refuses`, `asks`, `charges`, `narrows`, `would refuse` and the like.
    pub word: &'static str,
    pub detail: String,
}

/// A breaker for one caller: which counter of events, and what happens when it is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerPlan {
    pub rule: RuleId,
    pub on: BreakerEvent,
    pub scope: Scope,
    pub max: u64,
    pub window_seconds: u32,
    pub pause_seconds: u32,
}
