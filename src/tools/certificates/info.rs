//! What certificate a server shows, and whether the connection trusts it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::{Caller, Class, ConnectionAlias, ConnectionChange, Effect, Risk},
    odoo::CertificateReport,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<CertInfo>()];

/// Arguments of `odoo_cert_info`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CertInfo {
    /// The connection whose server is asked.
    #[serde(default = "ConnectionAlias::default_alias")]
    alias: ConnectionAlias,
}

impl Tool for CertInfo {
    const NAME: &'static str = "odoo_cert_info";
    const TITLE: &'static str = "Show the certificate of a connection";
    const DESCRIPTION: &'static str = "Fetch the certificate that the server of a connection shows now, without \
         sending a credential, and compare it with what the connection trusts: a pinned key, a file of \
         authorities, or the authorities of the system.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = CertificateReport;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Connection { connection: self.alias.clone(), change: ConnectionChange::Inspect }]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<CertificateReport, ToolError> {
        Ok(cx.connections().certificate(&self.alias).await?)
    }
}
