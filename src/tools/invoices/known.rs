//! What the tools that look at bills share: whose ledger it is, and what it knows.

use std::collections::BTreeMap;

use crate::{
    config::InvoiceSettings,
    invoices::inspect::History,
    odoo::PermittedOdoo,
    tools::{CallContext, ToolError},
    usage::Tenant,
};

/// A smaller picture is a logo and no bill, for the pipeline and for those who look at what it will do.
pub(super) fn picture_bytes_min(cx: &CallContext<'_>) -> u64 {
    let engine = cx.helpers().invoices.as_ref();
    engine.map_or_else(
        || InvoiceSettings::default().image_bytes_min,
        |engine| engine.settings().image_bytes_min,
    )
}

/// The tenant of a connection. A caller that names another one is refused before anything is read.
pub(super) fn tenant(
    cx: &CallContext<'_>,
    odoo: &PermittedOdoo<'_>,
    given: &str,
) -> Result<Tenant, ToolError> {
    let tenant = match &cx.helpers().usage {
        Some(ledger) => ledger.tenant(odoo.definition()),
        None => Tenant::of(odoo.definition()),
    };
    tenant.must_be(given).map_err(ToolError::from)?;
    Ok(tenant)
}

/// What the ledger knows of these bills, with one query; nothing where there is no ledger.
pub(super) async fn histories(
    cx: &CallContext<'_>,
    tenant: &Tenant,
    bills: &[i64],
) -> Result<Option<BTreeMap<i64, History>>, ToolError> {
    let Some(ledger) = &cx.helpers().usage else { return Ok(None) };
    let rows = ledger.calls_of_moves(tenant, bills).await.map_err(ToolError::from)?;
    Ok(Some(History::by_bill(rows)))
}
