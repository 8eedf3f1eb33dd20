//! The document: one struct for each kind of object in the file.
//!
//! Each object remembers where it stood, because every refusal later names that place. What a
//! member means is said at the member; which keys there are, and what they may hold, stands in `keys`.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::{
    facts::{Class, Decimal, MemoryChange, Operation},
    policy::{ApprovalMode, RuleId, Scopes, Window},
};

/// A value and where it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct At<T> {
    pub at: RuleId,
    pub it: T,
}

/// A policy file.
#[derive(Debug, Clone, Default)]
pub struct Document {
    pub top: Body,
    /// `None` where the file does not speak of grants: then every caller walks under the top level.
    pub grants: Option<Vec<GrantBody>>,
    pub approvals: Option<ApprovalRule>,
    pub mode: Mode,
}

/// The rules of the top level, or of a grant.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// `None` only in a grant that inherits: then it adds no restriction of its own here.
    pub default: Option<Default_>,
    pub hide: Vec<At<Pattern>>,
    pub all_tools: Option<ToolRule>,
    /// In file order.
    pub tools: Vec<(Pattern, ToolRule)>,
    pub classes: Vec<(Class, ToolRule)>,
    pub connections: Option<Vec<(Pattern, ConnectionRule)>>,
    pub environments: Vec<(Arc<str>, EnvironmentRule)>,
    pub memory: Option<MemoryRules>,
    pub models: Option<Vec<(Pattern, ModelRule)>>,
    pub counters: Vec<(Arc<str>, CounterRule)>,
    pub time_windows: Vec<(Arc<str>, TimeWindow)>,
    pub breakers: Vec<Breaker>,
    /// Tool name to digest.
    pub pins: Vec<(Arc<str>, At<Arc<str>>)>,
    pub approvals: Option<ApprovalRule>,
    pub mode: Mode,
}

/// What happens to tools that no entry lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default_ {
    Allow,
    Deny,
}

/// A grant's own rules.
#[derive(Debug, Clone)]
pub struct GrantBody {
    pub at: RuleId,
    pub name: Arc<str>,
    /// `true`: intersected with the top level. `false`: stands alone.
    pub inherit: bool,
    pub body: Body,
}

/// Does a rule refuse, or only say what it would have done?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Enforce,
    Shadow,
}

/// A name, or a pattern in which `*` stands for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(pub Arc<str>);

impl Pattern {
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    pub fn is_everything(&self) -> bool {
        &*self.0 == "*"
    }

    pub fn matches(&self, name: &str) -> bool {
        crate::policy::plan::matches_name(&self.0, name)
    }
}

/// A rule for tools.
#[derive(Debug, Clone)]
pub struct ToolRule {
    pub at: RuleId,
    pub action: At<Action>,
    pub reason: Option<Arc<str>>,
    pub require: Vec<Item>,
    pub deny_if: Vec<Item>,
    pub approve_if: Vec<Item>,
    pub limits: Vec<LimitRule>,
    /// `rate_limit`, in the same form.
    pub rate_limit: Option<LimitRule>,
    /// Rules in the older YAML language's meaning: all must pass, a missing path fails.
    pub rules: Vec<InterceptRule>,
    pub batch: Batch,
    /// Result paths to mask.
    pub redact: Vec<At<Path>>,
    pub approval: Option<ApprovalRule>,
    pub dry_run: DryRun,
    pub mode: Mode,
}

/// What a rule says before anything is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    #[default]
    Allow,
    Deny,
    RequireApproval,
}

/// Do rehearsals count?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    #[default]
    Free,
    Counted,
}

/// One item of `require`, `deny_if` or `approve_if`.
#[derive(Debug, Clone)]
pub struct Item {
    pub at: RuleId,
    pub name: Option<Arc<str>>,
    pub reason: Option<Arc<str>>,
    pub on_missing: Option<OnMissing>,
    pub mode: Mode,
    pub test: Test,
}

/// What a missing path means to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissing {
    Deny,
    Pass,
}

