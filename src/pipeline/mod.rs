//! The corridor every tool call walks, once, top to bottom.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    audit::{AuditLog, CallOutcome, OpenEntry, Opening},
    facts::{CallFacts, Caller, Class, JsonObject, hex},
    ledger::{Ledger, Reservation, Settlement},
    odoo::Connections,
    policy::{Decision, Denial, DenialKind, NextStep, Permit, Policy},
    reply::{self, CallError, Reply},
    tools::{CallContext, Catalog, DecodedCall, Found, Output, Progress, ToolError},
};

/// A call as the transport read it.
pub struct RawCall {
    pub tool: String,
    pub arguments: JsonObject,
    pub caller: Caller,
    pub progress: Progress,
    /// Cancelled when the client takes the call back or goes away.
    pub cancelled: CancellationToken,
}

/// Names of arguments, never their values: one of them may be a password.
impl std::fmt::Debug for RawCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let arguments: Vec<&String> = self.arguments.keys().collect();
        f.debug_struct("RawCall")
            .field("tool", &self.tool)
            .field("arguments", &arguments)
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

/// No tool of that name exists for this caller: hidden, unlisted and unknown are the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown tool: {name}")]
pub struct UnknownTool {
    pub name: String,
}

/// Longest piece of an unknown tool's name that an answer repeats.
const TOOL_NAME_SHOWN_CHARS_MAX: usize = 64;
/// List changes that a slow subscriber may lag behind before it is told only the newest.
const CHANGES_KEPT: usize = 4;

/// Everything a call passes on its way.
#[derive(Debug)]
pub struct Corridor {
    catalog: Catalog,
    policy: ArcSwap<Policy>,
    ledger: Ledger,
    audit: AuditLog,
    connections: Arc<Connections>,
    list_changes: broadcast::Sender<()>,
}

impl Corridor {
    pub fn new(catalog: Catalog, policy: Policy, audit: AuditLog, connections: Arc<Connections>) -> Self {
        Self {
            catalog,
            policy: ArcSwap::from_pointee(policy),
            ledger: Ledger::default(),
            audit,
            connections,
            list_changes: broadcast::channel(CHANGES_KEPT).0,
        }
    }

    /// The tools of which this caller could have some call allowed, sorted by name.
    pub fn list(&self, caller: &Caller) -> Vec<Found> {
        let policy = self.policy.load();
        self.catalog.iter().filter(|found| policy.might_allow(caller, &found.facts())).collect()
    }

    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    pub fn audit(&self) -> &AuditLog {
        &self.audit
    }

    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// The next call walks under the new policy; calls under way keep theirs.
    pub fn replace_policy(&self, policy: Policy) {
        self.policy.store(Arc::new(policy));
        // Nobody listening is fine.
        let _ = self.list_changes.send(());
    }

    /// Fires when `tools/list` may answer differently.
    pub fn list_changes(&self) -> broadcast::Receiver<()> {
        self.list_changes.subscribe()
    }

    /// Walks one call. Everything a model should read is a reply, refusals and failures included.
    pub async fn call(&self, call: RawCall) -> Result<Reply, UnknownTool> {
        let unknown = || UnknownTool { name: call.tool.chars().take(TOOL_NAME_SHOWN_CHARS_MAX).collect() };
        let policy = self.policy.load_full();
        let Some(tool) = self.catalog.find(&call.tool) else {
            tracing::info!(tool = %unknown().name, "unknown tool");
            return Err(unknown());
        };
        if !policy.might_allow(&call.caller, &tool.facts()) {
            tracing::info!(tool = tool.entry.name(), "a tool the policy does not show was called");
            return Err(unknown());
        }
        match self.walk(&policy, tool, call).await {
            Ok(output) => Ok(reply::shape(output)),
            Err(error) => Ok(reply::word(&error)),
        }
    }

    async fn walk(&self, policy: &Policy, tool: Found, call: RawCall) -> Result<Output, CallError> {
        let RawCall { arguments, caller, progress, cancelled, .. } = call;
        let arguments = Arc::new(arguments);
        let request = tool.entry.decode(JsonObject::clone(&arguments)).map_err(CallError::Arguments)?;
        let facts = gather_facts(&caller, tool, arguments, request.as_ref());

        let decision = match policy.decide(&facts) {
            Decision::Allow(permit) => self.reserve(permit, &facts),
            Decision::Deny(denial) => Err(denial),
        };
        let (permit, reservation) = match decision {
            Ok(granted) => granted,
            Err(denial) => return Err(self.refuse(&facts, denial)),
        };

        let entry = match self.open_entry(&facts, "allow", &permit.rule().0, &permit.policy().0) {
            Ok(entry) => entry,
            Err(error) => {
                self.ledger.settle(reservation, Settlement::NotSent);
                return Err(error);
            }
        };
        let cx = CallContext::new(&permit, &caller, &self.connections, &progress);
        let started = Instant::now();
        let outcome = run_guarded(request, &cx, &cancelled).await;
        self.settle_and_close(entry, reservation, &facts, &outcome);
        tracing::debug!(
            tool = facts.tool.name,
            code = outcome.as_ref().err().map_or("ok", CallError::code),
            duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "call"
        );
        outcome
    }

