//! Which connections there are.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::{Caller, Class, ConnectionChange, Effect, Risk},
    odoo::Overview,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<List>()];

/// Arguments of `odoo_connections`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct List {
    /// Sign in to every connection, all at once, and say which ones work.
    #[serde(default)]
    check: bool,
}

impl Tool for List {
    const NAME: &'static str = "odoo_connections";
    const TITLE: &'static str = "List connections";
    const DESCRIPTION: &'static str = "List the known connections: address, database, user, route, trust and \
         state, never a secret. `check` signs in to each one within ten seconds.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Overview;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::AllConnections { change: ConnectionChange::Inspect }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Overview, ToolError> {
        Ok(cx.connections().overview(self.check).await?)
    }
}
