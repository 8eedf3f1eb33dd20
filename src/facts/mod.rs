//! The nouns everyone shares: who calls, which tool, and what the call will do.
//!
//! Nothing here reaches outside; a type in this room has a meaning and a text form, no behaviour.

mod connection;
mod effect;
mod hex;
mod names;
mod secret;
mod strict_json;
mod suggest;

use std::sync::Arc;

pub use connection::{Credential, Definition, Limits, Origin, Pin, Protocol, SecretSource, Trust};
pub use effect::{ConnectionChange, Effect, Operation, RecordEffect};
pub use hex::{from_hex, hex};
pub use names::{ConnectionAlias, FieldName, GrantName, MethodName, ModelName, NameError, UserName};
pub use secret::Secret;
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
    /// What the client calls itself; information for the log, never a ground for a decision.
    pub client: Option<Arc<str>>,
}

impl Caller {
    /// The caller of a local process: standard input and output, or the command line.
    pub fn local(arrived_by: Arrival) -> Self {
        Self { user: UserName::local(), grant: GrantName::local(), arrived_by, client: None }
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
    pub arguments: Arc<JsonObject>,
    pub effects: Arc<[Effect]>,
    pub at: jiff::Timestamp,
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
