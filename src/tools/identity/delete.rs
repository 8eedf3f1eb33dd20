//! Forgetting a connection of the caller's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, OwnChange, Risk},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Delete>()];

/// Arguments of `user_connection_delete`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Delete {
    /// One of your own connections.
    alias: ConnectionAlias,
}

/// Result of `user_connection_delete`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `deleted`.
    status: &'static str,
    /// The connection that was forgotten.
    alias: ConnectionAlias,
    /// Your own connections that remain.
    remaining: Vec<ConnectionAlias>,
}

impl Tool for Delete {
    const NAME: &'static str = "user_connection_delete";
    const TITLE: &'static str = "Forget a connection of your own";
    const DESCRIPTION: &'static str = "Forget a connection of your own: its secret, its pinned key and its sessions \
         are gone with the next call, in every process. It cannot be brought back. Shared connections are not touched.";
    const CLASS: Class = Class::Destructive;
    const RISK: Risk = Risk::Critical;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Own { connection: Some(self.alias.clone()), change: OwnChange::Forget }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let remaining = cx.connections().forget_own(&self.alias).await?;
        Ok(Answer { status: "deleted", alias: self.alias, remaining })
    }
}
