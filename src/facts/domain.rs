//! The operators of Odoo's domains, for everybody who reads one.

/// Operators that Odoo reads from outside; older versions do not know all of them and say so.
pub const DOMAIN_OPERATORS: &[&str] = &[
    "=",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "=?",
    "in",
    "not in",
    "like",
    "not like",
    "ilike",
    "not ilike",
    "=like",
    "not =like",
    "=ilike",
    "not =ilike",
    "child_of",
    "parent_of",
    "any",
    "not any",
];
