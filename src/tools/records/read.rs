//! Tools that only look.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, MethodName, ModelName, Operation, RecordEffect, Risk},
    odoo::{Call, Domain},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<SearchCount>()];

/// Arguments of `odoo_search_count`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SearchCount {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Odoo search domain, such as `[["is_company", "=", true]]`; empty means every record.
    #[serde(default)]
    domain: Domain,
}

/// Result of `odoo_search_count`.
#[derive(Debug, Serialize, JsonSchema)]
struct Count {
    /// Records that match.
    count: u64,
}

impl Tool for SearchCount {
    const NAME: &'static str = "odoo_search_count";
    const TITLE: &'static str = "Count records";
    const DESCRIPTION: &'static str = "Count the records of a model that match a domain.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Count;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let effect = RecordEffect::new(
            &self.connection,
            &self.model,
            Operation::Read,
            MethodName::known("search_count"),
        )
        .filtering(self.domain.paths());
        vec![Effect::Records(effect)]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Count, ToolError> {
        let odoo = cx.odoo(&self.connection)?;
        let call =
            Call::new(&self.model, MethodName::known("search_count")).arg("domain", self.domain.into());
        let count = odoo.call(call).await?.as_u64().unwrap_or_default();
        Ok(Count { count })
    }
}
