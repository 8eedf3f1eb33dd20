//! Search domains: from the list on the wire to a condition, with the error texts of each version.
//!
//! Whether a record satisfies a condition is decided in `matching`.

use serde_json::Value;

use super::{
    env::Env,
    errors::{OdooError, Result, python, python_tuple, quoted},
    field::{Field, Kind},
    orm::search::{self, Search},
};

/// Deeper domains end in Python's recursion limit; here they end in a refusal of the same kind.
const DEPTH_MAX: usize = 200;

/// Each operator is a step of depth, and conditions are worked through recursively.
const OPERATORS_MAX: usize = 2_000;

#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Always(bool),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Leaf(Leaf),
}

#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) field: &'static Field,
    pub(crate) test: Test,
}

/// What is asked of one field.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Compare(Comparison, Value),
    In(Vec<Value>),
    /// A pattern with `%` and `_`; `exact` patterns have no implied `%` around them.
    Like {
        pattern: String,
        ignore_case: bool,
        exact: bool,
    },
    /// Some related record satisfies the condition. `archived` looks at archived ones as well.
    Related {
        condition: Box<Condition>,
        archived: bool,
    },
    /// One of these ids, worked out beforehand (`child_of`, `parent_of`).
    Ids(Vec<i64>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    fn leaf(field: &'static Field, test: Test) -> Self {
        Self::Leaf(Leaf { field, test })
    }

    fn negate(self) -> Self {
        Self::Not(Box::new(self))
    }
}

const OPERATORS: &[&str] = &[
    "=",
    "!=",
    "<>",
    "<=",
    "<",
    ">",
    ">=",
    "=?",
    "=like",
    "=ilike",
    "like",
    "not like",
    "ilike",
    "not ilike",
    "in",
    "not in",
    "child_of",
    "parent_of",
];
const OPERATORS_19: &[&str] = &["any", "not any", "not =like", "not =ilike", "any!", "not any!"];

/// Whether the domain names the field `active`, which switches the automatic test off.
pub(crate) fn mentions_active(domain: &Value) -> bool {
    domain
        .as_array()
        .is_some_and(|items| items.iter().any(|item| item.get(0).and_then(Value::as_str) == Some("active")))
}

/// Reads a domain for a model.
pub(crate) fn parse(env: &Env<'_>, model: &str, domain: &Value) -> Result<Condition> {
    parse_at(env, model, domain, 0)
}

fn parse_at(env: &Env<'_>, model: &str, domain: &Value, depth: usize) -> Result<Condition> {
    if depth > DEPTH_MAX {
        return Err(OdooError::new("builtins.RecursionError", "maximum recursion depth exceeded"));
    }
    let items = match domain {
        Value::Array(items) => items,
        Value::Bool(flag) if !env.is_14() => return Ok(Condition::Always(*flag)),
        Value::Null | Value::Bool(_) | Value::Number(_) if env.is_14() => {
            return Err(OdooError::type_error(format!(
                "object of type '{}' has no len()",
                python_type(domain)
            )));
        }
        _ if env.is_14() => {
            return Err(OdooError::assertion(
                "Domains to normalize must have a 'domain' form: a list or tuple of domain components",
            ));
        }
        Value::String(text) => {
            return Err(OdooError::type_error(format!(
                "Domain() invalid argument type for domain: {}",
                quoted(text)
            )));
        }
        other => {
            return Err(OdooError::type_error(format!(
                "Domain() invalid argument type for domain: {}",
                python(other)
            )));
        }
    };
    let operators = items.iter().filter(|item| item.is_string()).count();
    if operators > OPERATORS_MAX {
        return Err(OdooError::new("builtins.RecursionError", "maximum recursion depth exceeded"));
    }
    let mut reader = Reader { env, model, items, depth };
    if env.is_14() { reader.read_14() } else { reader.read_19() }
}

struct Reader<'r, 'e> {
    env: &'r Env<'e>,
    model: &'r str,
    items: &'r [Value],
    depth: usize,
}

