//! What a decision is: a permit to hold, a denial that names its rule, a question to a person, or a
//! request for facts that cost something.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::charge::Charge;
use super::loaded::Policy;
use crate::facts::{ConnectionAlias, Effect, FieldName, MethodName, ModelName, Operation, Part, ToolFacts};

/// The answer to one call.
#[derive(Debug)]
pub enum Decision {
    Allow(Permit),
    Deny(Box<Denial>),
    /// Nothing refuses the call so far; with these facts the decision is made again, once per kind.
    Needs(Needs),
    /// A person has to agree. With the approval among the facts the decision is made again.
    Ask(Box<Ask>),
}

/// Facts that only Odoo knows.
#[derive(Debug)]
pub enum Needs {
    /// The field definitions: the effects have to be unfolded.
    Definitions,
    /// What ids of currencies and companies mean on these connections, for limits that count money;
    /// asking is only worth it while these charges could be met.
    Currencies { connections: Vec<ConnectionAlias>, charges: Charges },
    /// Whether records are within domains. Answers come in the order of the questions; asking is only
    /// worth it while these charges could be met.
    Records { questions: Vec<RecordQuestion>, charges: Charges },
}

/// Are all these records within this domain, archived ones included?
#[derive(Debug, Clone, PartialEq)]
pub struct RecordQuestion {
    pub connection: ConnectionAlias,
    pub model: ModelName,
    pub ids: Arc<[i64]>,
    /// Conditions in Odoo's prefix notation; several policy bodies are already joined.
    pub domain: Arc<[Value]>,
    pub rule: RuleId,
}

/// What a person would have to agree to, and how they may be asked.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Every rule that asks, the first one first.
    pub rules: Vec<RuleId>,
    pub reason: String,
    pub terms: ApprovalTerms,
    pub effects: Arc<[Effect]>,
    pub policy: PolicyDigest,
    /// What the call would cost; reserved when it runs, not now.
    pub charges: Charges,
}

impl Ask {
    /// The rule that asks first.
    pub fn rule(&self) -> RuleId {
        self.rules.first().cloned().unwrap_or_else(|| RuleId(Arc::from("")))
    }
}

/// How an approval may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalTerms {
    pub ttl: Duration,
    /// Allowed ways, the preferred one first.
    pub modes: Vec<ApprovalMode>,
    /// `user:NAME` or `group:NAME`; empty means anybody who may approve at all.
    pub approvers: Vec<Arc<str>>,
    /// May the person behind the grant approve their own call?
    pub self_approval: bool,
    /// Open questions that one grant may have.
    pub max_pending: u32,
    /// The same question within this time gets the same approval id.
    pub dedupe_window: Duration,
}

/// A way to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApprovalMode {
    /// A page of ours that an approver opens and signs in to.
    Url,
    /// A form in the client. The client could answer by itself, so never for more than writing.
    Form,
    /// The caller gets an id and comes back later; the person uses the command line or the console.
    Console,
}

/// JSON pointer of a rule in the policy file, such as `/tools/odoo_write/limits/0`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(pub Arc<str>);

/// SHA-256 of the policy file, as `sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PolicyDigest(pub Arc<str>);

/// Charges of one call, on the stack for the usual few.
pub type Charges = smallvec::SmallVec<[Charge; 4]>;

/// Proof that the policy said yes. Only `Policy::decide` can make one.
#[derive(Debug)]
pub struct Permit {
    pub(super) policy: Arc<Policy>,
    pub(super) effects: Arc<[Effect]>,
    pub(super) charges: Charges,
    pub(super) rule: RuleId,
    /// Rules in shadow that would have refused or asked.
    pub(super) shadow: Vec<RuleId>,
    /// Which body of the policy stands behind the caller's grant.
    pub(super) body: BodyChoice,
    pub(super) tool: ToolFacts,
}

/// The bodies of a policy that hold for a caller: the top level, a grant's own, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BodyChoice {
    pub(super) top: bool,
    /// Place of the grant's body in the compiled policy.
    pub(super) grant: Option<u32>,
}

