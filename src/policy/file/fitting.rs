//! Does a condition fit what stands at its path, and can it come out both ways?

use serde_json::Value;

use super::{
    document::{Condition, Op},
    facts_schema::{items, types_of},
    operators::number,
};
use crate::facts::Decimal;

/// A comparison that the argument's own bounds decide already. The file may be older than the bounds,
/// so this is no mistake.
pub(super) fn idle(condition: &Condition, schemas: &[&Value]) -> Option<String> {
    matches!(condition.op, Op::Lt | Op::Lte | Op::Gt | Op::Gte)
        .then(|| out_of_bounds(condition, schemas))
        .flatten()
}

/// What is wrong with a condition over values of these schemas.
pub(super) fn misfit(condition: &Condition, schemas: &[&Value]) -> Option<String> {
    let mut schemas = schemas.to_vec();
    let whole_list = matches!(
        condition.op,
        Op::Exists
            | Op::Contains
            | Op::NotContains
            | Op::SubsetOf
            | Op::Disjoint
            | Op::LenLte
            | Op::LenGte
            | Op::Type
    ) || (matches!(condition.op, Op::Eq | Op::Neq) && condition.value.is_array());
    if !whole_list {
        // A plain path that meets a list looks at its elements.
        for schema in schemas.clone() {
            if types_of(schema).contains(&"array") {
                schemas.extend(items(schema)?);
            }
        }
    }
    let mut types = Vec::new();
    for schema in &schemas {
        let named = types_of(schema);
        if named.is_empty() {
            return None;
        }
        types.extend(named.into_iter().filter(|name| whole_list || *name != "array"));
    }
    let fits = |wanted: &[&str]| types.iter().any(|name| wanted.contains(name));
    let found = || types.join(" or ");
    let unfit = |wanted: &[&str], what: &str| {
        (!fits(wanted))
            .then(|| format!("the operator judges {what}; `{}` is {}", condition.path.text, found()))
    };
    match condition.op {
        Op::Lt | Op::Lte | Op::Gt | Op::Gte => unfit(&["integer", "number"], "numbers"),
        Op::Regex | Op::NotRegex | Op::StartsWith | Op::EndsWith | Op::Glob => unfit(&["string"], "texts"),
        Op::Contains | Op::NotContains => unfit(&["string", "array"], "texts and lists"),
        Op::SubsetOf | Op::Disjoint => unfit(&["array"], "lists"),
        Op::LenLte | Op::LenGte => unfit(&["string", "array"], "texts and lists"),
        Op::Exists => None,
        Op::Type => {
            let wanted = condition.value.as_str()?;
            let possible = types.iter().any(|name| {
                *name == wanted || matches!((*name, wanted), ("integer", "number") | ("number", "integer"))
            });
            (!possible).then(|| format!("this can never be true: `{}` is {}", condition.path.text, found()))
        }
        Op::Eq | Op::Neq => {
            let possible = schemas.iter().any(|schema| may_be(schema, &condition.value));
            (!possible).then(|| never(condition, condition.op == Op::Neq, &found()))
        }
        Op::In | Op::NotIn => {
            let wanted = condition.value.as_array()?;
            let possible = wanted.iter().any(|value| schemas.iter().any(|schema| may_be(schema, value)));
            (!possible).then(|| never(condition, condition.op == Op::NotIn, &found()))
        }
    }
}

fn never(condition: &Condition, negative: bool, found: &str) -> String {
    let outcome = if negative { "false" } else { "true" };
    format!("this can never be {outcome}: `{}` is {found} and never has such a value", condition.path.text)
}

/// May a value of this schema be the same as this one?
fn may_be(schema: &Value, value: &Value) -> bool {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return choices.contains(value);
    }
    types_of(schema).iter().any(|name| match value {
        Value::Null => *name == "null",
        Value::Bool(_) => *name == "boolean",
        Value::Number(number) => {
            *name == "number" || (*name == "integer" && Decimal::of_json(number).is_ok_and(Decimal::is_whole))
        }
        Value::String(_) => *name == "string",
        Value::Array(_) => *name == "array",
        Value::Object(_) => *name == "object",
    })
}