impl Reader<'_, '_> {
    /// Works from the right, so that an operator finds its operands on the stack.
    fn read_19(&mut self) -> Result<Condition> {
        let malformed = || {
            OdooError::value(format!(
                "Domain() malformed domain {}",
                python(&Value::Array(self.items.to_vec()))
            ))
        };
        let mut stack: Vec<Condition> = Vec::new();
        for item in self.items.iter().rev() {
            match item {
                Value::String(text) if text == "!" => {
                    let operand = stack.pop().ok_or_else(malformed)?;
                    stack.push(operand.negate());
                }
                Value::String(text) if text == "&" || text == "|" => {
                    let (Some(left), Some(right)) = (stack.pop(), stack.pop()) else {
                        return Err(malformed());
                    };
                    stack.push(join(text, left, right));
                }
                Value::Array(parts) if parts.len() == 3 => stack.push(self.leaf(parts)?),
                other => {
                    return Err(OdooError::value(format!(
                        "Domain() invalid item in domain: {}",
                        python(other)
                    )));
                }
            }
        }
        stack.reverse();
        Ok(all(stack))
    }

    fn read_14(&mut self) -> Result<Condition> {
        let incorrect = || {
            OdooError::assertion(format!(
                "This domain is syntactically not correct: {}",
                python(&Value::Array(self.items.to_vec()))
            ))
        };
        let mut expected: i64 = 1;
        for item in self.items {
            if expected == 0 {
                expected = 1;
            }
            expected += match item.as_str() {
                Some("&" | "|") => 1,
                Some("!") => 0,
                _ => -1,
            };
        }
        if expected != 0 && !self.items.is_empty() {
            return Err(incorrect());
        }
        let mut stack: Vec<Condition> = Vec::new();
        for item in self.items.iter().rev() {
            match item {
                Value::String(text) if text == "!" => {
                    let operand = stack.pop().ok_or_else(incorrect)?;
                    stack.push(operand.negate());
                }
                Value::String(text) if text == "&" || text == "|" => {
                    let (Some(left), Some(right)) = (stack.pop(), stack.pop()) else {
                        return Err(incorrect());
                    };
                    stack.push(join(text, left, right));
                }
                Value::Array(parts) if parts.len() == 3 => stack.push(self.leaf(parts)?),
                Value::Array(parts) if parts.len() < 3 => {
                    return Err(OdooError::index("tuple index out of range"));
                }
                other if !other.is_array() && !other.is_string() => {
                    let kind = python_type(other);
                    return Err(OdooError::type_error(format!("object of type '{kind}' has no len()")));
                }
                other => {
                    let shown = other.as_array().map_or_else(|| python(other), |parts| python_tuple(parts));
                    return Err(OdooError::value(format!("Invalid leaf {shown}")));
                }
            }
        }
        stack.reverse();
        Ok(all(stack))
    }

    fn leaf(&self, parts: &[Value]) -> Result<Condition> {
        let [left, operator, value] = parts else { return Ok(Condition::Always(true)) };
        if let (Some(left @ (0 | 1)), Some("="), Some(1)) = (left.as_i64(), operator.as_str(), value.as_i64())
        {
            return Ok(Condition::Always(left == 1));
        }
        let Some(operator_text) = operator.as_str().map(str::to_lowercase) else {
            if self.env.is_14() {
                return Err(OdooError::value(format!("Invalid leaf {}", python_tuple(parts))));
            }
            let kind = python_type(operator);
            return Err(OdooError::attribute(format!("'{kind}' object has no attribute 'lower'")));
        };
        let known = OPERATORS.contains(&operator_text.as_str())
            || (!self.env.is_14() && OPERATORS_19.contains(&operator_text.as_str()));
        if self.env.is_14() && !known && value.is_array() {
            return Err(OdooError::type_error("unhashable type: 'list'"));
        }
        let (Some(path), true) = (left.as_str(), known) else {
            return Err(OdooError::value(if self.env.is_14() {
                format!("Invalid leaf {}", python_tuple(parts))
            } else if left.is_string() {
                format!("Invalid operator in condition {}", python_tuple(parts))
            } else {
                format!("Domain() invalid item in domain: {}", python(&Value::Array(parts.to_vec())))
            }));
        };
        condition(self.env, self.model, path, &operator_text, value, self.depth)
    }
}