/// The test of an item.
#[derive(Debug, Clone)]
pub enum Test {
    Condition(Condition),
    All(Vec<Item>),
    Any(Vec<Item>),
    Not(Box<Item>),
}

/// Path, operator, value.
#[derive(Debug, Clone)]
pub struct Condition {
    pub at: RuleId,
    pub path: Path,
    pub op: Op,
    pub value: Value,
}

/// A path into the facts, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    pub text: Arc<str>,
    pub root: Root,
    pub steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// What the caller sent, with defaults.
    Args,
    /// The normal form of the Odoo call.
    Odoo,
    /// Caller, connection, class, time.
    Ctx,
    /// Counters, in rules of the older language.
    State,
    /// A place in a result, in `redact`.
    Result,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    Key(Arc<str>),
    /// `[*]`: every element has to satisfy.
    Every,
    /// `[?]`: one element has to.
    Some,
}

/// Operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    Eq,
    Neq,
    In,
    NotIn,
    Lt,
    Lte,
    Gt,
    Gte,
    Regex,
    Contains,
    Exists,
    StartsWith,
    EndsWith,
    Glob,
    SubsetOf,
    Disjoint,
    LenLte,
    LenGte,
    Type,
    NotRegex,
    NotContains,
}

/// A limit as written.
#[derive(Debug, Clone)]
pub struct LimitRule {
    pub at: RuleId,
    /// A name of its own, or that of a declared counter.
    pub counter: Arc<str>,
    /// `None` only where a declared counter says it.
    pub window: Option<Window>,
    pub max: Decimal,
    pub scopes: Option<Scopes>,
    /// Fixed weight.
    pub increment: Option<Decimal>,
    pub increment_from: Option<At<Weight>>,
    pub unit: Option<Unit>,
    pub currency_from: Option<At<Path>>,
    pub rates: Option<Rates>,
    pub count: Option<crate::policy::Count>,
    pub reason: Option<Arc<str>>,
    pub name: Option<Arc<str>>,
    pub mode: Mode,
}

/// Where a weight comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weight {
    /// `odoo.count`: records.
    Records,
    Rows,
    Bytes,
    /// An amount among the facts.
    Path(Path),
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    Calls,
    Records,
    Rows,
    Bytes,
    /// A currency code of three letters.
    Money(Arc<str>),
}

/// Exchange rates of one day, as the operator wrote them: one unit of the code is so many of the limit's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    pub date: Arc<str>,
    pub rates: Vec<(Arc<str>, Decimal)>,
}

/// A counter that several tools share.
#[derive(Debug, Clone)]
pub struct CounterRule {
    pub at: RuleId,
    pub window: Window,
    pub scopes: Scopes,
    pub unit: Option<Unit>,
}

/// Largest size of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub ids: Option<At64>,
    /// Value objects in one call.
    pub values: Option<At64>,
    pub rows: Option<At64>,
    pub bytes: Option<At64>,
}

/// A whole number and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At64 {
    pub at: RuleId,
    pub it: u64,
}

/// A rule in the older language.
#[derive(Debug, Clone)]
pub struct InterceptRule {
    pub at: RuleId,
    pub name: Option<Arc<str>>,
    pub action: Action,
    pub conditions: Vec<Condition>,
    pub reason: Option<Arc<str>>,
    pub rate_limit: Option<LimitRule>,
    pub state: Option<InterceptState>,
}

/// A counter that a rule of the older language declares and reads as `state.TOOL.COUNTER`.
#[derive(Debug, Clone)]
pub struct InterceptState {
    pub at: RuleId,
    pub counter: Arc<str>,
    pub window: Window,
    pub increment: Option<Decimal>,
    pub increment_from: Option<At<Weight>>,
}

/// A rule for connections.
#[derive(Debug, Clone)]
pub struct ConnectionRule {
    pub at: RuleId,
    pub environment: Option<At<Arc<str>>>,
    pub mode: Option<At<AccessMode>>,
    /// Ids of companies a call may work in; `None` leaves it to Odoo.
    pub companies: Option<At<Vec<i64>>>,
}

