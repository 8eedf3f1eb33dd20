//! Forgetting a connection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, ConnectionChange, Effect, Risk},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Disconnect>()];

/// Arguments of `odoo_disconnect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Disconnect {
    /// The connection to forget.
    #[serde(default = "ConnectionAlias::default_alias")]
    alias: ConnectionAlias,
}

/// Result of `odoo_disconnect`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// Always `removed`; an unknown alias is an error.
    status: &'static str,
    /// The connection that was forgotten.
    alias: ConnectionAlias,
    /// Connections that remain.
    remaining: Vec<ConnectionAlias>,
}

impl Tool for Disconnect {
    const NAME: &'static str = "odoo_disconnect";
    const TITLE: &'static str = "Forget a connection";
    const DESCRIPTION: &'static str = "Forget a saved connection: its secret, its pinned key and its session \
         are gone, in every process that shares the state directory. Connections of the settings or the \
         environment cannot be removed.";
    const CLASS: Class = Class::Destructive;
    const RISK: Risk = Risk::Critical;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Connection { connection: self.alias.clone(), change: ConnectionChange::Disconnect }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let remaining = cx.connections().disconnect(&self.alias).await?;
        Ok(Answer { status: "removed", alias: self.alias, remaining })
    }
}
