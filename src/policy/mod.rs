//! Rules from `policy.json`: facts in, decision out.
//!
//! No I/O and no clock here: the same facts give the same decision, always.

mod charge;
pub mod compare;
mod decide;
mod decision;
pub mod exchange;
mod explanation;
pub mod file;
mod known_tools;
mod loaded;
mod plan;
mod problem;
mod recommend;
mod sight;

pub use charge::{CalendarUnit, Charge, Count, CounterId, Limit, Measure, Scope, Scopes, Window};
pub use decision::{
    ApprovalMode, ApprovalTerms, Ask, BodyChoice, Charges, Decision, Denial, DenialKind, Needs, NextStep,
    Permit, PolicyDigest, RecordQuestion, RuleId, Shown,
};
pub use explanation::{BreakerPlan, Explanation, Finding, Step};
pub use file::document::BreakerEvent;
pub use known_tools::{KnownTools, Names};
pub use loaded::{Policy, Verdict};
pub use plan::{Closed, closed_by_itself};
pub use problem::{PolicyError, PolicyProblem};
pub use recommend::{Recommended, recommended, recommended_policy, why_a_rule};
pub use sight::Sight;
