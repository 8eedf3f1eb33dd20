//! What all tools of the ledger need: the ledger, whose rows, and times of a caller.

use std::sync::Arc;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::{ConnectionAlias, ConnectionChange, Effect},
    tools::{CallContext, ToolError},
    usage::{Source, StateFilter, Tenant, UsageLedger},
};

/// The rows of a tenant belong to its connection: whoever may look at the one may look at the others.
pub(super) fn looks_at(connection: &ConnectionAlias) -> Effect {
    Effect::Connection { connection: connection.clone(), change: ConnectionChange::Inspect }
}

/// The ledger and the tenant of the connection. Nothing is sent.
pub(super) fn ledger_of(
    cx: &CallContext<'_>,
    connection: &ConnectionAlias,
    tenant_code: &str,
) -> Result<(Arc<UsageLedger>, Tenant), ToolError> {
    let ledger = cx.helpers().usage.clone().ok_or_else(|| ToolError::Stopped {
        code: "usage_ledger",
        message: "there is no usage ledger here".to_owned(),
        hint: None,
    })?;
    let tenant = ledger.tenant(&cx.connections().definition(connection)?);
    tenant.must_be(tenant_code)?;
    Ok((ledger, tenant))
}

/// The zone of an argument, or the one of the settings.
pub(super) fn zone(given: &str, ledger: &UsageLedger) -> Result<TimeZone, ToolError> {
    if given.is_empty() {
        return Ok(ledger.time_zone().clone());
    }
    TimeZone::get(given).map_err(|_| {
        let shown: String = given.chars().take(ZONE_CHARS_SHOWN).collect();
        ToolError::arguments(format!("`{shown}` is no time zone; write one such as `Europe/Sofia`"))
    })
}

const ZONE_CHARS_SHOWN: usize = 60;

/// States as arguments have them; empty means all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StateArgument {
    #[default]
    #[serde(rename = "")]
    All,
    Success,
    Error,
    Cached,
    Skipped,
    Lost,
}

impl StateArgument {
    pub(super) fn filter(self) -> Option<StateFilter> {
        match self {
            Self::All => None,
            Self::Success => Some(StateFilter::Success),
            Self::Error => Some(StateFilter::Error),
            Self::Cached => Some(StateFilter::Cached),
            Self::Skipped => Some(StateFilter::Skipped),
            Self::Lost => Some(StateFilter::Lost),
        }
    }
}

/// Sources as arguments have them; empty means all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SourceArgument {
    #[default]
    #[serde(rename = "")]
    All,
    Upload,
    Gmail,
    Terminal,
    Api,
    Force,
}

impl SourceArgument {
    pub(super) fn filter(self) -> Option<Source> {
        match self {
            Self::All => None,
            Self::Upload => Some(Source::Upload),
            Self::Gmail => Some(Source::Gmail),
            Self::Terminal => Some(Source::Terminal),
            Self::Api => Some(Source::Api),
            Self::Force => Some(Source::Force),
        }
    }
}

/// Odoo numbers records from 1; 0 and absent mean any.
pub(super) fn any_or(id: i64) -> Option<i64> {
    (id != 0).then_some(id)
}
