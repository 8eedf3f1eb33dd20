//! A decision step by step: what every rule said, not only the first that refused.

use std::sync::Arc;

use super::{Findings, decide_into};
use crate::{
    facts::CallFacts,
    policy::{Decision, Explanation, Finding, Needs, Policy, Step},
};

/// The steps, as the documentation numbers them.
const NAMES: [(u8, &str); 10] = [
    (1, "caller"),
    (2, "hidden or listed"),
    (3, "action"),
    (4, "connection"),
    (5, "model"),
    (6, "conditions"),
    (7, "sizes"),
    (8, "limits"),
    (9, "records"),
    (10, "approval"),
];

pub(in crate::policy) fn explain(policy: &Arc<Policy>, facts: &CallFacts) -> Explanation {
    let mut out = Findings { told: Some(Vec::new()), ..Findings::default() };
    let decision = decide_into(policy, facts, &mut out);
    let mut told = out.told.take().unwrap_or_default();
    if let Decision::Needs(Needs::Records { questions, .. }) = &decision {
        for question in questions {
            let detail = format!("asks Odoo about {} records of `{}`", question.ids.len(), question.model);
            told.push((9, Finding { rule: question.rule.clone(), word: "asks Odoo", detail }));
        }
    }
    let steps = NAMES.into_iter().map(|(number, name)| {
        let mine = told.iter().filter(|(step, _)| *step == number);
        Step { number, name, findings: mine.map(|(_, finding)| finding.clone()).collect() }
    });
    Explanation { steps: steps.collect(), decision }
}
