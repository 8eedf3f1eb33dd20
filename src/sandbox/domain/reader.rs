//! The list on the wire as a tree: prefix operators, one element at a time, as each version reads it.

use serde_json::Value;

use super::{Condition, leaf::condition, python_type};
use crate::sandbox::{
    env::Env,
    errors::{OdooError, Result, python, python_tuple},
};

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

pub(super) struct Reader<'r, 'e> {
    pub(super) env: &'r Env<'e>,
    pub(super) model: &'r str,
    pub(super) items: &'r [Value],
    pub(super) depth: usize,
}

impl Reader<'_, '_> {
    /// Works from the right, so that an operator finds its operands on the stack.
    pub(super) fn read_19(&self) -> Result<Condition> {
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

    pub(super) fn read_14(&self) -> Result<Condition> {
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