    fn reserve(&self, permit: Permit, facts: &CallFacts) -> Result<(Permit, Reservation), Denial> {
        let now_ms = u64::try_from(facts.at.as_millisecond()).unwrap_or_default();
        match self.ledger.reserve(permit.charges(), now_ms) {
            Ok(reservation) => Ok((permit, reservation)),
            Err(exhausted) => {
                let charge = exhausted.charge;
                let reason = match &charge.reason {
                    Some(reason) => reason.to_string(),
                    None => format!("the limit of {} calls is used up", charge.max),
                };
                Err(Denial {
                    kind: DenialKind::Limited,
                    rule: charge.rule,
                    rule_name: charge.rule_name,
                    reason,
                    next: if exhausted.retry_after.is_some() { NextStep::Wait } else { NextStep::Stop },
                    retry_after: exhausted.retry_after,
                    remaining: exhausted.remaining,
                    policy: permit.policy().clone(),
                })
            }
        }
    }

    /// A refusal is logged like a call: opened as denied, closed as denied.
    fn refuse(&self, facts: &CallFacts, denial: Denial) -> CallError {
        match self.open_entry(facts, "deny", &denial.rule.0, &denial.policy.0) {
            Ok(entry) => {
                let error = CallError::Denied(denial);
                close(entry, CallOutcome::Denied, Some(error.code()));
                error
            }
            Err(error) => error,
        }
    }

    fn open_entry(
        &self,
        facts: &CallFacts,
        decision: &str,
        rule: &str,
        policy: &str,
    ) -> Result<OpenEntry, CallError> {
        let call = new_reference();
        let opening = Opening {
            call: &call,
            at: facts.at,
            caller: &facts.caller,
            tool: facts.tool.name,
            class: facts.class.as_str(),
            effects: &facts.effects,
            decision,
            rule,
            policy,
        };
        let durable = facts.class != Class::Read && decision == "allow";
        self.audit.open_entry(&opening, durable).map_err(|error| {
            let reference = new_reference();
            tracing::error!(%error, %reference, "no opening line, so no call");
            CallError::AuditUnavailable { reference }
        })
    }

    fn settle_and_close(
        &self,
        entry: OpenEntry,
        reservation: Reservation,
        facts: &CallFacts,
        outcome: &Result<Output, CallError>,
    ) {
        let (settlement, how) = match outcome {
            Ok(_) => (Settlement::Answered, CallOutcome::Done),
            Err(CallError::Tool(ToolError::Odoo(error))) if error.outcome_is_unknown() => {
                (Settlement::Unknown, CallOutcome::Unknown)
            }
            Err(CallError::Tool(ToolError::Odoo(error))) if error.was_not_sent() => {
                (Settlement::NotSent, CallOutcome::NotSent)
            }
            Err(CallError::Tool(ToolError::Odoo(_) | ToolError::Stopped { .. })) => {
                (Settlement::Answered, CallOutcome::Rejected)
            }
            Err(CallError::Tool(ToolError::Arguments { .. }) | CallError::Arguments(_)) => {
                (Settlement::NotSent, CallOutcome::Rejected)
            }
            Err(CallError::Cancelled) if facts.class == Class::Read => {
                (Settlement::Answered, CallOutcome::Cancelled)
            }
            Err(CallError::Cancelled) => (Settlement::Unknown, CallOutcome::Cancelled),
            Err(_) => (Settlement::Unknown, CallOutcome::Failed),
        };
        self.ledger.settle(reservation, settlement);
        close(entry, how, outcome.as_ref().err().map(CallError::code));
    }
}

fn gather_facts(
    caller: &Caller,
    tool: Found,
    arguments: Arc<JsonObject>,
    request: &dyn DecodedCall,
) -> CallFacts {
    CallFacts {
        caller: caller.clone(),
        tool: tool.facts(),
        class: request.class(),
        effects: request.effects(caller).into(),
        arguments,
        at: jiff::Timestamp::now(),
    }
}

/// Runs the tool; a panic becomes an answer with a reference number, a cancelled call drops its
/// requests to Odoo.
async fn run_guarded(
    request: Box<dyn DecodedCall>,
    cx: &CallContext<'_>,
    cancelled: &CancellationToken,
) -> Result<Output, CallError> {
    let run = AssertUnwindSafe(request.run(cx)).catch_unwind();
    let finished = tokio::select! {
        finished = run => finished,
        () = cancelled.cancelled() => return Err(CallError::Cancelled),
    };
    match finished {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(ToolError::Internal { detail })) => {
            let reference = new_reference();
            tracing::error!(%reference, %detail, "a tool failed inside");
            Err(CallError::Internal { reference })
        }
        Ok(Err(error)) => Err(CallError::Tool(error)),
        Err(_panic) => {
            let reference = new_reference();
            tracing::error!(%reference, "a tool panicked");
            Err(CallError::Internal { reference })
        }
    }
}

fn close(entry: OpenEntry, outcome: CallOutcome, code: Option<&str>) {
    if let Err(error) = entry.close(outcome, code) {
        tracing::error!(%error, "a call has no closing line");
    }
}

/// A random number that the caller and the log share.
fn new_reference() -> String {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0_u8; 8];
    if ring::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        return "unavailable".to_owned();
    }
    hex(&bytes)
}

#[cfg(test)]
mod tests;
