//! The corridor every tool call walks, once, top to bottom.

mod after_changes;
mod asking;
mod change;
mod deciding;
mod looking_again;
mod measuring;
mod numbers;
mod page;
mod running;
mod scopes;
mod settling;

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    approvals::{Answer, Approvals, CanAsk, Question},
    audit::{AuditError, AuditLog, CallOutcome, Metrics, OpenEntry, OpenError, Opening},
    config::ToolSettings,
    facts::{CallFacts, Caller, Class, JsonObject, Risk, Scope, ToolFacts, hex},
    files::{CallerFiles, DownloadArea},
    ledger::{End, Settlement},
    metrics::{self, Registry},
    odoo::Connections,
    operator::Pauses,
    policy::{BreakerEvent, Decision, Denial, Permit, Policy, RuleId},
    reply::{self, CallError, Reply},
    store::Cabinet,
    tools::{CallContext, Catalog, Found, Helpers, Progress, ToolError},
    traces,
};
pub use asking::ApprovalNote;
pub use change::PolicyChange;
use deciding::Decided;
pub use deciding::limit_denial;
use measuring::Ending;
pub use numbers::NotReady;
pub use page::PageError;

/// A call as the transport read it.
pub struct RawCall {
    pub tool: String,
    pub arguments: JsonObject,
    pub caller: Caller,
    pub progress: Progress,
    /// Cancelled when the client takes the call back or goes away.
    pub cancelled: CancellationToken,
    /// Which questions the client can show to a person.
    pub can_ask: CanAsk,
    /// The answer to a question that an earlier try of this call led to.
    pub answer: Option<Answer>,
}

/// How far a call got.
#[derive(Debug)]
pub enum Walked {
    Reply(Reply),
    /// Nothing was done yet: a person has to be asked, and then the call is made again with the answer.
    Question(Box<Question>),
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
/// The argument by which tools take a connection.
const CONNECTION: &str = "connection";
/// List changes that a slow subscriber may lag behind before it is told only the newest.
const CHANGES_KEPT: usize = 4;

/// Everything a call passes on its way.
#[derive(Debug)]
pub struct Corridor {
    catalog: Catalog,
    policy: ArcSwap<Policy>,
    audit: AuditLog,
    connections: Arc<Connections>,
    pauses: Arc<Pauses>,
    /// Without them nobody can be asked, and what needs an approval is denied.
    approvals: Option<Approvals>,
    /// The store of shared state, to see whether it answers.
    cabinet: Option<Cabinet>,
    files: DownloadArea,
    settings: ToolSettings,
    helpers: Helpers,
    /// Where browsers are told of changes.
    teller: OnceLock<after_changes::Teller>,
    metrics: Metrics,
    numbers: Arc<Registry>,
    policy_changes: broadcast::Sender<PolicyChange>,
}

/// A call of a name that means nothing to its caller, for the log.
#[derive(Serialize)]
struct UnknownCall<'a> {
    at: jiff::Timestamp,
    user: &'a str,
    grant: &'a str,
    tool: &'a str,
    /// The tool exists; the policy does not show it to this caller.
    hidden: bool,
}

impl Corridor {
    pub fn new(catalog: Catalog, policy: Policy, audit: AuditLog, connections: Arc<Connections>) -> Self {
        let metrics = Metrics::default();
        metrics.policy_loaded(jiff::Timestamp::now());
        let numbers = Arc::new(Registry::new(catalog.all_names()));
        Self {
            catalog,
            policy: ArcSwap::from_pointee(policy),
            audit,
            connections,
            pauses: Arc::new(Pauses::none()),
            approvals: None,
            cabinet: None,
            files: DownloadArea::closed(),
            settings: ToolSettings::default(),
            helpers: Helpers::default(),
            teller: OnceLock::new(),
            metrics,
            numbers,
            policy_changes: broadcast::channel(CHANGES_KEPT).0,
        }
    }

    /// The same under the kill switch of a state directory.
    #[must_use]
    pub fn stopped_by(mut self, pauses: Arc<Pauses>) -> Self {
        self.pauses = pauses;
        self
    }

    /// The same with people who can be asked.
    #[must_use]
    pub fn approved_in(mut self, approvals: Approvals) -> Self {
        self.approvals = Some(approvals);
        self
    }

    /// The same with the store that has to answer before calls are taken.
    #[must_use]
    pub fn keeping_state_in(mut self, cabinet: Cabinet) -> Self {
        self.cabinet = Some(cabinet);
        self
    }

