//! One condition of a domain: the field it is about and the test its operator means.

use serde_json::Value;

use super::{Comparison, Condition, Test, check_depth, hierarchy::hierarchy, parse_at};
use crate::sandbox::{
    env::{Env, truthy},
    errors::{OdooError, Result, python, python_tuple, quoted},
    field::{Field, Kind},
};

/// One condition, whose left side may be a dotted path.
pub(super) fn condition(
    env: &Env<'_>,
    model: &str,
    path: &str,
    operator: &str,
    value: &Value,
    depth: usize,
) -> Result<Condition> {
    check_depth(depth)?;
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
            other if truthy(other) => python(other),
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
