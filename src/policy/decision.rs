//! What a decision is: a permit to hold, or a denial that names its rule.

use std::{sync::Arc, time::Duration};

use crate::facts::{ConnectionAlias, Effect, ModelName, Operation};

/// The answer to one call.
#[derive(Debug)]
pub enum Decision {
    Allow(Permit),
    Deny(Denial),
}

/// JSON pointer of a rule in the policy file, such as `/tools/odoo_write/limits/0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleId(pub Arc<str>);

/// SHA-256 of the policy file, as `sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDigest(pub Arc<str>);

/// Proof that the policy said yes. Only `Policy::decide` can make one.
#[derive(Debug)]
pub struct Permit {
    effects: Arc<[Effect]>,
    charges: Vec<Charge>,
    rule: RuleId,
    policy: PolicyDigest,
}

impl Permit {
    pub(super) fn new(
        effects: Arc<[Effect]>,
        charges: Vec<Charge>,
        rule: RuleId,
        policy: PolicyDigest,
    ) -> Self {
        Self { effects, charges, rule, policy }
    }

    /// The counters this call has to be charged to, all or none.
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }

    pub fn rule(&self) -> &RuleId {
        &self.rule
    }

    pub fn policy(&self) -> &PolicyDigest {
        &self.policy
    }

    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// May anything at all happen on this connection?
    pub fn reaches_connection(&self, wanted: &ConnectionAlias) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::Records(records) => records.connection == *wanted,
            Effect::Connection { connection, .. } => connection == wanted,
            Effect::AllConnections { .. } => false,
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
        ids: Option<&[i64]>,
    ) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::Records(declared) => {
                declared.connection == *connection
                    && declared.model == *model
                    && declared.operation == operation
                    && match (&declared.ids, ids) {
                        (Some(declared), Some(wanted)) => wanted.iter().all(|id| declared.contains(id)),
                        (None, Some(_)) => operation == Operation::Read,
                        (_, None) => operation == Operation::Read || declared.ids.is_none(),
                    }
            }
            Effect::Connection { .. } | Effect::AllConnections { .. } => false,
        })
    }
}

/// One counter and what a call adds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub counter: CounterId,
    pub window: Window,
    pub max: u64,
    pub rule: RuleId,
    pub rule_name: Arc<str>,
    pub reason: Option<Arc<str>>,
}

/// Which counter: its name belongs to one tool, its value to one grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterId {
    pub tool: Arc<str>,
    pub name: Arc<str>,
    pub window: Window,
    pub grant: Arc<str>,
}

/// How a counter forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// Calendar windows in UTC.
    Minute,
    Hour,
    Day,
    /// The last so many seconds.
    Sliding {
        seconds: u32,
    },
}

impl Window {
    pub fn length_ms(self) -> u64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
            Self::Sliding { seconds } => u64::from(seconds) * 1_000,
        }
    }
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
    pub remaining: Vec<(Arc<str>, u64)>,
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
}

/// What a caller can do about a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    Wait,
    Ask,
    Stop,
}

impl NextStep {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Ask => "ask",
            Self::Stop => "stop",
        }
    }
}
