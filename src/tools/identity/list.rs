//! The caller's own connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, OwnChange, Risk},
    odoo::OwnRow,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<List>()];

/// Arguments of `user_connection_list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct List {}

/// Result of `user_connection_list`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// Whose they are.
    user: String,
    /// Your own connections, sorted by alias.
    connections: Vec<OwnRow>,
    /// The connection that calls mean when they name none, where you chose one.
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<ConnectionAlias>,
}

impl Tool for List {
    const NAME: &'static str = "user_connection_list";
    const TITLE: &'static str = "List your own connections";
    const DESCRIPTION: &'static str = "List the connections that are yours alone: address, database, user and \
         which one is active, never a secret. Shared ones are in `odoo_connections`.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Own { connection: None, change: OwnChange::Inspect }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let own = cx.connections().own()?;
        let user = cx.caller().user.as_str().to_owned();
        Ok(Answer { user, connections: own.connections, active: own.active })
    }
}
