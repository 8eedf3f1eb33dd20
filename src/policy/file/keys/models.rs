//! The keys of rules for Odoo models.

use super::{
    super::shape::{Key, Kind, Shape, optional},
    CONTEXT_KEY, FIELD_NAME, FIELDS, METHOD_NAMES, MODE, OWN_NAME,
    rules::{BATCH, ITEMS, LIMIT, OPERATORS},
};

const OPERATIONS: Shape = Shape::Word(&[
    ("read", "reading and searching"),
    ("create", "new records, copies included"),
    ("write", "changing records"),
    ("unlink", "deleting"),
    ("execute", "methods that are none of the others"),
    ("mail", "messages, which also leave the house"),
    ("report", "rendered reports"),
]);
const RIGHT: Shape = Shape::Word(&[("allow", "yes (the default)"), ("deny", "no")]);
const DOMAIN: Shape = Shape::List(&Shape::Anything);
const METHOD_LIST: Shape = Shape::List(&Shape::Form(&METHOD_NAMES));
const MODES: Shape = Shape::OneOf(std::slice::from_ref(&MODE));

pub(crate) static MODEL: Kind = Kind {
    name: "a rule for a model",
    about: "What may be done with records of a model, whatever tool does it.",
    keys: &[MODEL_KEYS],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

const MODEL_KEYS: &[Key] = &[
    optional!("ops", Shape::List(&OPERATIONS), "What may be done; only reading where it is not said."),
    optional!("methods", Shape::Object(&METHODS), "Methods that are none of the known operations."),
    optional!(
        "domain",
        Shape::OneOf(&[DOMAIN, Shape::Object(&DOMAINS)]),
        "Which records: an Odoo domain, for all operations or for each.",
    ),
    optional!(
        "fields",
        Shape::Map(&FIELDS, &Shape::Object(&FIELD)),
        "Rights by field name or pattern; the strictest that fits holds.",
    ),
    optional!("fields_default", RIGHT, "The right for fields that no entry names."),
    optional!(
        "values",
        Shape::Map(&FIELD_NAME, &Shape::Object(&VALUE)),
        "What may be written into a field: a condition without a path.",
    ),
    optional!("batch", Shape::Object(&BATCH), "The largest size of one call."),
    optional!("limits", Shape::List(&Shape::Object(&LIMIT)), "How much in how long."),
    optional!("require", ITEMS, "Every item has to hold."),
    optional!("deny_if", ITEMS, "No item may hold."),
    optional!("approve_if", ITEMS, "If any holds, a person is asked."),
    optional!("context", Shape::List(&Shape::Form(&CONTEXT_KEY)), "Context keys beyond the safe ones."),
    optional!(
        "report",
        Shape::Word(&[
            ("allow", "results that cannot be redacted are let through"),
            ("deny", "they are refused where fields are hidden (the default)"),
        ]),
        "Rendered reports, texts and attachments of a model with hidden fields.",
    ),
    optional!("mode", MODES, "\"shadow\" only logs what the rule would have done."),
];

pub(crate) static METHODS: Kind = Kind {
    name: "rules for methods",
    about: "Methods by name or pattern.",
    keys: &[&[
        optional!("allow", METHOD_LIST, "May be called; without this list no unknown method may."),
        optional!("deny", METHOD_LIST, "May never be called."),
        optional!("approve", METHOD_LIST, "May be called after a person agreed."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static DOMAINS: Kind = Kind {
    name: "domains by operation",
    about: "An Odoo domain for each operation.",
    keys: &[&[
        optional!("read", DOMAIN, "Joined to everything that is read."),
        optional!("write", DOMAIN, "Records that may be changed."),
        optional!("unlink", DOMAIN, "Records that may be deleted."),
        optional!("create", DOMAIN, "What the values of a new record have to prove."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static FIELD: Kind = Kind {
    name: "rights of a field",
    about: "How a field may be read, written and searched by.",
    keys: &[&[
        optional!(
            "read",
            Shape::Word(&[
                ("allow", "as it is (the default)"),
                ("deny", "the field does not exist for the caller"),
                ("mask", "stars in place of the value"),
                ("hash", "a keyed digest, the same for the same value and grant"),
                ("last4", "the last four characters"),
            ]),
            "How the value comes back. Anything but \"allow\" also closes searching by it.",
        ),
        optional!("write", RIGHT, "Whether it may be written."),
        optional!("filter", RIGHT, "Whether records may be searched, sorted and grouped by it."),
    ]],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

pub(crate) static VALUE: Kind = Kind {
    name: "a condition on a value",
    about: "What may be written into a field.",
    keys: &[VALUE_KEYS],
    exactly_one: &["op"],
    not_together: &[("reason", "on_deny")],
    needs: &[("op", &["value"])],
};

const VALUE_KEYS: &[Key] = &[
    optional!("op", OPERATORS, "How the two are compared."),
    optional!("value", Shape::Anything, "What it is compared with."),
    optional!(
        "on_missing",
        Shape::Word(&[("deny", "a missing value refuses"), ("pass", "a missing value is let through")]),
        "What happens where nothing is there.",
    ),
    optional!("name", Shape::Form(&OWN_NAME), "A name for the rule."),
    optional!("mode", MODES, "\"shadow\" only logs what the rule would have done."),
    optional!("reason", Shape::Text, "What the caller is told."),
    optional!("on_deny", Shape::Text, "The same as `reason`; use one of them."),
];
