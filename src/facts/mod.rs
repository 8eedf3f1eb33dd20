//! The nouns everyone shares: who calls, which tool, and what the call will do.
//!
//! Nothing here reaches outside; a type in this room has a meaning and a text form, no behaviour.

mod connection;
mod currencies;
mod decimal;
mod domain;
mod effect;
mod hex;
mod names;
mod operation;
mod own;
mod plugin_requests;
mod scopes;
mod secret;
mod steps;
mod strict_json;
mod suggest;

use std::sync::Arc;

pub use connection::{Credential, Definition, Limits, Origin, Pin, Protocol, SecretSource, Trust};
pub use currencies::{Currencies, CurrencyTable};
pub use decimal::{Decimal, DecimalError};
pub use domain::DOMAIN_OPERATORS;
pub use effect::{ConnectionChange, Effect, FieldUse, Part, RecordEffect, Use};
pub use hex::{from_hex, hex};
pub use names::{ConnectionAlias, FieldName, GrantName, MethodName, ModelName, NameError, UserName};
pub use operation::Operation;
pub use own::{MemoryArea, MemoryChange, OwnChange};
pub use plugin_requests::{Noted, PluginRequest, PluginRequests};
pub use scopes::{Role, Scope, Scopes};
pub use secret::Secret;
pub use steps::{LocalStep, StepsAsked};
pub use strict_json::{StrictJsonError, check_strict_json};
pub use suggest::{nearest, within_distance};

/// A JSON object: the arguments of a call, a record, a set of values.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;

/// Who is calling. A value passed along every call, never a global.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The person or account behind the call.
    pub user: UserName,
    /// The grant whose rules and counters apply.
    pub grant: GrantName,
    /// How the call came in.
    pub arrived_by: Arrival,
    /// What the client calls itself. Rules may count by it; it proves nothing.
    pub client: Option<Arc<str>>,
    /// Groups of the user, as the identity provider names them.
    pub groups: Arc<[Arc<str>]>,
    /// What the token behind the call may be used for at most.
    pub scopes: Scopes,
    /// What the user is on this server.
    pub role: Role,
}

impl Caller {
    /// The caller of a local process: standard input and output, or the command line.
    pub fn local(arrived_by: Arrival) -> Self {
        Self {
            user: UserName::local(),
            grant: GrantName::local(),
            arrived_by,
            client: None,
            groups: Arc::default(),
            scopes: Scopes::ALL,
            role: Role::Owner,
        }
    }

    /// May look after what all share: mend and delete shared texts of others, let people in?
    pub fn is_steward(&self) -> bool {
        matches!(self.role, Role::Owner | Role::Operator)
    }
}

/// The door a call came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// A client that started this process.
    Stdio,
    /// A client on the network.
    Http,
    /// `odoo-mcp call`, the tour, the doctor.
    CommandLine,
}

impl Arrival {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::CommandLine => "command_line",
        }
    }
}

/// What a call does, in the words of the policy file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Read,
    Write,
    Execute,
    Destructive,
    Financial,
    Other,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
            Self::Destructive => "destructive",
            Self::Financial => "financial",
            Self::Other => "other",
        }
    }
}

/// How bad a misuse would be, as people are shown it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}

impl Risk {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a tool says of itself, whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolFacts {
    pub name: &'static str,
    pub family: &'static str,
    pub class: Class,
    pub risk: Risk,
}

/// Everything a rule may look at. What is not here cannot sway a decision.
#[derive(Clone)]
pub struct CallFacts {
    pub caller: Caller,
    pub tool: ToolFacts,
    /// The class of this very call: a dry run of a delete only reads.
    pub class: Class,
    /// A rehearsal: nothing will be changed.
    pub dry_run: bool,
    /// What the caller sent, with the tool's defaults filled in.
    pub arguments: Arc<JsonObject>,
    pub effects: Arc<[Effect]>,
    pub at: jiff::Timestamp,
    /// What was found out on the policy's request. Empty on the first asking.
    pub found: Found,
}

/// Facts that cost something and are gathered only when a decision needs them.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Aliases that the caller alone uses: somebody else's connection may be called the same.
    pub own_connections: Arc<[ConnectionAlias]>,
    /// The effects were unfolded with the field definitions of the connection.
    pub unfolded: bool,
    /// Answers to the policy's questions about records, in the order it asked them.
    pub records: Option<Arc<[RecordAnswer]>>,
    /// What ids of currencies and companies mean on the connections of the call.
    pub currencies: Option<Arc<Currencies>>,
    /// A person approved exactly this call.
    pub approval: Option<Approval>,
    /// Somebody or a breaker stopped this caller.
    pub pause: Option<Pause>,
}

/// Are the records that a call names within the domain the policy sets for them?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordAnswer {
    AllWithin,
    SomeOutside,
}

/// A valid approval of this very call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Approval {
    pub id: Arc<str>,
    /// Who said yes.
    pub by: Arc<str>,
}

/// Why a caller may do nothing for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The breaker's rule, or `/pause` where a person did it.
    pub rule: Arc<str>,
    pub reason: Arc<str>,
    /// Until then; without end where a person has to lift it.
    pub until: Option<jiff::Timestamp>,
}

/// Names of arguments, never their values: one of them may be a password.
impl std::fmt::Debug for CallFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallFacts")
            .field("caller", &self.caller)
            .field("tool", &self.tool)
            .field("class", &self.class)
            .field("arguments", &self.arguments.keys().collect::<Vec<_>>())
            .field("effects", &self.effects)
            .field("at", &self.at)
            .finish()
    }
}
