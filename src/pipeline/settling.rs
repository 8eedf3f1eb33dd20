//! After the call: what it cost, and how the log says it ended.

use super::Corridor;
use crate::{
    audit::{CallOutcome, OpenEntry},
    facts::{CallFacts, Class},
    ledger::{End, Settlement},
    policy::{BreakerEvent, Measure, Permit, Policy},
    reply::CallError,
    tools::{Output, ToolError},
};

impl Corridor {
    pub(super) fn settle_and_close(
        &self,
        entry: OpenEntry,
        permit: &Permit,
        policy: &Policy,
        facts: &CallFacts,
        outcome: &Result<Output, CallError>,
    ) {
        let (settlement, how) = ending(facts, outcome);
        let code = outcome.as_ref().err().map(CallError::code);
        tracing::debug!(tool = facts.tool.name, code = code.unwrap_or("ok"), "call");
        if outcome.is_err() {
            self.audit.note_failure(&policy.breakers_on(facts, BreakerEvent::Failed), facts.at);
        }
        // Counted only where a limit wants to know: a large result is long to measure.
        let counts = |measure| permit.charges().iter().any(|charge| charge.limit.measure == measure);
        let output = outcome.as_ref().ok();
        let rows = output.filter(|_| counts(Measure::Rows)).map(Output::rows);
        let bytes = output.filter(|_| counts(Measure::Bytes)).map(Output::bytes);
        if let Err(error) = entry.close(&End { settlement, rows, bytes }, how, code) {
            tracing::error!(%error, "a call has no closing line");
        }
    }
}

/// Did the call end before anything was sent? What it used up is given back then.
pub(super) fn was_not_sent(facts: &CallFacts, outcome: &Result<Output, CallError>) -> bool {
    ending(facts, outcome).1 == CallOutcome::NotSent
}

/// What the counters and the log make of an outcome.
fn ending(facts: &CallFacts, outcome: &Result<Output, CallError>) -> (Settlement, CallOutcome) {
    match outcome {
        Ok(_) => (Settlement::Done, CallOutcome::Done),
        Err(CallError::Tool(ToolError::Odoo(error))) if error.outcome_is_unknown() => {
            (Settlement::Unknown, CallOutcome::Unknown)
        }
        Err(CallError::Tool(ToolError::Odoo(error))) if error.was_not_sent() => {
            (Settlement::NotSent, CallOutcome::NotSent)
        }
        Err(CallError::Tool(ToolError::Odoo(_) | ToolError::Stopped { .. } | ToolError::Reported { .. })) => {
            (Settlement::Rejected, CallOutcome::Rejected)
        }
        Err(CallError::Tool(ToolError::Arguments { .. }) | CallError::Arguments(_)) => {
            (Settlement::NotSent, CallOutcome::Rejected)
        }
        Err(CallError::Cancelled) if facts.class == Class::Read => (Settlement::Done, CallOutcome::Cancelled),
        Err(CallError::Cancelled) => (Settlement::Unknown, CallOutcome::Cancelled),
        Err(_) => (Settlement::Unknown, CallOutcome::Failed),
    }
}
