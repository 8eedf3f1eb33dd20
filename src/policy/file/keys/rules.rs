//! The keys of rules for tools: items, conditions, limits, rates, and rules of the older language.

use super::{
    super::shape::{Key, Kind, Shape, optional, required},
    ANY_PATH, CURRENCY, DATE, DECIMAL, MODE, OWN_NAME, PATH, RATE_TEXT, RESULT_PATH, SCOPE, UNIT, WEIGHT,
    WINDOW, ZONE,
    connections::APPROVALS,
};

const REASONS: &[Key] = &[
    optional!("reason", Shape::Text, "What the caller is told."),
    optional!("on_deny", Shape::Text, "The same as `reason`; use one of them."),
];
const ONE_REASON: &[(&str, &str)] = &[("reason", "on_deny")];
const MODES: Shape = Shape::OneOf(std::slice::from_ref(&MODE));
const WINDOWS: Shape = Shape::OneOf(std::slice::from_ref(&WINDOW));
const SCOPES: Shape = Shape::OneOf(std::slice::from_ref(&SCOPE));
const AMOUNT: Shape = Shape::OneOf(&[Shape::Whole(0, u64::MAX), Shape::Form(&DECIMAL)]);
const WEIGHT_FIXED: Shape = Shape::OneOf(&[Shape::Whole(1, u64::MAX), Shape::Form(&DECIMAL)]);
const COUNT_MAX: Shape = Shape::Whole(0, u64::MAX);

pub(crate) static TOOL_RULE: Kind = Kind {
    name: "a rule for a tool",
    about: "`{}` allows the tool. Everything that is written here narrows that.",
    keys: &[TOOL_KEYS, REASONS],
    exactly_one: &[],
    not_together: ONE_REASON,
    needs: &[],
};

const TOOL_KEYS: &[Key] = &[
    optional!(
        "action",
        Shape::Word(&[
            ("allow", "the tool may be called (the default)"),
            ("deny", "the tool is visible and every call is refused"),
            ("require_approval", "a person is asked about every call"),
            ("evaluate", "the same as allow"),
        ]),
        "What happens before anything else is looked at.",
    ),
    optional!("require", ITEMS, "Every item has to hold."),
    optional!("deny_if", ITEMS, "No item may hold."),
    optional!("approve_if", ITEMS, "If any holds, a person is asked."),
    optional!("limits", Shape::List(&Shape::Object(&LIMIT)), "How much in how long."),
    optional!(
        "rate_limit",
        RATE_LIMIT,
        "Calls in a time, the short way: \"10/hour\", or {\"max\": 10, \"window\": 60} in seconds.",
    ),
    optional!(
        "rules",
        Shape::List(&Shape::Object(&INTERCEPT_RULE)),
        "Rules of the older language: all have to pass, and a missing path fails.",
    ),
    optional!("batch", Shape::Object(&BATCH), "The largest size of one call."),
    optional!("redact", Shape::List(&Shape::Form(&RESULT_PATH)), "Places in the result that are masked."),
    optional!("approval", Shape::Object(&APPROVALS), "Overrides `approvals` for this tool."),
    optional!(
        "dry_run",
        Shape::Word(&[
            ("free", "a rehearsal reserves nothing (the default)"),
            ("counted", "a rehearsal counts as a call"),
        ]),
        "Whether rehearsals count.",
    ),
    optional!("mode", MODES, "\"shadow\" only logs what the rule would have done."),
];

pub(super) const ITEMS: Shape = Shape::List(&ONE_ITEM);
const SOME_ITEMS: Shape = Shape::Filled(&ONE_ITEM);
const ONE_ITEM: Shape = Shape::Later(|| &ITEM_SHAPE);
static ITEM_SHAPE: Shape = Shape::OneOf(&[Shape::Form(&PATH), Shape::Object(&ITEM)]);
const RATE_LIMIT: Shape = Shape::OneOf(&[Shape::Form(&RATE_TEXT), Shape::Object(&RATE)]);

pub(crate) static ITEM: Kind = Kind {
    name: "an item",
    about: "A condition, or several joined. A path alone means that it exists.",
    keys: &[ITEM_KEYS, CONDITION_KEYS, REASONS],
    exactly_one: &["path", "conditions", "all", "any", "not"],
    not_together: ONE_REASON,
    needs: &[("path", &["op", "value"])],
};