fn join(operator: &str, left: Condition, right: Condition) -> Condition {
    if operator == "&" { Condition::All(vec![left, right]) } else { Condition::Any(vec![left, right]) }
}

fn all(mut conditions: Vec<Condition>) -> Condition {
    match conditions.len() {
        0 => Condition::Always(true),
        1 => conditions.pop().unwrap_or(Condition::Always(true)),
        _ => Condition::All(conditions),
    }
}

/// One condition, whose left side may be a dotted path.
pub(crate) fn condition(
    env: &Env<'_>,
    model: &str,
    path: &str,
    operator: &str,
    value: &Value,
    depth: usize,
) -> Result<Condition> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(field) = env.field(model, first) else {
        let parts = [Value::from(path), Value::from(operator), value.clone()];
        let word = if env.is_14() { "leaf" } else { "condition" };
        return Err(OdooError::value(format!(
            "Invalid field {model}.{first} in {word} {}",
            python_tuple(&parts)
        )));
    };
    if let Some(rest) = rest {
        let Some(relation) = field.relation() else {
            return Err(if env.is_14() {
                OdooError::attribute("'Char' object has no attribute 'auto_join'")
            } else {
                OdooError::value(format!("Invalid field property {} on {model}.{first}", quoted(rest)))
            });
        };
        let inner = condition(env, relation, rest, operator, value, depth + 1)?;
        let archived = matches!(field.kind, Kind::Many2one(_));
        return Ok(Condition::leaf(field, Test::Related { condition: Box::new(inner), archived }));
    }
    if !field.searchable {
        return Err(OdooError::value(if env.is_14() {
            format!("Non-stored field {model}.{first} cannot be searched.")
        } else {
            format!("Cannot convert {model}.{first} to SQL because it is not stored")
        }));
    }
    test(env, model, field, operator, value, depth)
}

fn test(
    env: &Env<'_>,
    model: &str,
    field: &'static Field,
    operator: &str,
    value: &Value,
    depth: usize,
) -> Result<Condition> {
    let plain = |test| Condition::leaf(field, test);
    let like = |ignore_case, exact| {
        let pattern = match value {
            Value::String(text) => text.clone(),
            other if super::env::truthy(other) => python(other),
            _ => String::new(),
        };
        plain(Test::Like { pattern, ignore_case, exact })
    };
    Ok(match operator {
        "=" | "!=" | "<>" => {
            let found = match value {
                Value::Array(items) => plain(Test::In(items.clone())),
                other => plain(Test::Compare(Comparison::Equal, check_value(field, other)?)),
            };
            if operator == "=" { found } else { found.negate() }
        }
        "=?" => {
            if matches!(value, Value::Null | Value::Bool(false)) {
                Condition::Always(true)
            } else {
                plain(Test::Compare(Comparison::Equal, value.clone()))
            }
        }
        "in" | "not in" => {
            let items = match value {
                Value::Array(items) => {
                    for item in items {
                        check_value(field, item)?;
                    }
                    items.clone()
                }
                Value::Bool(true) => return Ok(set_or_not(field, operator == "in")),
                Value::Bool(false) | Value::Null => return Ok(set_or_not(field, operator != "in")),
                other if env.is_14() => {
                    let parts = [Value::from(field.name), Value::from(operator), other.clone()];
                    return Err(OdooError::value(format!("Invalid domain term {}", python_tuple(&parts))));
                }
                other => vec![check_value(field, other)?],
            };
            if operator == "in" { plain(Test::In(items)) } else { plain(Test::In(items)).negate() }
        }
        "<" => plain(Test::Compare(Comparison::Less, value.clone())),
        "<=" => plain(Test::Compare(Comparison::LessOrEqual, value.clone())),
        ">" => plain(Test::Compare(Comparison::Greater, value.clone())),
        ">=" => plain(Test::Compare(Comparison::GreaterOrEqual, value.clone())),
        "like" => like(false, false),
        "ilike" => like(true, false),
        "=like" => like(false, true),
        "=ilike" => like(true, true),
        "not like" => like(false, false).negate(),
        "not ilike" => like(true, false).negate(),
        "not =like" => like(false, true).negate(),
        "not =ilike" => like(true, true).negate(),
        "child_of" | "parent_of" => hierarchy(env, model, field, operator, value)?,
        _ => {
            let Some(relation) = field.relation() else {
                return Err(OdooError::value(format!(
                    "Cannot use 'any' with non-relational fields in condition {}",
                    python_tuple(&[Value::from(field.name), Value::from(operator), value.clone()])
                        .replace(", [])", ", [(1, '=', 1)])")
                )));
            };
            let inner = parse_at(env, relation, value, depth + 1)?;
            let related = plain(Test::Related {
                condition: Box::new(inner),
                archived: matches!(field.kind, Kind::Many2one(_)),
            });
            if operator.starts_with("not") { related.negate() } else { related }
        }
    })
}

