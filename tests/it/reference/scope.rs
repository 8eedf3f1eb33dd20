//! Record scope: what values prove of a domain. Three outcomes over the generator's domains.

use serde_json::Value;

use super::{
    look::{entries, list, text},
    truth::scaled,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Yes,
    No,
    Unknown,
}

use Proof::{No, Unknown, Yes};

/// The domain of a rule for an operation, with its place. What executing and mailing do is not known,
/// so they keep to what may be written.
pub(super) fn domain<'a>(at: &str, rule: &'a Value, op: &str) -> Option<(String, &'a [Value])> {
    let (place, domain): (String, &[Value]) = match rule.get("domain")? {
        Value::Array(domain) => (format!("{at}/domain"), domain),
        by_op => {
            let key = match op {
                "execute" | "mail" => "write",
                "report" => "read",
                op => op,
            };
            (format!("{at}/domain/{key}"), by_op.get(key)?.as_array()?)
        }
    };
    // All records are within an empty domain.
    (!domain.is_empty()).then_some((place, domain))
}

/// Do the values of every new record prove it?
pub(super) fn proves(domain: &[Value], values: &[Value]) -> bool {
    let nothing = [Value::Object(serde_json::Map::new())];
    let values = if values.is_empty() { &nothing } else { values };
    values.iter().all(|values| of(&tree(domain), values) == Yes)
}

/// Does a record stay within? A part that mentions no written field is as it was.
pub(super) fn keeps(domain: &[Value], effect: &Value) -> bool {
    let values = list(effect, "values");
    let written = |field: &str| {
        list(effect, "write").iter().any(|name| name == field)
            || values.iter().any(|values| values.get(field).is_some())
    };
    let empty = Value::Object(serde_json::Map::new());
    let each: Vec<&Value> = if values.is_empty() { vec![&empty] } else { values.iter().collect() };
    each.iter().all(|values| stays(&tree(domain), values, &written))
}

fn stays(tree: &Tree<'_>, values: &Value, written: &dyn Fn(&str) -> bool) -> bool {
    if !mentions(tree, written) {
        return true;
    }
    match tree {
        Tree::And(parts) => parts.iter().all(|part| stays(part, values, written)),
        tree => of(tree, values) == Yes,
    }
}

fn mentions(tree: &Tree<'_>, written: &dyn Fn(&str) -> bool) -> bool {
    match tree {
        Tree::Leaf(leaf) => written(leaf[0].as_str().unwrap()),
        Tree::Not(part) => mentions(part, written),
        Tree::And(parts) | Tree::Or(parts) => parts.iter().any(|part| mentions(part, written)),
    }
}

/// Prefix notation as a tree.
#[derive(Debug)]
enum Tree<'a> {
    Leaf(&'a [Value]),
    Not(Box<Tree<'a>>),
    And(Vec<Tree<'a>>),
    Or(Vec<Tree<'a>>),
}

fn tree(domain: &[Value]) -> Tree<'_> {
    let mut rest = domain;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        parts.push(take(&mut rest));
    }
    Tree::And(parts)
}

fn take<'a>(rest: &mut &'a [Value]) -> Tree<'a> {
    let (first, behind) = rest.split_first().unwrap();
    *rest = behind;
    match first {
        Value::Array(leaf) => Tree::Leaf(leaf),
        operator if operator == "!" => Tree::Not(Box::new(take(rest))),
        operator => {
            let parts = vec![take(rest), take(rest)];
            if operator == "|" { Tree::Or(parts) } else { Tree::And(parts) }
        }
    }
}

fn of(tree: &Tree<'_>, values: &Value) -> Proof {
    let each = |parts: &[Tree<'_>]| parts.iter().map(|part| of(part, values)).collect::<Vec<_>>();
    match tree {
        Tree::Leaf(leaf) => {
            let Some(value) = values.get(leaf[0].as_str().unwrap()) else { return Unknown };
            holds(leaf[1].as_str().unwrap(), value, &leaf[2])
        }
        Tree::Not(part) => not(of(part, values)),
        Tree::And(parts) => {
            let found = each(parts);
            if found.contains(&No) {
                No
            } else if found.contains(&Unknown) {
                Unknown
            } else {
                Yes
            }
        }
        Tree::Or(parts) => {
            let found = each(parts);
            if found.contains(&Yes) {
                Yes
            } else if found.contains(&Unknown) {
                Unknown
            } else {
                No
            }
        }
    }
}

fn not(proof: Proof) -> Proof {
    match proof {
        Yes => No,
        No => Yes,
        Unknown => Unknown,
    }
}

fn holds(op: &str, value: &Value, wanted: &Value) -> Proof {
    match op {
        "=" => same(value, wanted),
        "!=" => not(same(value, wanted)),
        "in" | "not in" => {
            let each: Vec<Proof> = wanted.as_array().unwrap().iter().map(|one| same(value, one)).collect();
            let found = if each.contains(&Yes) {
                Yes
            } else if each.contains(&Unknown) {
                Unknown
            } else {
                No
            };
            if op == "in" { found } else { not(found) }
        }
        ">" | "<=" => match (number(value), number(wanted)) {
            (Some(value), Some(wanted)) if (value > wanted) == (op == ">") => Yes,
            (Some(_), Some(_)) => No,
            _ => Unknown,
        },
        // Only the database can tell.
        _ => Unknown,
    }
}

fn number(value: &Value) -> Option<i128> {
    scaled(&value.as_number()?.to_string())
}

/// Odoo's comparison, as far as it can be told: kinds that the field would convert are unknown, and
/// nothing is not the same as zero or as an empty text here, but might be there.
fn same(value: &Value, wanted: &Value) -> Proof {
    let yes = |yes: bool| if yes { Yes } else { No };
    let unset = |value: &Value| matches!(value, Value::Null | Value::Bool(false));
    let might_be_unset = |value: &Value| number(value) == Some(0) || value == "";
    match (value, wanted) {
        (one, other) if unset(one) && unset(other) => Yes,
        (Value::Bool(true), Value::Bool(true)) => Yes,
        (one, other) if unset(one) || unset(other) => {
            let present = if unset(one) { other } else { one };
            if might_be_unset(present) { Unknown } else { No }
        }
        (Value::Number(_), Value::Number(_)) => yes(number(value) == number(wanted)),
        (Value::String(one), Value::String(other)) => yes(one == other),
        _ => Unknown,
    }
}

/// Is there a rule's right to change what a domain would judge? Names of fields with a condition on
/// their value.
pub(super) fn has_value_condition(rule: &Value, field: &str) -> bool {
    entries(rule, "values").any(|(name, _)| name == field)
}

/// Is the read one that is narrowed when it is sent?
pub(super) fn is_narrowed(effect: &Value) -> bool {
    matches!(text(effect, "method"), "read" | "search" | "search_read")
}