const ITEM_KEYS: &[Key] = &[
    optional!("conditions", Shape::Filled(&Shape::Object(&CONDITION)), "All of these conditions."),
    optional!("all", SOME_ITEMS, "All of these items."),
    optional!("any", SOME_ITEMS, "At least one of these items."),
    optional!("not", ONE_ITEM, "Not this item."),
    optional!("name", Shape::Form(&OWN_NAME), "A name for the rule, in place of its number."),
    optional!("mode", MODES, "\"shadow\" only logs what the item would have done."),
];

pub(crate) static CONDITION: Kind = Kind {
    name: "a condition",
    about: "What stands at a path, compared with a value.",
    keys: &[CONDITION_KEYS],
    exactly_one: &["path"],
    not_together: &[],
    needs: &[("path", &["op", "value"])],
};

const CONDITION_KEYS: &[Key] = &[
    optional!(
        "path",
        Shape::Form(&PATH),
        "`args.…` is what the caller sent, `odoo.…` the normal form of the Odoo call, `ctx.…` who calls and when.",
    ),
    optional!("op", OPERATORS, "How the two are compared. Nothing is converted: \"1\" is not 1."),
    optional!("value", Shape::Anything, "What it is compared with."),
    optional!(
        "on_missing",
        Shape::Word(&[("deny", "a missing path refuses"), ("pass", "a missing path is let through")]),
        "What happens where the path leads nowhere.",
    ),
];

pub(crate) const OPERATORS: Shape = Shape::Word(&[
    ("eq", "the same"),
    ("neq", "not the same"),
    ("in", "one of a list"),
    ("not_in", "none of a list"),
    ("lt", "less than"),
    ("lte", "less than or equal"),
    ("gt", "greater than"),
    ("gte", "greater than or equal"),
    ("regex", "a regular expression is found in the text"),
    ("contains", "the text or list contains this"),
    ("exists", "the path leads somewhere (true) or nowhere (false)"),
    ("starts_with", "the text begins with this"),
    ("ends_with", "the text ends with this"),
    ("glob", "the text matches a pattern with `*`"),
    ("subset_of", "every element is in a list"),
    ("disjoint", "no element is in a list"),
    ("len_lte", "at most so long"),
    ("len_gte", "at least so long"),
    ("type", "null, boolean, integer, number, string, array or object"),
    ("not_regex", "a regular expression is not found in the text"),
    ("not_contains", "the text or list does not contain this"),
]);

pub(crate) static LIMIT: Kind = Kind {
    name: "a limit",
    about: "At most so much in a window of time.",
    keys: &[LIMIT_KEYS, REASONS],
    exactly_one: &[],
    not_together: &[("reason", "on_deny"), ("increment", "increment_from")],
    needs: &[],
};

const LIMIT_KEYS: &[Key] = &[
    required!("counter", Shape::Form(&OWN_NAME), "A name of its own, or that of a counter under `counters`."),
    optional!("window", WINDOWS, "A calendar window by name, or a number of seconds that slides."),
    required!(
        "max",
        AMOUNT,
        "The most there may be: a whole number, for money also a decimal in a text. 0 denies.",
    ),
    optional!(
        "scope",
        SCOPES,
        "Who shares the counter; several words make one counter for each combination."
    ),
    optional!("increment", WEIGHT_FIXED, "What one call counts; 1 where it is not said."),
    optional!(
        "increment_from",
        Shape::Form(&WEIGHT),
        "Where a call's weight is read: `odoo.count`, `rows`, `bytes`, or the path of an amount.",
    ),
    optional!("unit", Shape::Form(&UNIT), "What is counted."),
    optional!("currency_from", Shape::Form(&PATH), "Where the currency of the amount is read."),
    optional!(
        "rates",
        Shape::Object(&RATES),
        "Rates for amounts in other currencies, which are denied otherwise.",
    ),
    optional!(
        "count",
        Shape::Word(&[
            ("attempts", "every call that was sent (the default for plain counts)"),
            ("effects", "only what may have happened (the default for weighted ones)"),
        ]),
        "What a failed call costs.",
    ),
    optional!(
        "tz",
        Shape::Form(&ZONE),
        "The time zone of a calendar window, such as Europe/Vienna; UTC otherwise.",
    ),
    optional!("name", Shape::Form(&OWN_NAME), "A name for the rule, in place of the counter's."),
    optional!("mode", MODES, "\"shadow\" counts apart and only logs what it would have done."),
];