impl Permit {
    /// The counters this call has to be charged to, all or none.
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }

    pub fn rule(&self) -> &RuleId {
        &self.rule
    }

    /// The tool that this permit was given to.
    pub fn tool(&self) -> &ToolFacts {
        &self.tool
    }

    pub fn policy(&self) -> &PolicyDigest {
        self.policy.digest()
    }

    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    pub fn shadow(&self) -> &[RuleId] {
        &self.shadow
    }

    /// The conditions that every read of this model is joined with; empty where there are none.
    pub fn read_domains(&self, model: &ModelName) -> Vec<Arc<[Value]>> {
        self.policy.read_domains(self.body, model)
    }

    /// How values of a field come back to this caller.
    pub fn shown(&self, model: &ModelName, field: &FieldName) -> Shown {
        self.policy.shown(self.body, model, field)
    }

    /// Does any rule for this caller touch the values of this model?
    pub fn redacts(&self, model: &ModelName) -> bool {
        self.policy.redacts(self.body, model)
    }

    /// Result paths that the tool's rules mask, such as `records[*].email`.
    pub fn redacted_paths(&self) -> Vec<Arc<str>> {
        self.policy.redacted_paths(self.body, &self.tool)
    }

    /// The denial of an answer that is larger than the smallest batch of bytes lets a call be; `bytes`
    /// is asked only where there is one.
    pub fn too_large(&self, bytes: impl FnOnce() -> u64) -> Option<Box<Denial>> {
        let most = self.policy.bytes_most(self.body, &self.tool, &self.effects)?;
        let size = bytes();
        (size > most.it).then(|| {
            Box::new(Denial {
                kind: DenialKind::Refused,
                rule: most.at.clone(),
                rule_name: Arc::clone(&most.at.0),
                reason: format!("an answer may have {} bytes at most; this one has {size}", most.it),
                retry_after: None,
                remaining: Vec::new(),
                policy: self.policy.digest().clone(),
                next: NextStep::Narrow,
            })
        })
    }

    /// May anything at all happen on this connection?
    pub fn reaches_connection(&self, wanted: &ConnectionAlias) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::Records(records) => records.connection == *wanted,
            Effect::Connection { connection, .. } => connection == wanted,
            Effect::AllConnections { .. } | Effect::Memory { .. } | Effect::Own { .. } => false,
        })
    }

    /// Is this very operation on these very records among the declared effects?
    ///
    /// An effect without ids covers an operation without ids, and reading any row that a
    /// declared search returned; it never covers a change of named records.
    pub fn covers(
        &self,
        connection: &ConnectionAlias,
        model: &ModelName,
        operation: Operation,
        method: &MethodName,
        ids: Option<&[i64]>,
    ) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::Records(declared) => {
                // What hides in a call is done by Odoo; it opens nothing to the tool itself. A change
                // is told by its method: one method may state several operations.
                declared.part != Part::Nested
                    && declared.connection == *connection
                    && declared.model == *model
                    && if operation == Operation::Read {
                        declared.operation == Operation::Read
                    } else {
                        declared.operation != Operation::Read && declared.method == *method
                    }
                    && match (&declared.ids, ids) {
                        (Some(declared), Some(wanted)) => wanted.iter().all(|id| declared.contains(id)),
                        (None, Some(_)) => operation == Operation::Read,
                        // `load` names its records inside its table.
                        (_, None) => {
                            operation == Operation::Read
                                || declared.ids.is_none()
                                || method.as_str() == "load"
                        }
                    }
            }
            Effect::Connection { .. }
            | Effect::AllConnections { .. }
            | Effect::Memory { .. }
            | Effect::Own { .. } => false,
        })
    }
}

/// How the value of a field may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Shown {
    #[default]
    Plain,
    /// A keyed digest, the same for the same value and grant.
    Hash,
    /// The last four characters.
    Last4,
    /// Stars.
    Mask,
    /// Not at all: the field does not exist for this caller.
    Never,
}

/// Why a call may not happen.
#[derive(Debug, Clone)]
pub struct Denial {
    pub kind: DenialKind,
    pub rule: RuleId,
    pub rule_name: Arc<str>,
    pub reason: String,
    pub retry_after: Option<Duration>,
    /// What is left of each counter that had a say.
    pub remaining: Vec<(Arc<str>, String)>,
    pub policy: PolicyDigest,
    pub next: NextStep,
}

/// What the caller gets to know of a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenialKind {
    /// Hidden or not listed: to the caller the tool does not exist.
    Unknown,
    /// Visible and refused.
    Refused,
    /// Refused for now.
    Limited,
    /// The policy names grants, and not this one.
    NoGrant,
    /// A breaker or a person stopped this caller.
    Paused,
    /// The token behind the call is not for calls like this one.
    Scope,
    /// Outside the caller's records: the answer is that of a record that does not exist.
    NotFound,
    /// A field that may not be seen: the answer is that of a field that does not exist.
    UnknownField,
    /// A weight that is negative, missing or not exact.
    BadAmount,
    /// A person has to agree, and nobody can be asked from here.
    NeedsApproval,
}

/// What a caller can do about a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    Wait,
    Ask,
    ChangeArguments,
    Narrow,
    Stop,
}

impl NextStep {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Ask => "ask",
            Self::ChangeArguments => "change_arguments",
            Self::Narrow => "narrow",
            Self::Stop => "stop",
        }
    }
}
