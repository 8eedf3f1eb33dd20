//! From facts to a permit: the policy is asked, gets the facts it needs, and is asked again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Corridor, RawCall};
use crate::{
    approvals::{Question, Standing},
    facts::{CallFacts, Caller, JsonObject},
    ledger::{Exhausted, Refusal},
    odoo::{self, Connections},
    policy::{
        Ask, Charge, Decision, Denial, DenialKind, Needs, NextStep, Permit, Policy, PolicyDigest,
        RecordQuestion,
    },
    reply::CallError,
    tools::{DecodedCall, Found, Helpers, ToolError},
};

/// Definitions, currencies, records, approval: each is asked for at most once, and then there is an
/// answer.
const ROUNDS_MAX: usize = 5;

/// How a decision came out.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack for one step, and nearly always is a permit"
)]
pub(super) enum Decided {
    /// With what was asked about records on the way.
    Allowed(Permit, Vec<RecordQuestion>),
    Denied(Box<Denial>),
    Question(Box<Question>),
    /// A person was asked, but not through the client; the denial says so.
    Waiting {
        denial: Box<Denial>,
        approval: Arc<str>,
        expires_at: jiff::Timestamp,
        is_new: bool,
    },
}

pub(super) fn gather_facts(
    caller: &Caller,
    tool: Found,
    arguments: Arc<JsonObject>,
    request: &dyn DecodedCall,
    helpers: &Helpers,
) -> CallFacts {
    let class = request.class();
    CallFacts {
        caller: caller.clone(),
        tool: tool.facts(),
        class,
        dry_run: request.is_rehearsal(),
        effects: request.effects(caller, helpers).into(),
        arguments,
        at: jiff::Timestamp::now(),
        found: crate::facts::Found::default(),
    }
}

impl Corridor {
    /// Asks the policy until there is an answer. Facts that cost something are fetched only when
    /// nothing else refuses the call.
    pub(super) async fn decide(
        &self,
        policy: &Arc<Policy>,
        facts: &mut CallFacts,
        call: &RawCall,
        connections: &Connections,
    ) -> Result<Decided, CallError> {
        let breakers = policy.breakers(facts);
        facts.found.pause =
            self.pauses.found(&facts.caller, facts.at).or_else(|| self.audit.paused(&breakers, facts.at));
        let mut checked = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let began = Instant::now();
            let decision = policy.decide(facts);
            self.count(&decision, began.elapsed());
            match decision {
                Decision::Allow(permit) => return Ok(Decided::Allowed(permit, checked)),
                Decision::Deny(denial) => return Ok(Decided::Denied(denial)),
                Decision::Needs(Needs::Definitions) => {
                    let unfolded = odoo::unfold(&facts.effects, connections).await;
                    facts.effects = unfolded
                        .map_err(|error| {
                            let sight = policy.sight(&facts.caller);
                            let worded = odoo::worded_for(&sight, error, &facts.effects);
                            CallError::Tool(ToolError::Odoo(worded))
                        })?
                        .into();
                    facts.found.unfolded = true;
                }
                Decision::Needs(Needs::Currencies { connections: paid_in, charges }) => {
                    if let Some(denial) = self.cannot_pay(policy, facts, &charges) {
                        return Ok(Decided::Denied(denial));
                    }
                    let currencies = odoo::currencies(&paid_in, connections)
                        .await
                        .map_err(|error| CallError::Tool(ToolError::Odoo(error)))?;
                    facts.found.currencies = Some(Arc::new(currencies));
                }
                Decision::Needs(Needs::Records { questions, charges }) => {
                    if let Some(denial) = self.cannot_pay(policy, facts, &charges) {
                        return Ok(Decided::Denied(denial));
                    }
                    let answers = odoo::answer(&questions, connections)
                        .await
                        .map_err(|error| CallError::Tool(ToolError::Odoo(error)))?;
                    facts.found.records = Some(answers.into());
                    checked = questions;
                }
                Decision::Ask(ask) => {
                    if let Some(denial) = self.cannot_pay(policy, facts, &ask.charges) {
                        return Ok(Decided::Denied(denial));
                    }
                    match self.put_to_a_person(policy, &ask, facts, call, connections).await? {
                        Standing::Granted(approval) => facts.found.approval = Some(approval),
                        Standing::Open(question) => return Ok(Decided::Question(question)),
                        Standing::Pending { id, expires_at, is_new } => {
                            let reason =
                                format!("{}; approval {id} is waiting for a person", clause(&ask.reason));
                            let denial = unanswered(&ask, reason, NextStep::Ask);
                            return Ok(Decided::Waiting { denial, approval: id, expires_at, is_new });
                        }
                        standing => {
                            let (reason, next) = why_not(&ask, &standing);
                            return Ok(Decided::Denied(unanswered(&ask, reason, next)));
                        }
                    }
                }
            }
        }
        Err(CallError::Tool(ToolError::Internal { detail: "the decision came to no end".into() }))
    }

    /// A request for facts is no decision yet.
    fn count(&self, decision: &Decision, took: Duration) {
        match decision {
            Decision::Allow(permit) => {
                self.metrics.decided("allow", &permit.rule().0, Some(took));
                permit.shadow().iter().for_each(|rule| self.metrics.would_deny(&rule.0));
            }
            Decision::Deny(denial) => self.metrics.decided("deny", &denial.rule.0, Some(took)),
            Decision::Ask(ask) => {
                let rule = ask.rules.first().map_or("", |rule| &*rule.0);
                self.metrics.decided("ask", rule, Some(took));
            }
            Decision::Needs(_) => {}
        }
    }

    /// Limits that are used up refuse a call before anything is fetched or anybody is asked for it.
    fn cannot_pay(&self, policy: &Policy, facts: &CallFacts, charges: &[Charge]) -> Option<Box<Denial>> {
        let exhaustion = self.audit.check(charges, facts.at).err()?;
        Some(limit_denial(*exhaustion, policy.digest().clone()))
    }
}