    /// The same with a place for files that are too large for an answer.
    #[must_use]
    pub fn keeping_files_in(mut self, files: DownloadArea) -> Self {
        self.files = files;
        self
    }

    /// The same with what the operator set for single tools.
    #[must_use]
    pub fn with_settings(mut self, settings: ToolSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The same with a language model and a place for drafts.
    #[must_use]
    pub fn helped_by(mut self, helpers: Helpers) -> Self {
        self.helpers = helpers;
        self
    }

    /// What tools need besides Odoo.
    pub fn helpers(&self) -> &Helpers {
        &self.helpers
    }

    /// The files of a caller, for the resources of the protocol.
    pub fn files(&self, caller: &Caller) -> CallerFiles {
        self.files.of(caller)
    }

    /// The approvals that people give.
    pub fn approvals(&self) -> Option<&Approvals> {
        self.approvals.as_ref()
    }

    /// The tools of which this caller could have some call allowed, and whose token is for calls of them,
    /// sorted by name.
    pub fn list(&self, caller: &Caller) -> Vec<Found> {
        let policy = self.policy.load();
        let shown = |found: &Found| {
            let facts = found.facts();
            caller.scopes.contains(Scope::of_tool(&facts)) && policy.might_allow(caller, &facts)
        };
        self.catalog.iter().filter(shown).collect()
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

    pub fn pauses(&self) -> &Arc<Pauses> {
        &self.pauses
    }

    /// What the corridor counts about itself.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The next call walks under the new policy; calls under way keep theirs.
    pub fn replace_policy(&self, policy: Policy) {
        let after = Arc::new(policy);
        let before = self.policy.swap(Arc::clone(&after));
        self.metrics.policy_loaded(jiff::Timestamp::now());
        // Nobody listening is fine.
        let _ = self.policy_changes.send(PolicyChange { before, after });
    }

    /// Fires when another policy came into force; whether somebody's list changed, the change tells.
    pub fn policy_changes(&self) -> broadcast::Receiver<PolicyChange> {
        self.policy_changes.subscribe()
    }

    /// Walks one call for a client that cannot ask anybody.
    pub async fn call(&self, call: RawCall) -> Result<Reply, UnknownTool> {
        let call = RawCall { can_ask: CanAsk::default(), ..call };
        match self.call_asking(call).await? {
            Walked::Reply(reply) => Ok(reply),
            // Not reachable: a client that cannot ask is not given a question.
            Walked::Question(_) => Ok(reply::word(&CallError::Cancelled)),
        }
    }

    /// Walks one call. Everything a model should read is a reply, refusals and failures included.
    pub async fn call_asking(&self, call: RawCall) -> Result<Walked, UnknownTool> {
        let _under_way = self.numbers.call_begins();
        // A walk is a large value; on the heap it is not copied through the stacks of the doors, and
        // without its type the doors do not have to prove anew what may go to another thread.
        let span = self.span_of(&call);
        let walk: BoxFuture<'_, Result<Walked, UnknownTool>> = Box::pin(self.call_measured(call));
        traces::within(span, metrics::in_call(&self.numbers, walk)).await
    }

    async fn call_measured(&self, call: RawCall) -> Result<Walked, UnknownTool> {
        if self.audit.is_away() {
            return Ok(Walked::Reply(reply::word(&CallError::StoreUnreachable)));
        }
        let (began, name) = (Instant::now(), call.tool.clone());
        let policy = self.policy.load_full();
        let found = self.catalog.find(&call.tool);
        if !policy.knows_grant(&call.caller)
            && let Some(refused) = self.no_grant(&policy, &call, found)
        {
            self.count_end(&name, found, Ending::NO_GRANT, began);
            return Ok(refused);
        }
        let shown = found.filter(|tool| policy.might_allow(&call.caller, &tool.facts()));
        let Some(tool) = shown else {
            self.count_end(&name, None, Ending::UNKNOWN, began);
            return Err(self.unknown(&call, found.is_some()));
        };
        let walked = self.walk(&policy, tool, call).await;
        self.count_end(&name, Some(tool), Ending::of(&walked), began);
        match walked {
            Ok(walked) => Ok(walked),
            Err(error) => Ok(Walked::Reply(reply::word(&error))),
        }
    }

    /// A caller whose grant nobody knows is told so, whichever tool they name and however they call it.
    fn no_grant(&self, policy: &Arc<Policy>, call: &RawCall, found: Option<Found>) -> Option<Walked> {
        let nameless = ToolFacts { name: "unknown", family: "", class: Class::Other, risk: Risk::Low };
        let facts = CallFacts {
            caller: call.caller.clone(),
            tool: found.map_or(nameless, |tool| tool.facts()),
            class: Class::Other,
            dry_run: false,
            arguments: Arc::default(),
            effects: Arc::default(),
            at: jiff::Timestamp::now(),
            found: crate::facts::Found::default(),
        };
        let Decision::Deny(denial) = policy.decide(&facts) else { return None };
        self.metrics.decided("deny", &denial.rule.0, None);
        Some(Walked::Reply(reply::word(&self.refuse(policy, &facts, denial))))
    }

    /// Hidden and unknown differ in the log alone.
    fn unknown(&self, call: &RawCall, hidden: bool) -> UnknownTool {
        let name: String = call.tool.chars().take(TOOL_NAME_SHOWN_CHARS_MAX).collect();
        let (at, caller) = (jiff::Timestamp::now(), &call.caller);
        let (user, grant) = (caller.user.as_str(), caller.grant.as_str());
        let noted = self.audit.note_event("unknown", &UnknownCall { at, user, grant, tool: &name, hidden });
        if let Err(error) = noted {
            tracing::error!(%error, "a call of an unknown tool is not in the log");
        }
        self.metrics.decided("unknown", if hidden { "hidden" } else { "" }, None);
        UnknownTool { name }
    }

    /// What is looked for before the line is written, such as an approval or a connection, is away
    /// together with the store.
    fn away_or(&self, error: CallError) -> CallError {
        if self.audit.is_away() { CallError::StoreUnreachable } else { error }
    }

    async fn walk(&self, policy: &Arc<Policy>, tool: Found, mut call: RawCall) -> Result<Walked, CallError> {
        // From here on the caller's own connections are there beside the shared ones, and nobody else's.
        let connections = self.connections.seen_by(&call.caller.user).await;
        let connections =
            connections.map_err(|error| self.away_or(CallError::Tool(ToolError::Odoo(error))))?;
        self.name_connection(&tool, &connections, &mut call.arguments);
        let request = tool.entry.decode(call.arguments.clone()).map_err(CallError::Arguments)?;
        let arguments = Arc::new(self.catalog.as_rules_see(&tool, &call.arguments));
        let mut facts =
            deciding::gather_facts(&call.caller, tool, arguments, request.as_ref(), &self.helpers);
        facts.found.own_connections = connections.own_aliases().into();
        measuring::note_facts(&facts, &connections);

        if let Some(denial) = scopes::beyond(policy, &facts) {
            return Err(self.refuse(policy, &facts, denial));
        }
        let decided = self.decide(policy, &mut facts, &call, &connections).await;
        let (permit, checked) = match decided.map_err(|error| self.away_or(error))? {
            Decided::Allowed(permit, checked) => (permit, checked),
            Decided::Denied(denial) => return Err(self.refuse(policy, &facts, denial)),
            Decided::Question(mut question) => {
                question.text = reply::without_secrets(question.text);
                self.note_question(policy, &facts, &question.rule, BreakerEvent::Asked)?;
                return Ok(Walked::Question(question));
            }
            Decided::Waiting { denial, approval, expires_at, is_new } => {
                // Who keeps coming back is no bother to a person any more, but is one to the corridor.
                let event = if is_new { BreakerEvent::Asked } else { BreakerEvent::Denied };
                self.note_question(policy, &facts, &denial.rule, event)?;
                return Err(CallError::Waiting { denial, approval, expires_at });
            }
        };
        measuring::note_rule(permit.rule());
        let mut entry = self.open(policy, &facts, &permit).await?;
        let approval = facts.found.approval.as_ref();
        if let Some(approval) = approval
            && !self.use_up(approval).await.unwrap_or(false)
        {
            let denial = deciding::used_meanwhile(&permit);
            let closed =
                entry.close(&End::of(Settlement::NotSent), CallOutcome::NotSent, Some("needs_approval"));
            return Err(closed.map_or_else(|error| no_line(&error), |()| CallError::Denied(denial)));
        }
        let logged_as = entry.call().to_owned();
        let cx = CallContext::new(
            &permit,
            &call.caller,
            &connections,
            &self.files,
            &call.progress,
            &self.settings,
        )
        .helped_by(&self.helpers);
        entry.telling(cx.plugin_requests());
        traces::event("running");
        let outcome = running::run_guarded(request, &cx, &call.cancelled).await;
        traces::event("done");
        let outcome = outcome.and_then(|output| running::within_size(&permit, &facts, output));
        if let Some(approval) = approval.filter(|_| settling::was_not_sent(&facts, &outcome)) {
            self.give_back(approval).await;
        }
        self.settle_and_close(entry, &permit, policy, &facts, &outcome);
        if let Some(teller) = self.teller.get().filter(|_| outcome.is_ok() && !facts.dry_run) {
            teller.note(&facts);
        }
        self.look_again(&logged_as, &checked, &facts, &outcome, &connections).await;
        outcome.map(|output| Walked::Reply(reply::shape(output, &permit.redacted_paths())))
    }

    /// A call that names no connection means the one its caller made the active one. It is named before
    /// anything is understood, so that facts, policy and log speak of the one that is used.
    fn name_connection(&self, tool: &Found, connections: &Connections, arguments: &mut JsonObject) {
        let Some(active) = connections.active() else { return };
        let is_named = arguments.get(CONNECTION).is_some_and(|value| !value.is_null());
        if !is_named && self.catalog.takes(tool, CONNECTION) {
            arguments.insert(CONNECTION.to_owned(), active.as_str().into());
        }
    }

    /// Reserves the charges and opens the log entry: from here on the call may run.
    async fn open(
        &self,
        policy: &Policy,
        facts: &CallFacts,
        permit: &Permit,
    ) -> Result<OpenEntry, CallError> {
        let call = new_reference();
        let evidence = policy.evidence(facts);
        let mut opening = opening(facts, &call, "allow", &permit.rule().0, &permit.policy().0, &evidence);
        opening.would_deny = permit.shadow();
        opening.approval = facts.found.approval.as_ref();
        match self.audit.open_call(&opening, permit.charges(), facts.class != Class::Read).await {
            Ok(entry) => Ok(entry),
            Err(OpenError::Exhausted(exhausted)) => {
                let denial = limit_denial(*exhausted, permit.policy().clone());
                self.metrics.decided("limited", &denial.rule.0, None);
                self.numbers.rate_limited();
                Err(self.refuse(policy, facts, denial))
            }
            Err(OpenError::Audit(error)) => Err(no_line(&error)),
        }
    }

    /// A refusal is logged like a call: opened as denied, closed as denied.
    fn refuse(&self, policy: &Policy, facts: &CallFacts, denial: Box<Denial>) -> CallError {
        let call = new_reference();
        let evidence = policy.evidence(facts);
        let error = CallError::Denied(denial);
        let CallError::Denied(denial) = &error else { return error };
        measuring::note_rule(&denial.rule);
        let opening = opening(facts, &call, "deny", &denial.rule.0, &denial.policy.0, &evidence);
        let breakers = policy.breakers_on(facts, BreakerEvent::Denied);
        match self.audit.note_refusal(&opening, CallOutcome::Denied, error.code(), &breakers) {
            Ok(()) => error,
            Err(failure) => no_line(&failure),
        }
    }

    fn note_question(
        &self,
        policy: &Policy,
        facts: &CallFacts,
        rule: &RuleId,
        event: BreakerEvent,
    ) -> Result<(), CallError> {
        measuring::note_rule(rule);
        let call = new_reference();
        let evidence = policy.evidence(facts);
        let opening = opening(facts, &call, "ask", &rule.0, &policy.digest().0, &evidence);
        let breakers = policy.breakers_on(facts, event);
        let noted = self.audit.note_refusal(&opening, CallOutcome::Asked, "needs_approval", &breakers);
        noted.map_err(|error| no_line(&error))
    }
}

fn opening<'a>(
    facts: &'a CallFacts,
    call: &'a str,
    decision: &'a str,
    rule: &'a str,
    policy: &'a str,
    evidence: &'a JsonObject,
) -> Opening<'a> {
    Opening {
        call,
        at: facts.at,
        caller: &facts.caller,
        tool: facts.tool.name,
        class: facts.class.as_str(),
        effects: &facts.effects,
        arguments: &facts.arguments,
        decision,
        rule,
        policy,
        would_deny: &[],
        approval: None,
        facts: evidence,
    }
}

fn no_line(error: &AuditError) -> CallError {
    if error.is_unreachable() {
        tracing::warn!(%error, "no opening line, so no call");
        return CallError::StoreUnreachable;
    }
    let reference = new_reference();
    tracing::error!(%error, %reference, "no opening line, so no call");
    CallError::AuditUnavailable { reference }
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