fn set_or_not(field: &'static Field, wanted: bool) -> Condition {
    let empty = Condition::leaf(field, Test::Compare(Comparison::Equal, Value::Bool(false)));
    if wanted { empty.negate() } else { empty }
}

/// Text where a number belongs: Python refuses it for most fields, the database for ids.
fn check_value(field: &'static Field, value: &Value) -> Result<Value> {
    let Some(text) = value.as_str() else { return Ok(value.clone()) };
    if !field.is_number() {
        return Ok(value.clone());
    }
    if let Ok(number) = text.trim().parse::<i64>() {
        return Ok(Value::from(number));
    }
    if let Ok(number) = text.trim().parse::<f64>() {
        return Ok(Value::from(number));
    }
    Err(match field.kind {
        Kind::Integer if field.name == "id" => OdooError::sql(
            "psycopg2.errors.InvalidTextRepresentation",
            format!(
                "invalid input syntax for type integer: \"{text}\"\nLINE 1: ...tner\".\"active\" IS TRUE AND \"res_partner\".\"id\" IN ('{text}')) AND...\n                                                             ^\n"
            ),
        ),
        Kind::Integer => {
            OdooError::value(format!("invalid literal for int() with base 10: {}", quoted(text)))
        }
        _ => OdooError::value(format!("could not convert string to float: {}", quoted(text))),
    })
}

/// The name of a value's type in Python.
fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

fn hierarchy(
    env: &Env<'_>,
    model: &str,
    field: &'static Field,
    operator: &str,
    value: &Value,
) -> Result<Condition> {
    let target = field.relation().unwrap_or(model);
    let mut roots = Vec::new();
    for item in value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice) {
        match item {
            Value::Number(_) => roots.extend(item.as_i64()),
            Value::String(text) => roots.extend(search::by_name(env, target, text)?),
            _ => {}
        }
    }
    let ids =
        if operator == "child_of" { descendants(env, target, roots)? } else { ancestors(env, target, roots) };
    let field = if field.relation().is_some() { field } else { env.field(model, "id").unwrap_or(field) };
    Ok(Condition::leaf(field, Test::Ids(ids)))
}

fn descendants(env: &Env<'_>, model: &str, roots: Vec<i64>) -> Result<Vec<i64>> {
    let mut found: Vec<i64> = roots.into_iter().filter(|id| env.db.exists(model, *id)).collect();
    if env.field(model, "parent_id").is_none() {
        return Ok(found);
    }
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let children = search::search(
            env,
            model,
            &Search {
                domain: serde_json::json!([["parent_id", "=", parent]]),
                archived: true,
                ..Search::default()
            },
        )?;
        for child in children {
            if !found.contains(&child) {
                found.push(child);
            }
        }
        next += 1;
    }
    Ok(found)
}

fn ancestors(env: &Env<'_>, model: &str, roots: Vec<i64>) -> Vec<i64> {
    let mut found = Vec::new();
    let mut open = roots;
    while let Some(id) = open.pop() {
        if env.db.exists(model, id) && !found.contains(&id) {
            found.push(id);
            open.extend(env.value(model, id, "parent_id").as_i64());
        }
    }
    found
}