/// Rules for the memory. `None` leaves an area to what is built in.
#[derive(Debug, Clone)]
pub struct MemoryRules {
    pub personal: Option<MemoryRule>,
    pub shared: Option<MemoryRule>,
}

/// A rule for one area of the memory.
#[derive(Debug, Clone)]
pub struct MemoryRule {
    pub at: RuleId,
    pub mode: Option<At<AccessMode>>,
    /// Changes that always ask.
    pub approve: Vec<At<MemoryChange>>,
}

/// A rule for environments.
#[derive(Debug, Clone)]
pub struct EnvironmentRule {
    pub at: RuleId,
    pub mode: Option<At<AccessMode>>,
    /// Operations that always ask.
    pub approve: Vec<At<Operation>>,
    /// The name of a time window outside of which nothing happens.
    pub time: Option<At<Arc<str>>>,
}

/// How far access goes, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AccessMode {
    Off,
    ReadOnly,
    NoDelete,
    #[default]
    Normal,
}

/// A rule for models.
#[derive(Debug, Clone)]
pub struct ModelRule {
    pub at: RuleId,
    pub ops: Vec<Operation>,
    pub methods: Methods,
    pub domain: Domains,
    /// In file order.
    pub fields: Vec<(Pattern, FieldRule)>,
    pub fields_default: Right,
    /// Conditions without a path, on values of create and write.
    pub values: Vec<(Arc<str>, Item)>,
    pub batch: Batch,
    pub limits: Vec<LimitRule>,
    pub approve_if: Vec<Item>,
    pub deny_if: Vec<Item>,
    pub require: Vec<Item>,
    /// Context keys beyond the safe ones.
    pub context: Vec<Arc<str>>,
    /// Results that cannot be redacted are let through all the same.
    pub report_allowed: bool,
    pub mode: Mode,
}

/// Methods that are not a known operation.
#[derive(Debug, Clone, Default)]
pub struct Methods {
    pub allow: Option<Vec<At<Pattern>>>,
    pub deny: Vec<At<Pattern>>,
    pub approve: Vec<At<Pattern>>,
}

/// Odoo domains by operation.
#[derive(Debug, Clone, Default)]
pub struct Domains {
    pub read: Option<At<Arc<[Value]>>>,
    pub write: Option<At<Arc<[Value]>>>,
    pub unlink: Option<At<Arc<[Value]>>>,
    pub create: Option<At<Arc<[Value]>>>,
}

/// A rule for fields.
#[derive(Debug, Clone)]
pub struct FieldRule {
    pub at: RuleId,
    pub read: Option<At<crate::policy::Shown>>,
    pub write: Option<At<Right>>,
    pub filter: Option<At<Right>>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Right {
    #[default]
    Allow,
    Deny,
}

/// Local time in a zone.
#[derive(Debug, Clone)]
pub struct TimeWindow {
    pub at: RuleId,
    pub zone: jiff::tz::TimeZone,
    /// Monday first.
    pub days: [bool; 7],
    pub from: jiff::civil::Time,
    pub to: jiff::civil::Time,
}

/// How approvals are given.
#[derive(Debug, Clone, Default)]
pub struct ApprovalRule {
    pub ttl: Option<Duration>,
    pub modes: Option<Vec<ApprovalMode>>,
    pub approvers: Option<Vec<Arc<str>>>,
    pub self_approval: Option<bool>,
    pub max_pending: Option<u32>,
    pub dedupe_window: Option<Duration>,
}

/// Stops a caller who is refused, fails or asks too often.
#[derive(Debug, Clone)]
pub struct Breaker {
    pub at: RuleId,
    pub on: BreakerEvent,
    pub max: u64,
    pub window_seconds: u32,
    pub scopes: Scopes,
    pub pause_seconds: u32,
}

/// What a breaker counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakerEvent {
    Denied,
    Failed,
    Asked,
}
