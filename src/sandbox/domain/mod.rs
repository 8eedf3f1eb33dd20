//! Search domains: from the list on the wire to a condition, with the error texts of each version.
//!
//! Whether a record satisfies a condition is decided in `matching`.

mod hierarchy;
mod leaf;
mod reader;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{
    env::Env,
    errors::{OdooError, Result, python, quoted},
    field::Field,
};

/// Deeper domains end in Python's recursion limit; here they end in a refusal of the same kind, early enough
/// for the stack of a thread.
const DEPTH_MAX: usize = 100;

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
    check_depth(depth)?;
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
    let reader = reader::Reader { env, model, items, depth };
    if env.is_14() { reader.read_14() } else { reader.read_19() }
}

fn check_depth(depth: usize) -> Result<()> {
    if depth > DEPTH_MAX {
        return Err(OdooError::new("builtins.RecursionError", "maximum recursion depth exceeded"));
    }
    Ok(())
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
