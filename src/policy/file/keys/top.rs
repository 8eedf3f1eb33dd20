//! The keys of the top level and of grants.

use super::{
    super::shape::{Key, Kind, Shape, optional, required},
    ALIAS, DIGEST, GRANT_NAME, MODE, MODELS, OWN_NAME, TOOL, TOOLS,
    connections::{APPROVALS, BREAKER, CONNECTION, ENVIRONMENT, TIME_WINDOW},
    memory::MEMORY,
    models::MODEL,
    rules::{COUNTER, TOOL_RULE},
};

pub(crate) static TOP: Kind = Kind {
    name: "a policy",
    about: "What tools, models and connections callers may use, and how much of them.",
    keys: &[TOP_ONLY, BODY],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

const TOP_ONLY: &[Key] = &[
    optional!("$schema", Shape::Text, "Where an editor finds the schema of this file."),
    required!("version", Shape::Word(&[("1", "the only version")]), "The version of the language: \"1\"."),
    required!("default", DEFAULT, "What happens to tools that no entry lists."),
    optional!(
        "grants",
        Shape::Map(&GRANT_NAME, &Shape::Object(&GRANT)),
        "Rules for single grants. Where this is present, a caller whose grant has no entry is denied.",
    ),
];

pub(crate) static GRANT: Kind = Kind {
    name: "the rules of a grant",
    about: "The same sections as at the top, for callers who hold this grant.",
    keys: &[GRANT_ONLY, BODY],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

const GRANT_ONLY: &[Key] = &[
    optional!(
        "inherit",
        Shape::Flag,
        "true (the default): the top level holds as well. false: this body stands alone.",
    ),
    optional!(
        "default",
        DEFAULT,
        "What happens to tools that no entry lists; needed where `inherit` is false.",
    ),
];

const DEFAULT: Shape = Shape::Word(&[
    ("deny", "tools that no entry lists do not exist for callers"),
    ("allow", "tools that no entry lists may be called"),
]);

const BODY: &[Key] = &[
    optional!(
        "hide",
        Shape::List(&Shape::Form(&TOOLS)),
        "Tools that do not exist for callers. Patterns are possible; \"*\" hides everything.",
    ),
    optional!("all_tools", Shape::Object(&TOOL_RULE), "Holds for every call; lists no tool."),
    optional!(
        "tools",
        Shape::Map(&TOOLS, &Shape::Object(&TOOL_RULE)),
        "Rules by tool. A name or a pattern lists the tool; \"*\" adds rules and lists nothing.",
    ),
    optional!(
        "classes",
        Shape::Object(&CLASSES),
        "Rules by the class that a tool declares; lists the tools."
    ),
    optional!(
        "connections",
        Shape::Map(&ALIAS, &Shape::Object(&CONNECTION)),
        "Rules by connection. Where this is present, a connection without entry is denied; \"*\" opens it.",
    ),
    optional!(
        "environments",
        Shape::Map(&OWN_NAME, &Shape::Object(&ENVIRONMENT)),
        "Rules for the environments that connections name.",
    ),
    optional!(
        "models",
        Shape::Map(&MODELS, &Shape::Object(&MODEL)),
        "Rules by Odoo model. Where this is present, a model without entry is denied; \"*\" opens it.",
    ),
    optional!(
        "memory",
        Shape::Object(&MEMORY),
        "Rules for the memory. What a body does not say of the shared files, it leaves read only.",
    ),
    optional!(
        "counters",
        Shape::Map(&OWN_NAME, &Shape::Object(&COUNTER)),
        "Counters that several tools share.",
    ),
    optional!(
        "time_windows",
        Shape::Map(&OWN_NAME, &Shape::Object(&TIME_WINDOW)),
        "Hours that conditions read as `ctx.time.NAME`.",
    ),
    optional!("approvals", Shape::Object(&APPROVALS), "How a person is asked, and who may answer."),
    optional!(
        "breakers",
        Shape::List(&Shape::Object(&BREAKER)),
        "Pauses callers who are denied, fail or ask too often.",
    ),
    optional!(
        "pins",
        Shape::Map(&TOOL, &Shape::Form(&DIGEST)),
        "Tools by their digest: one that has changed is denied until it is pinned again.",
    ),
    optional!("mode", MODE_OF_ALL, "\"shadow\" only logs what the whole body would have done."),
];

const MODE_OF_ALL: Shape = Shape::OneOf(std::slice::from_ref(&MODE));

pub(crate) static CLASSES: Kind = Kind {
    name: "rules by class",
    about: "One rule for all tools of a class.",
    keys: &[CLASS_KEYS],
    exactly_one: &[],
    not_together: &[],
    needs: &[],
};

const CLASS_KEYS: &[Key] = &[
    optional!("read", Shape::Object(&TOOL_RULE), "Tools that only read."),
    optional!("write", Shape::Object(&TOOL_RULE), "Tools that change records."),
    optional!("execute", Shape::Object(&TOOL_RULE), "Tools that run something."),
    optional!("destructive", Shape::Object(&TOOL_RULE), "Tools whose work cannot be taken back."),
    optional!("financial", Shape::Object(&TOOL_RULE), "Tools that spend or book money."),
    optional!("other", Shape::Object(&TOOL_RULE), "All others."),
];
