//! Past calls decided again: under one policy, or under two.
//!
//! Counters begin empty where the log begins. What the log does not hold is not guessed: a call that
//! cannot be put together, that asks about records nobody answered for, or whose currency only the
//! connection can tell, is counted as uncertain.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;

use super::{
    case::Ending,
    rebuilt,
    stage::{Known, Outcome, Stage},
    tools::StageTools,
};
use crate::{
    audit::PastCall,
    facts::{JsonObject, ModelName, RecordAnswer},
    policy::{Policy, RecordQuestion},
};

/// Differences that are remembered; the rest is counted.
const DIFFERENCES_MAX: usize = 1_000;

/// Decides past calls, in their order.
#[derive(Debug)]
pub struct Replay<'a> {
    tools: &'a StageTools<'a>,
    /// The policy the calls are compared with; without it the log's own word.
    before: Option<Stage<'a>>,
    now: Stage<'a>,
    report: PastReport,
}

/// What a replay came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PastReport {
    pub calls: u64,
    /// Calls that come out otherwise.
    pub different: u64,
    /// Calls of which the log does not hold enough.
    pub uncertain: u64,
    /// The first of those that come out otherwise.
    pub differences: Vec<Past>,
}

/// A past call that comes out otherwise.
#[derive(Debug, Clone, Serialize)]
pub struct Past {
    /// Number of its line in the log.
    pub line: u64,
    pub at: jiff::Timestamp,
    pub grant: String,
    pub tool: String,
    pub before: Compared,
    pub now: Compared,
}

/// How a call came out on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    pub outcome: String,
    pub rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A question about records that a policy asked, as far as another one may ask the same.
type Asked = BTreeSet<String>;

impl<'a> Replay<'a> {
    /// For one policy against the log, or for two against each other.
    pub fn new(
        before: Option<Arc<Policy>>,
        now: Arc<Policy>,
        tools: &'a StageTools<'a>,
        definitions: &'a BTreeMap<ModelName, JsonObject>,
    ) -> Self {
        let stage = |policy| Stage::new(policy, tools, definitions);
        Self { tools, before: before.map(stage), now: stage(now), report: PastReport::default() }
    }

    pub fn take(&mut self, past: &PastCall) {
        self.report.calls += 1;
        let Some((before, now)) = self.sides(past) else {
            self.report.uncertain += 1;
            return;
        };
        if is_uncertain(&now.outcome) || is_uncertain(&before.outcome) {
            self.report.uncertain += 1;
            return;
        }
        if verdict(&before.outcome) == verdict(&now.outcome) {
            return;
        }
        self.report.different += 1;
        if self.report.differences.len() < DIFFERENCES_MAX {
            self.report.differences.push(Past {
                line: past.seq,
                at: past.at,
                grant: past.caller.grant.clone(),
                tool: past.tool.clone(),
                before,
                now,
            });
        }
    }

    pub fn report(self) -> PastReport {
        self.report
    }

    fn sides(&self, past: &PastCall) -> Option<(Compared, Compared)> {
        let facts = rebuilt::facts(past, self.tools)?;
        let logged = Compared { outcome: past.decision.clone(), rule: past.rule.clone(), reason: None };
        let code = past.end.as_ref().and_then(|end| end.code.as_deref());
        let answer = match (past.decision.as_str(), code) {
            ("allow", _) => RecordAnswer::AllWithin,
            (_, Some("not_found")) => RecordAnswer::SomeOutside,
            // Refused before anybody asked about records.
            _ => RecordAnswer::AllWithin,
        };
        let asked: RefCell<Asked> = RefCell::default();
        let before = match &self.before {
            Some(stage) => {
                let records = |questions: &[RecordQuestion]| {
                    asked.borrow_mut().extend(questions.iter().map(told));
                    Some(vec![answer; questions.len()])
                };
                let outcome = walk(stage, past, facts.clone(), &records);
                // The log knows better what the policy of its day said; where the two differ, something
                // is missing from the log.
                let digest = stage.policy().digest();
                if *digest.0 == past.policy && verdict(outcome.outcome) != verdict(&logged.outcome) {
                    return None;
                }
                Compared::of(outcome)
            }
            None => logged,
        };
        let is_same_policy = *self.now.policy().digest().0 == past.policy;
        let records = |questions: &[RecordQuestion]| {
            let known = asked.borrow();
            let is_known = is_same_policy || questions.iter().all(|question| known.contains(&told(question)));
            is_known.then(|| vec![answer; questions.len()])
        };
        Some((before, Compared::of(walk(&self.now, past, facts, &records))))
    }
}

fn walk(
    stage: &Stage<'_>,
    past: &PastCall,
    mut facts: crate::facts::CallFacts,
    records: &dyn Fn(&[RecordQuestion]) -> Option<Vec<RecordAnswer>>,
) -> Outcome {
    facts.found.pause = stage.paused(&facts);
    let settlement = past.end.as_ref().and_then(|end| end.settlement.as_deref());
    let ends = match settlement {
        Some("done") => Ending::Answered,
        Some("not_sent") => Ending::NotSent,
        Some("rejected") => Ending::Rejected,
        // Nothing was charged, so nothing tells; the outcome does.
        None if past.end.as_ref().is_some_and(|end| end.outcome == "done") => Ending::Answered,
        Some(_) | None => Ending::Unknown,
    };
    let known =
        Known { records, currencies: None, approved: past.approval.is_some(), ends, rows: None, bytes: None };
    stage.walk_facts(&mut facts, &known)
}

fn told(question: &RecordQuestion) -> String {
    let domain = serde_json::to_string(&question.domain).unwrap_or_default();
    format!("{} {} {:?} {domain}", question.connection, question.model, question.ids)
}

/// Allowed, asked or refused: what a caller notices.
fn verdict(outcome: &str) -> &str {
    match outcome {
        "allow" | "ask" => outcome,
        _ => "deny",
    }
}

fn is_uncertain(outcome: &str) -> bool {
    matches!(outcome, "needs_records" | "needs_currencies" | "needs_definitions" | "invalid_call")
}

impl Compared {
    fn of(outcome: Outcome) -> Self {
        Self { outcome: outcome.outcome.to_owned(), rule: outcome.rule, reason: outcome.reason }
    }
}
