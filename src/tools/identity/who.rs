//! Who is calling, as this server sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, OwnChange, Risk},
    odoo::OwnRow,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<WhoAmI>(), row::<Identify>()];

/// Arguments of `who_am_i`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WhoAmI {}

/// Arguments of `identify`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Identify {
    /// Taken for compatibility; who you are follows from how you came in.
    name: String,
}

/// Result of `who_am_i`.
#[derive(Debug, Serialize, JsonSchema)]
struct Me {
    /// The person or account behind the call. Memory, files and connections belong to it.
    user: String,
    /// The grant whose rules and counters apply.
    grant: String,
    /// What the user is on this server: `owner`, `operator`, `auditor` or `member`.
    role: &'static str,
    /// What the token may be used for at most.
    scopes: Vec<&'static str>,
    /// Groups of the user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// How the call came in: `stdio`, `http` or `command_line`.
    arrived_by: &'static str,
    /// Your own connections.
    connections: Vec<ConnectionAlias>,
    /// The connection that calls mean when they name none; `default` where you chose none.
    active: ConnectionAlias,
    /// The active connection, where it is one of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_details: Option<OwnRow>,
}

/// Result of `identify`.
#[derive(Debug, Serialize, JsonSchema)]
struct Identified {
    /// `identified`.
    status: &'static str,
    /// The person or account behind the call.
    user: String,
    /// The grant whose rules and counters apply.
    grant: String,
    /// It was proven by a token, or is the owner of this process.
    validated: bool,
    /// Your own connections.
    connections: Vec<ConnectionAlias>,
    /// The connection that calls mean when they name none, where you chose one.
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<ConnectionAlias>,
    /// What to know.
    hint: &'static str,
}

impl Tool for WhoAmI {
    const NAME: &'static str = "who_am_i";
    const TITLE: &'static str = "Who am I";
    const DESCRIPTION: &'static str = "Who this server takes you for: user, grant, role, your own connections and \
         the active one. Never a secret.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Me;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![looks()]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Me, ToolError> {
        let (own, caller) = (cx.connections().own()?, cx.caller());
        let aliases = own.connections.iter().map(|row| row.alias.clone()).collect();
        Ok(Me {
            user: caller.user.as_str().to_owned(),
            grant: caller.grant.as_str().to_owned(),
            role: caller.role.as_str(),
            scopes: caller.scopes.iter().map(crate::facts::Scope::as_str).collect(),
            groups: caller.groups.iter().map(ToString::to_string).collect(),
            arrived_by: caller.arrived_by.as_str(),
            connections: aliases,
            active: own.active.unwrap_or_else(ConnectionAlias::default_alias),
            active_details: own.connections.into_iter().find(|row| row.active),
        })
    }
}

impl Tool for Identify {
    const NAME: &'static str = "identify";
    const TITLE: &'static str = "Identify";
    const DESCRIPTION: &'static str = "Says who you are for this server. It changes nothing: a name in an argument \
         makes nobody somebody else.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Identified;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![looks()]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Identified, ToolError> {
        if self.name.trim().is_empty() {
            return Err(ToolError::arguments("`name` is empty"));
        }
        let (own, caller) = (cx.connections().own()?, cx.caller());
        Ok(Identified {
            status: "identified",
            user: caller.user.as_str().to_owned(),
            grant: caller.grant.as_str().to_owned(),
            validated: true,
            connections: own.connections.into_iter().map(|row| row.alias).collect(),
            active: own.active,
            hint: "who you are follows from how you came in; the name that was given changes nothing",
        })
    }
}

fn looks() -> Effect {
    Effect::Own { connection: None, change: OwnChange::Inspect }
}
