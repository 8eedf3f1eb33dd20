//! What a call costs: which counter, how much of it, and how much there may be.

use std::sync::Arc;

use super::decision::RuleId;
use crate::facts::{ConnectionAlias, Decimal, GrantName, UserName};

/// One counter and what a call adds to it.
#[derive(Debug, Clone)]
pub struct Charge {
    pub limit: Arc<Limit>,
    pub scope: Scope,
    pub amount: Decimal,
}

/// A limit of the policy file, compiled. Everything that does not depend on the call.
#[derive(Debug, PartialEq, Eq)]
pub struct Limit {
    pub counter: CounterId,
    pub max: Decimal,
    pub measure: Measure,
    /// What a failed call costs.
    pub count: Count,
    pub rule: RuleId,
    pub rule_name: Arc<str>,
    pub reason: Option<Arc<str>>,
    /// Evaluated and logged, and charged only to a counter of its own.
    pub shadow: bool,
}

/// Which counter, the caller apart. A change of any member is a new counter; a change of `max` is not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterId {
    /// The body of the policy: empty for the top level, else the grant's name.
    pub body: Arc<str>,
    /// To whom the name belongs: `tools/odoo_write`, `models/sale.order`, `classes/write`, `all_tools`
    /// or `counters` for a declared one.
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    pub window: Window,
    pub scopes: Scopes,
}

/// By what a counter tells callers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Scopes {
    pub grant: bool,
    pub user: bool,
    pub client: bool,
    pub connection: bool,
    pub tool: bool,
}

/// The values of those scopes for one call; what the counter does not tell apart is absent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Scope {
    pub grant: Option<GrantName>,
    pub user: Option<UserName>,
    pub client: Option<Arc<str>>,
    pub connection: Option<ConnectionAlias>,
    pub tool: Option<&'static str>,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Calls, records or an amount: known before the call.
    Stated,
    /// Result rows: the bound before the call, the real number after it.
    Rows,
    /// Result bytes, likewise.
    Bytes,
}

/// What a call that failed costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// Every call that was sent.
    Attempts,
    /// Only what may have happened: a fault that rolled back is given back.
    Effects,
}

/// How a counter forgets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// Calendar windows, in UTC unless a zone is named. A week begins on Monday.
    Calendar { unit: CalendarUnit, zone: Option<Arc<str>> },
    /// The last so many seconds.
    Sliding { seconds: u32 },
}

/// Lengths of calendar windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CalendarUnit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
}
