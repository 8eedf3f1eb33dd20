//! Which connection calls mean when they name none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, OwnChange, Risk},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Activate>()];

/// Arguments of `user_connection_activate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Activate {
    /// One of your own connections, or a shared one such as `default`.
    alias: ConnectionAlias,
}

/// Result of `user_connection_activate`.
#[derive(Debug, Serialize, JsonSchema)]
struct Answer {
    /// `activated`; a connection that cannot sign in is not activated.
    status: &'static str,
    /// The connection that your calls mean from now on when they name none.
    alias: ConnectionAlias,
    /// Id of the user in Odoo.
    uid: i64,
}

impl Tool for Activate {
    const NAME: &'static str = "user_connection_activate";
    const TITLE: &'static str = "Choose your active connection";
    const DESCRIPTION: &'static str = "Make a connection the one that your calls mean when they name none. It has to \
         sign in first. It holds for you alone, in all your sessions, until you choose another.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    const IDEMPOTENT: bool = true;
    type Output = Answer;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Own { connection: Some(self.alias.clone()), change: OwnChange::Activate }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Answer, ToolError> {
        let sign_in = cx.connections().activate_own(&self.alias).await?;
        Ok(Answer { status: "activated", alias: self.alias, uid: sign_in.uid })
    }
}