/// Bounds that the argument itself has make some comparisons idle.
fn out_of_bounds(condition: &Condition, schemas: &[&Value]) -> Option<String> {
    let bound = number(&condition.value)?;
    let numeric = |schema: &&&Value| {
        let types = types_of(schema);
        types.contains(&"integer") || types.contains(&"number")
    };
    let numbers: Vec<&&Value> = schemas.iter().filter(numeric).collect();
    let limit = |schema: &Value, key: &str| schema.get(key).and_then(number);
    let least = numbers.iter().map(|schema| limit(schema, "minimum")).min().flatten();
    let most: Option<Vec<Decimal>> = numbers.iter().map(|schema| limit(schema, "maximum")).collect();
    let most = most.and_then(|most| most.into_iter().max());
    let (at_least, at_most) = (
        |than: Decimal| least.is_some_and(|least| least >= than),
        |than: Decimal| most.is_some_and(|most| most <= than),
    );
    let above = |than: Decimal| least.is_some_and(|least| least > than);
    let below = |than: Decimal| most.is_some_and(|most| most < than);
    let outcome = match condition.op {
        Op::Lt if at_least(bound) => "true",
        Op::Lt if below(bound) => "false",
        Op::Lte if above(bound) => "true",
        Op::Lte if at_most(bound) => "false",
        Op::Gt if at_most(bound) => "true",
        Op::Gt if above(bound) => "false",
        Op::Gte if below(bound) => "true",
        Op::Gte if at_least(bound) => "false",
        _ => return None,
    };
    Some(format!("this can never be {outcome}: `{}` has bounds of its own", condition.path.text))
}

/// Two conditions on the same path that cannot both hold.
pub(super) fn contradict(one: &Condition, other: &Condition) -> bool {
    if one.path.text != other.path.text || one.path.text.contains('[') {
        return false;
    }
    let pair = |a: &Condition, b: &Condition| match (a.op, b.op) {
        (Op::Exists, _) if a.value == Value::Bool(false) => {
            b.op != Op::Exists || b.value == Value::Bool(true)
        }
        (Op::Eq, Op::Eq) => !same(&a.value, &b.value),
        (Op::Eq, Op::Neq) => same(&a.value, &b.value),
        (Op::Eq, Op::In) => !among(&a.value, &b.value),
        (Op::Eq, Op::NotIn) => among(&a.value, &b.value),
        (Op::Eq, Op::Lt | Op::Lte | Op::Gt | Op::Gte) => !holds(&a.value, b),
        (Op::Lt | Op::Lte, Op::Gt | Op::Gte) => match (number(&a.value), number(&b.value)) {
            (Some(most), Some(least)) => {
                least > most || (least == most && !(a.op == Op::Lte && b.op == Op::Gte))
            }
            _ => false,
        },
        _ => false,
    };
    pair(one, other) || pair(other, one)
}

/// Two conditions on the same path of which one always holds.
pub(super) fn exhaust(one: &Condition, other: &Condition) -> bool {
    if one.path.text != other.path.text || one.path.text.contains('[') {
        return false;
    }
    let pair = |a: &Condition, b: &Condition| match (a.op, b.op) {
        (Op::Exists, Op::Exists) => a.value != b.value,
        (Op::Eq, Op::Neq) => same(&a.value, &b.value),
        (Op::Eq, Op::NotIn) => {
            b.value.as_array().is_some_and(|list| list.iter().all(|item| same(item, &a.value)))
        }
        (Op::In, Op::Neq) => among(&b.value, &a.value),
        (Op::In, Op::NotIn) => {
            b.value.as_array().is_some_and(|list| list.iter().all(|item| among(item, &a.value)))
        }
        (Op::Lt | Op::Lte, Op::Gt | Op::Gte) => match (number(&a.value), number(&b.value)) {
            (Some(most), Some(least)) => {
                least < most || (least == most && (a.op == Op::Lte || b.op == Op::Gte))
            }
            _ => false,
        },
        _ => false,
    };
    pair(one, other) || pair(other, one)
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => number(one) == number(other),
        _ => one == other,
    }
}

fn among(value: &Value, list: &Value) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|item| same(item, value)))
}

/// Does the very number satisfy a comparison? True where it is no number: that is another matter.
fn holds(value: &Value, condition: &Condition) -> bool {
    let Value::Number(_) = value else { return true };
    let (Some(value), Some(bound)) = (number(value), number(&condition.value)) else { return true };
    match condition.op {
        Op::Lt => value < bound,
        Op::Lte => value <= bound,
        Op::Gt => value > bound,
        Op::Gte => value >= bound,
        _ => true,
    }
}
