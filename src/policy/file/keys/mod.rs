//! All keys of a policy file: what each may hold and what it means.
//!
//! The reader checks with these tables and the schema for editors is made from them.

mod connections;
mod memory;
mod models;
mod rules;
mod top;

pub(super) use connections::{APPROVALS, BREAKER, CONNECTION, ENVIRONMENT, TIME_WINDOW};
pub(super) use memory::{MEMORY, MEMORY_AREA};
pub(super) use models::{DOMAINS, FIELD, METHODS, MODEL, VALUE};
pub(super) use rules::{
    BATCH, CONDITION, COUNTER, INTERCEPT_CONDITION, INTERCEPT_RULE, INTERCEPT_STATE, ITEM, LIMIT, RATE,
    RATES, TOOL_RULE,
};
pub(super) use top::{CLASSES, GRANT, TOP};

use super::{
    limits, path,
    shape::{Form, Shape},
    zone,
};

/// A sliding window is at most a year long.
pub(super) const WINDOW_SECONDS_MAX: u64 = 366 * 86_400;
/// An approval lives at most a day.
pub(super) const APPROVAL_SECONDS_MAX: u64 = 86_400;

pub(super) static TOOL: Form = Form::new("a tool name", r"^[A-Za-z0-9_.-]{1,128}$");
pub(super) static TOOLS: Form =
    Form::new("a tool name or a pattern such as `odoo_*`", r"^[A-Za-z0-9_.*-]{1,128}$");
pub(super) static ALIAS: Form =
    Form::new("a connection alias or a pattern such as `erp-*`", r"^[A-Za-z0-9*][A-Za-z0-9_.*-]{0,63}$");
pub(super) static GRANT_NAME: Form = Form::new("a grant name", r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$");
pub(super) static MODELS: Form =
    Form::new("a model name or a pattern such as `sale.*`", r"^[a-z_*][a-z0-9_.*]{0,127}$");
pub(super) static FIELDS: Form =
    Form::new("a field name or a pattern such as `*bank*`", r"^[A-Za-z_*][A-Za-z0-9_*]{0,127}$");
pub(super) static FIELD_NAME: Form = Form::new("a field name", r"^[A-Za-z_][A-Za-z0-9_]{0,127}$");
pub(super) static METHOD_NAMES: Form =
    Form::new("a public method or a pattern such as `action_*`", r"^[A-Za-z*][A-Za-z0-9_*]{0,127}$");
pub(super) static CONTEXT_KEY: Form = Form::new("a context key", r"^[A-Za-z_][A-Za-z0-9_.]{0,127}$");
/// Names that the file gives to its own things.
pub(super) static OWN_NAME: Form =
    Form::new("a name of 1 to 128 letters, digits, `_`, `-`, `.` or `:`", r"^[A-Za-z0-9_.:-]{1,128}$");
pub(super) static DIGEST: Form = Form::new(
    "a digest as `odoo-mcp policy pin` prints it, `sha256:` and 64 digits",
    r"^sha256:[0-9a-f]{64}$",
);
pub(super) static DECIMAL: Form =
    Form::new("a decimal number in a text, such as \"2500.00\"", r"^[0-9]{1,30}(\.[0-9]{1,18})?$");
pub(super) static UNIT: Form = Form::new(
    "`calls`, `records`, `rows`, `bytes` or `money:` with a currency such as `money:EUR`",
    r"^(calls|records|rows|bytes|money:[A-Z]{3})$",
);
pub(super) static CURRENCY: Form = Form::new("a currency code such as `EUR`", r"^[A-Z]{3}$");
pub(super) static DATE: Form = Form::new("a date such as `2026-11-21`", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
pub(super) static CLOCK: Form =
    Form::new("a time such as `07:00`", r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$");
pub(super) static RATE_TEXT: Form = Form::new(
    "a rate such as \"10/hour\", in second, minute, hour or day",
    r"^[0-9]{1,18}/(second|minute|hour|day)$",
);
pub(super) static APPROVER: Form =
    Form::new("`user:NAME` or `group:NAME`", r"^(user|group):[^\x00-\x1f]{1,128}$");
pub(super) static PATH: Form = Form::reading(
    "a path such as `args.amount`, `odoo.model` or `ctx.user`",
    r"^(args|odoo|ctx)\.[^.]",
    |text| path::read_fact(text).map(drop),
);
/// Rules of the older language also read counters.
pub(super) static ANY_PATH: Form = Form::reading(
    "a path such as `args.amount` or `state.TOOL.COUNTER`",
    r"^(args|odoo|ctx|state)\.[^.]",
    |text| path::read(text).map(drop),
);
pub(super) static RESULT_PATH: Form =
    Form::reading("a path into the result such as `records[*].email`", r"^[^.]", |text| {
        path::read_result(text).map(drop)
    });
pub(super) static ZONE: Form =
    Form::reading("a time zone such as Europe/Vienna", r"^[A-Za-z]", |text| zone::find(text).map(drop));
pub(super) static WEIGHT: Form = Form::reading(
    "`odoo.count`, `rows`, `bytes` or the path of an amount such as `args.amount`",
    r"^(rows|bytes|(args|odoo)\.[^.].*)$",
    |text| limits::weight(text).map(drop),
);

pub(super) const WINDOWS: Shape = Shape::Word(&[
    ("minute", "a calendar minute"),
    ("hour", "a calendar hour"),
    ("day", "a calendar day"),
    ("week", "a calendar week, from Monday"),
    ("month", "a calendar month"),
]);
pub(super) const SECONDS: Shape = Shape::Seconds(1, WINDOW_SECONDS_MAX);
pub(super) static WINDOW: Shape = Shape::OneOf(&[WINDOWS, SECONDS]);
pub(super) static MODE: Shape = Shape::Word(&[
    ("enforce", "the rule holds (the default)"),
    ("shadow", "the rule is evaluated and logged, and changes nothing"),
]);
pub(super) static SCOPE: Shape = Shape::OneOf(&[
    Shape::Word(&[
        ("grant", "one counter for each grant (the default)"),
        ("user", "one for each user"),
        ("client", "one for each client program"),
        ("connection", "one for each connection"),
        ("tool", "one for each tool"),
        ("global", "one for all"),
    ]),
    Shape::Filled(&SCOPE_WORDS),
]);
const SCOPE_WORDS: Shape = Shape::Word(&[
    ("grant", "one counter for each grant (the default)"),
    ("user", "one for each user"),
    ("client", "one for each client program"),
    ("connection", "one for each connection"),
    ("tool", "one for each tool"),
]);
