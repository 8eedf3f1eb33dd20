//! Domains of the policy file, compiled: a tree over the values of one record, and the conditions as
//! Odoo takes them.
//!
//! Prefix notation of all versions from 14 on. Deliberately absent: whether the fields exist, which
//! only a server can tell.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::facts::{DOMAIN_OPERATORS, Decimal, FieldName, nearest};

/// Conditions and operators of one domain.
const ITEMS_MAX: usize = 2_000;
/// Prefix operators within each other: Odoo walks them by recursion, and so do we.
const OPERATORS_DEEP_MAX: usize = 100;
const NEAREST_COUNT: usize = 2;

/// A domain: for Odoo, and for judging values.
#[derive(Debug, Clone)]
pub(in crate::policy) struct DomainPlan {
    /// As it is sent; two domains one behind the other are both.
    pub(in crate::policy) sent: Arc<[Value]>,
    pub(in crate::policy) tree: DomainTree,
}

/// What has to be true of a record.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::policy) enum DomainTree {
    Always(bool),
    All(Vec<DomainTree>),
    Any(Vec<DomainTree>),
    Not(Box<DomainTree>),
    /// Something about a field of the record.
    Field {
        name: Box<str>,
        test: DomainTest,
    },
}

/// What a condition asks of the value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::policy) enum DomainTest {
    In {
        values: Box<[DomainValue]>,
        negated: bool,
    },
    Order {
        bound: DomainValue,
        order: DomainOrder,
    },
    /// Only the database can tell: other records, patterns, hierarchies.
    Beyond,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum DomainOrder {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value of a condition. To Odoo `false` and `null` both say that nothing is set.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::policy) enum DomainValue {
    Unset,
    True,
    Number(Decimal),
    Text(Box<str>),
}

impl DomainPlan {
    /// The domain, or why it is none.
    pub(in crate::policy) fn of(items: &[Value]) -> Result<Self, String> {
        if items.len() > ITEMS_MAX {
            return Err(format!("a domain has at most {ITEMS_MAX} conditions and operators"));
        }
        let sent = items.iter().map(normal).collect::<Result<Vec<Value>, String>>()?;
        Ok(Self { tree: tree(&sent)?, sent: sent.into() })
    }

    /// Several domains of which all hold.
    pub(in crate::policy) fn joined<'a>(domains: impl Iterator<Item = &'a Self>) -> Arc<[Value]> {
        domains.flat_map(|domain| domain.sent.iter().cloned()).collect()
    }
}

impl DomainTree {
    /// Is one of these fields part of it?
    pub(in crate::policy) fn mentions(&self, wanted: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Always(_) => false,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.mentions(wanted)),
            Self::Not(part) => part.mentions(wanted),
            Self::Field { name, .. } => wanted(name),
        }
    }
}

impl DomainTree {
    /// The fields of a record that it looks at.
    pub(in crate::policy) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Always(_) => Vec::new(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Not(part) => part.fields(),
            Self::Field { name, .. } => vec![name],
        }
    }
}

/// An item in the one spelling that every version reads.
fn normal(item: &Value) -> Result<Value, String> {
    match item {
        Value::String(operator) if matches!(operator.as_str(), "&" | "|" | "!") => Ok(item.clone()),
        Value::String(operator) => {
            Err(format!("`{operator}` is neither a condition nor one of the operators `&`, `|`, `!`"))
        }
        Value::Bool(always) => Ok(json!([u8::from(*always), "=", 1])),
        Value::Array(parts) => condition(parts),
        _ => Err("a condition is a list such as `[\"company_id\", \"in\", [1, 3]]`".to_owned()),
    }
}

fn condition(parts: &[Value]) -> Result<Value, String> {
    let [left, Value::String(operator), value] = parts else {
        return Err("a condition has three parts: field, operator and value".to_owned());
    };
    let operator = match operator.as_str() {
        "==" => "=",
        "<>" => "!=",
        other => other,
    };
    if !DOMAIN_OPERATORS.contains(&operator) {
        let nearest = nearest(operator, DOMAIN_OPERATORS.iter().copied(), NEAREST_COUNT);
        let hint = nearest.first().map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"));
        return Err(format!("`{operator}` is no domain operator{hint}"));
    }
    match left {
        Value::String(path) if path.split('.').all(|step| FieldName::parse(step).is_ok()) => {}
        Value::Number(number) if matches!(number.as_u64(), Some(0 | 1)) && operator == "=" => {
            if value.as_u64() != Some(1) {
                return Err("without a field only `[1, \"=\", 1]` and `[0, \"=\", 1]` are conditions".into());
            }
        }
        _ => return Err("a condition begins with a field or a dotted path".to_owned()),
    }
    Ok(json!([left, operator, given(operator, value)?]))
}