/// The denial of a call that no reservation could be made for.
pub fn limit_denial(exhausted: Exhausted, policy: PolicyDigest) -> Box<Denial> {
    let limit = &exhausted.charge.limit;
    let reason = match (&limit.reason, exhausted.why) {
        (Some(reason), Refusal::Full) => reason.to_string(),
        (None, Refusal::Full) => format!("the limit of {} is used up", limit.describe()),
        (_, Refusal::BadAmount) => "the amount this limit counts cannot be counted exactly".to_owned(),
        (_, Refusal::NoRoom) => "there are too many counters".to_owned(),
    };
    let (kind, next) = match (exhausted.why, exhausted.retry_after) {
        (Refusal::BadAmount, _) => (DenialKind::BadAmount, NextStep::ChangeArguments),
        (_, Some(_)) => (DenialKind::Limited, NextStep::Wait),
        (_, None) => (DenialKind::Limited, NextStep::Stop),
    };
    Box::new(Denial {
        kind,
        rule: limit.rule.clone(),
        rule_name: Arc::clone(&limit.rule_name),
        reason,
        retry_after: exhausted.retry_after,
        remaining: exhausted.remaining,
        policy,
        next,
    })
}

/// What the caller is told when a person cannot be asked, or said no.
fn why_not(ask: &Ask, standing: &Standing) -> (String, NextStep) {
    match standing {
        Standing::Refused { by } => (format!("{by} refused this call"), NextStep::Stop),
        Standing::TooMany => {
            ("too many questions are waiting for a person already".to_owned(), NextStep::Wait)
        }
        Standing::Dismissed => {
            (format!("{}; the question was closed without an answer", clause(&ask.reason)), NextStep::Ask)
        }
        Standing::Stale => (STALE.to_owned(), NextStep::Ask),
        Standing::Nobody => {
            (format!("{}; there is no way to ask anybody from here", clause(&ask.reason)), NextStep::Stop)
        }
        Standing::Granted(_) | Standing::Open(_) | Standing::Pending { .. } => {
            (ask.reason.clone(), NextStep::Ask)
        }
    }
}

/// A sentence of the policy that more is said after.
fn clause(sentence: &str) -> &str {
    sentence.trim_end().trim_end_matches('.')
}

/// What stands in the way of an answer that comes too late, twice, or for something else.
const STALE: &str = "the answer does not fit: it is for another call, came too late or was used already, or the \
     records were changed meanwhile; call again without it";

/// The denial of a call that needs an approval it does not have.
fn unanswered(ask: &Ask, reason: String, next: NextStep) -> Box<Denial> {
    let rule = ask.rule();
    Box::new(Denial {
        kind: DenialKind::NeedsApproval,
        rule_name: Arc::clone(&rule.0),
        rule,
        reason,
        retry_after: None,
        remaining: Vec::new(),
        policy: ask.policy.clone(),
        next,
    })
}

/// The denial of a call whose approval another call used while this one was on its way.
pub(super) fn used_meanwhile(permit: &Permit) -> Box<Denial> {
    Box::new(Denial {
        kind: DenialKind::NeedsApproval,
        rule_name: Arc::clone(&permit.rule().0),
        rule: permit.rule().clone(),
        reason: "the approval was used, taken back or ran out meanwhile".to_owned(),
        retry_after: None,
        remaining: Vec::new(),
        policy: permit.policy().clone(),
        next: NextStep::Ask,
    })
}
