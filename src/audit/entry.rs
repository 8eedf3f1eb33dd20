//! The two lines of a call.

use serde::Serialize;

use crate::{
    facts::{Approval, Caller, Effect, JsonObject},
    policy::RuleId,
};

/// The line before a call: who wants what, and what was decided.
#[derive(Debug, Serialize)]
pub struct Opening<'a> {
    pub call: &'a str,
    pub at: jiff::Timestamp,
    #[serde(serialize_with = "caller_line")]
    pub caller: &'a Caller,
    pub tool: &'a str,
    pub class: &'a str,
    pub effects: &'a [Effect],
    /// What the caller sent; the line holds a keyed digest of it.
    #[serde(skip)]
    pub arguments: &'a JsonObject,
    /// `allow`, `deny` or `ask`.
    pub decision: &'a str,
    pub rule: &'a str,
    pub policy: &'a str,
    /// Rules in shadow that would have refused or asked.
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "rules")]
    pub would_deny: &'a [RuleId],
    /// The approval that this call uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<&'a Approval>,
    /// The facts that rules looked at.
    #[serde(skip_serializing_if = "JsonObject::is_empty")]
    pub facts: &'a JsonObject,
}

/// The line after it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Closing<'a> {
    pub outcome: CallOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    pub duration_us: u64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    Done,
    Denied,
    /// A person is asked; nothing was done.
    Asked,
    /// Odoo or a check of ours said no; nothing was changed.
    Rejected,
    NotSent,
    Unknown,
    Cancelled,
    Failed,
    /// The process let go of the call without closing it.
    Abandoned,
}

fn caller_line<S: serde::Serializer>(caller: &Caller, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap as _;
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("user", &caller.user)?;
    map.serialize_entry("grant", &caller.grant)?;
    map.serialize_entry("by", caller.arrived_by.as_str())?;
    if let Some(client) = &caller.client {
        map.serialize_entry("client", client)?;
    }
    map.end()
}

fn rules<S: serde::Serializer>(rules: &&[RuleId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rules.iter().map(|rule| &*rule.0))
}