/// The value of a condition, as every version reads it.
fn given(operator: &str, value: &Value) -> Result<Value, String> {
    let plain = |value: &Value| match value {
        Value::Null => Ok(Value::Bool(false)),
        Value::Array(_) | Value::Object(_) => {
            Err("a condition compares with texts, numbers, true and false".to_owned())
        }
        Value::Number(number) if Decimal::of_json(number).is_err() => {
            Err("a number cannot be held exactly".to_owned())
        }
        plain => Ok(plain.clone()),
    };
    match (operator, value) {
        ("any" | "not any", Value::Array(inner)) => Ok(DomainPlan::of(inner)?.sent.to_vec().into()),
        ("any" | "not any", _) => Err(format!("`{operator}` takes a domain of the other model")),
        ("in" | "not in", Value::String(_) | Value::Number(_)) => Ok(json!([plain(value)?])),
        ("in" | "not in", Value::Bool(_) | Value::Null) => {
            Err(format!("`{operator}` takes a list of values"))
        }
        ("<" | ">" | "<=" | ">=" | "=?", Value::Array(_)) => Err(format!("`{operator}` takes one value")),
        (_, Value::Array(items)) => {
            Ok(items.iter().map(plain).collect::<Result<Vec<Value>, String>>()?.into())
        }
        (_, scalar) => plain(scalar),
    }
}

/// From prefix notation to a tree, read from behind.
fn tree(items: &[Value]) -> Result<DomainTree, String> {
    let mut done: Vec<(DomainTree, usize)> = Vec::new();
    let lacking = |operator: &str| format!("the operator `{operator}` lacks a condition behind it");
    for item in items.iter().rev() {
        let (tree, depth) = match item.as_str() {
            None => (leaf(item), 0),
            Some(operator @ "!") => {
                let (inner, depth) = done.pop().ok_or_else(|| lacking(operator))?;
                (DomainTree::Not(Box::new(inner)), depth + 1)
            }
            Some(operator) => {
                let (one, one_deep) = done.pop().ok_or_else(|| lacking(operator))?;
                let (two, two_deep) = done.pop().ok_or_else(|| lacking(operator))?;
                let parts = vec![one, two];
                let tree = if operator == "|" { DomainTree::Any(parts) } else { DomainTree::All(parts) };
                (tree, one_deep.max(two_deep) + 1)
            }
        };
        if depth > OPERATORS_DEEP_MAX {
            return Err(format!("operators stand more than {OPERATORS_DEEP_MAX} deep within each other"));
        }
        done.push((tree, depth));
    }
    // Conditions without an operator all have to hold.
    Ok(match done.len() {
        0 => DomainTree::Always(true),
        1 => done.pop().map_or(DomainTree::Always(true), |(tree, _)| tree),
        _ => DomainTree::All(done.into_iter().rev().map(|(tree, _)| tree).collect()),
    })
}

fn leaf(condition: &Value) -> DomainTree {
    let parts = condition.as_array().map_or(&[] as &[Value], Vec::as_slice);
    let [left, Value::String(operator), value] = parts else { return DomainTree::Always(false) };
    let Value::String(path) = left else { return DomainTree::Always(left.as_u64() == Some(1)) };
    let (name, dotted) = path.split_once('.').map_or((path.as_str(), false), |(first, _)| (first, true));
    if operator == "=?" && value == &Value::Bool(false) {
        return DomainTree::Always(true);
    }
    let test = if dotted { None } else { test(operator, value) };
    DomainTree::Field { name: Box::from(name), test: test.unwrap_or(DomainTest::Beyond) }
}

/// Nothing where only the database can tell.
fn test(operator: &str, value: &Value) -> Option<DomainTest> {
    let one_of = |negated: bool| {
        let values: Option<Box<[DomainValue]>> = match value {
            Value::Array(items) => items.iter().map(DomainValue::of).collect(),
            scalar => DomainValue::of(scalar).map(|value| Box::from([value])),
        };
        values.map(|values| DomainTest::In { values, negated })
    };
    let order = |order: DomainOrder| DomainValue::of(value).map(|bound| DomainTest::Order { bound, order });
    match operator {
        "=" | "=?" | "in" => one_of(false),
        "!=" | "not in" => one_of(true),
        "<" => order(DomainOrder::Less),
        "<=" => order(DomainOrder::LessOrEqual),
        ">" => order(DomainOrder::Greater),
        ">=" => order(DomainOrder::GreaterOrEqual),
        _ => None,
    }
}

