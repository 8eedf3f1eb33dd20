//! Rules from `policy.json`: facts in, decision out.
//!
//! No I/O and no clock here: the same facts give the same decision, always.

mod decision;
mod parse;
mod rules;

pub use decision::{
    Charge, CounterId, Decision, Denial, DenialKind, NextStep, Permit, PolicyDigest, RuleId, Window,
};
pub use parse::{PolicyError, PolicyProblem};
pub use rules::{Policy, Verdict};