pub(crate) static RATES: Kind = Kind {
    name: "a table of rates",
    about: "What one unit of another currency is worth in that of the limit, on a day.",
    keys: &[&[
        required!("date", Shape::Form(&DATE), "The day the rates are from."),
        required!("rates", Shape::Map(&CURRENCY, &Shape::Form(&DECIMAL)), "Currency code to rate."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static COUNTER: Kind = Kind {
    name: "a shared counter",
    about: "A counter that limits of several tools name.",
    keys: &[&[
        required!("window", WINDOWS, "A calendar window by name, or a number of seconds that slides."),
        optional!("scope", SCOPES, "Who shares the counter."),
        optional!("unit", Shape::Form(&UNIT), "What is counted."),
        optional!("tz", Shape::Form(&ZONE), "The time zone of a calendar window; UTC otherwise."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static RATE: Kind = Kind {
    name: "a rate",
    about: "At most so many calls in so many seconds.",
    keys: &[&[
        required!("max", COUNT_MAX, "The most calls."),
        required!("window", WINDOWS, "Seconds that slide, or a calendar window by name."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static BATCH: Kind = Kind {
    name: "a batch size",
    about: "The largest size of one call.",
    keys: &[&[
        optional!("ids", COUNT_MAX, "Records named in one call."),
        optional!("values", COUNT_MAX, "Value objects in one call."),
        optional!("rows", COUNT_MAX, "Rows of the result; a call without bound is denied."),
        optional!("bytes", COUNT_MAX, "Bytes of the result."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static INTERCEPT_RULE: Kind = Kind {
    name: "a rule of the older language",
    about: "All conditions have to hold, and a missing path fails.",
    keys: &[INTERCEPT_KEYS, REASONS],
    exactly_one: &[],
    not_together: ONE_REASON,
    needs: &[],
};

const INTERCEPT_KEYS: &[Key] = &[
    optional!("name", Shape::Text, "A name for the rule."),
    optional!(
        "action",
        Shape::Word(&[
            ("evaluate", "the conditions decide (the default)"),
            ("allow", "the same as evaluate"),
            ("deny", "every call is refused"),
            ("require_approval", "a person is asked"),
        ]),
        "What the rule does.",
    ),
    optional!("conditions", Shape::List(&Shape::Object(&INTERCEPT_CONDITION)), "All of these have to hold."),
    optional!("rate_limit", RATE_LIMIT, "Calls in a time: \"10/hour\"."),
    optional!(
        "state",
        Shape::Object(&INTERCEPT_STATE),
        "A counter that conditions read as `state.TOOL.COUNTER`.",
    ),
];

pub(crate) static INTERCEPT_CONDITION: Kind = Kind {
    name: "a condition of the older language",
    about: "What stands at a path, or a counter, compared with a value. A missing path fails.",
    keys: &[&[
        optional!(
            "path",
            Shape::Form(&ANY_PATH),
            "`args.…` is what the caller sent, `state.TOOL.COUNTER` a counter."
        ),
        optional!("op", OPERATORS, "How the two are compared."),
        optional!("value", Shape::Anything, "What it is compared with."),
    ]],
    exactly_one: &["path"],
    not_together: &[],
    needs: &[("path", &["op", "value"])],
};

pub(crate) static INTERCEPT_STATE: Kind = Kind {
    name: "a counter of the older language",
    about: "A counter that conditions read as `state.TOOL.COUNTER`.",
    keys: &[&[
        required!("counter", Shape::Form(&OWN_NAME), "Its name."),
        required!("window", WINDOWS, "A calendar window by name, or a number of seconds that slides."),
        optional!("increment", WEIGHT_FIXED, "What one call counts; 1 where it is not said."),
        optional!("increment_from", Shape::Form(&WEIGHT), "The path of an amount."),
    ]],
    exactly_one: &[],
    not_together: &[("increment", "increment_from")],
    needs: &[],
};