impl DomainValue {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null | Value::Bool(false) => Some(Self::Unset),
            Value::Bool(true) => Some(Self::True),
            Value::Number(number) => Decimal::of_json(number).ok().map(Self::Number),
            Value::String(text) => Some(Self::Text(Box::from(text.as_str()))),
            Value::Array(_) | Value::Object(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    #[track_caller]
    fn check(domain: Value, sent: Result<Value, &str>) {
        let items = domain.as_array().unwrap();
        let found = DomainPlan::of(items).map(|plan| Value::Array(plan.sent.to_vec()));
        match sent {
            Ok(sent) => assert_eq!(found, Ok(sent), "{domain}"),
            Err(part) => {
                let why = found.expect_err(&domain.to_string());
                assert!(why.contains(part), "{domain}: {why}");
            }
        }
    }

    #[test]
    fn every_version_reads_what_is_sent() {
        check(json!([]), Ok(json!([])));
        check(json!([["a", "==", null]]), Ok(json!([["a", "=", false]])));
        check(json!([["a", "<>", 1], true, false]), Ok(json!([["a", "!=", 1], [1, "=", 1], [0, "=", 1]])));
        check(
            json!([["a", "in", 3], ["b", "in", [1, null]]]),
            Ok(json!([["a", "in", [3]], ["b", "in", [1, false]]])),
        );
        check(json!([["a", "any", [["b", "==", 1]]]]), Ok(json!([["a", "any", [["b", "=", 1]]]])));
        check(
            json!(["|", ["a.b", "child_of", 1], "!", [1, "=", 1]]),
            Ok(json!(["|", ["a.b", "child_of", 1], "!", [1, "=", 1]])),
        );
    }

    #[test]
    fn what_odoo_would_bend_is_refused() {
        for (domain, part) in [
            (json!(["a", "=", 1]), "neither a condition"),
            (json!([["a", "="]]), "three parts"),
            (json!([["a", "=", 1, 2]]), "three parts"),
            (json!([["a", 1, 2]]), "three parts"),
            (json!([["a b", "=", 1]]), "begins with a field"),
            (json!([["a..b", "=", 1]]), "begins with a field"),
            (json!([[2, "=", 2]]), "begins with a field"),
            (json!([[1, "=", 2]]), "without a field"),
            (json!([["a", "is", 1]]), "no domain operator"),
            (json!([["a", "any!", []]]), "did you mean `any`"),
            (json!([["a", "any", 1]]), "domain of the other model"),
            (json!([["a", "any", [["b"]]]]), "three parts"),
            (json!([["a", "in", false]]), "list of values"),
            (json!([["a", "<", [1]]]), "takes one value"),
            (json!([["a", "=", {"b": 1}]]), "texts, numbers"),
            (json!([["a", "in", [[1]]]]), "texts, numbers"),
            (json!([["a", "=", 1e300]]), "held exactly"),
            (json!(["&", ["a", "=", 1]]), "lacks a condition"),
            (json!([["a", "=", 1], "!"]), "lacks a condition"),
            (json!([7]), "a condition is a list"),
        ] {
            check(domain, Err(part));
        }
    }

    #[test]
    fn depth_and_size_have_limits() {
        let mut deep = vec![json!("!"); OPERATORS_DEEP_MAX];
        deep.push(json!(["a", "=", 1]));
        assert!(DomainPlan::of(&deep).is_ok());
        deep.insert(0, json!("!"));
        assert!(DomainPlan::of(&deep).unwrap_err().contains("deep"));
        assert!(DomainPlan::of(&vec![json!(["a", "=", 1]); ITEMS_MAX + 1]).unwrap_err().contains("at most"));
    }

    #[test]
    fn two_domains_one_behind_the_other_are_both() {
        let plan = |domain: Value| DomainPlan::of(domain.as_array().unwrap()).unwrap();
        let one = plan(json!(["|", ["a", "=", 1], ["b", "=", 2]]));
        let two = plan(json!([["c", "=", 3], ["d", "=", 4]]));
        let both = DomainPlan::of(&DomainPlan::joined([&one, &two].into_iter())).unwrap();
        let DomainTree::All(parts) = both.tree else { panic!("{both:?}") };
        assert_eq!(parts[0], one.tree);
        assert_eq!(parts[1..], [plan(json!([["c", "=", 3]])).tree, plan(json!([["d", "=", 4]])).tree]);
    }
}
