//! Numbers over the records of a group, in the notation of both methods.

use serde_json::{Value, json};

use super::Criterion;
use crate::sandbox::{
    env::{Env, truthy},
    errors::{OdooError, Result},
    field::{Field, Kind, SandboxVersion},
    orm::compute::round2,
};

/// One number to work out per group.
#[derive(Debug, Clone)]
pub(super) struct Aggregate {
    pub(super) name: String,
    pub(super) field: Option<&'static Field>,
    pub(super) function: String,
}

pub(super) fn aggregate(env: &Env<'_>, model: &str, ids: &[i64], asked: &Aggregate) -> Value {
    let Some(field) = asked.field else { return json!(ids.len()) };
    let values: Vec<Value> = ids.iter().map(|id| env.value_of(model, *id, field)).collect();
    let numbers = || values.iter().filter_map(Value::as_f64);
    let whole = matches!(field.kind, Kind::Integer);
    let number = |found: f64| {
        if whole && found.fract() == 0.0 { json!(found as i64) } else { json!(round2(found)) }
    };
    match asked.function.as_str() {
        "count" => json!(values.iter().filter(|value| !value.is_boolean() || field.name == "active").count()),
        "count_distinct" => {
            let mut seen: Vec<&Value> = Vec::new();
            for value in values.iter().filter(|value| !matches!(value, Value::Bool(false))) {
                if !seen.contains(&value) {
                    seen.push(value);
                }
            }
            json!(seen.len())
        }
        "array_agg" => json!(values),
        "bool_or" => json!(values.iter().any(truthy)),
        "bool_and" => json!(values.iter().all(truthy)),
        "avg" => {
            let count = numbers().count();
            if count == 0 { json!(false) } else { json!(numbers().sum::<f64>() / count as f64) }
        }
        "max" | "min" if !field.is_number() => {
            let texts = values.iter().filter_map(Value::as_str);
            let found = if asked.function == "max" { texts.max() } else { texts.min() };
            found.map_or(json!(false), Value::from)
        }
        "max" => numbers().reduce(f64::max).map_or(json!(false), number),
        "min" => numbers().reduce(f64::min).map_or(json!(false), number),
        _ => number(numbers().sum()),
    }
}

/// Aggregates as `read_group` asks for them: `amount`, `amount:sum` or `total:sum(amount)`.
pub(super) fn old_aggregates(
    env: &Env<'_>,
    model: &str,
    fields: &[String],
    criteria: &[Criterion],
) -> Result<Vec<Aggregate>> {
    let all: Vec<String>;
    let fields = if fields.is_empty() && env.is_14() {
        all = env
            .model(model)?
            .fields
            .iter()
            .filter(|field| field.stored && field.is_number() && field.name != "id")
            .map(|field| field.name.to_owned())
            .collect();
        &all
    } else {
        fields
    };
    let mut found = Vec::new();
    for spec in fields {
        let (name, function) =
            spec.split_once(':').map_or((spec.as_str(), None), |(name, function)| (name, Some(function)));
        if name == "__count" || criteria.iter().any(|criterion| criterion.field.name == name) {
            continue;
        }
        let (function, column) =
            match function.and_then(|function| function.strip_suffix(')')?.split_once('(')) {
                Some((function, column)) => (Some(function), column),
                None => (function, name),
            };
        let Some(field) = env.field(model, column) else {
            return Err(match env.version() {
                SandboxVersion::V14 => OdooError::unknown_field(env.version(), model, column),
                SandboxVersion::V19 => {
                    OdooError::value(format!("Invalid field '{column}' on model '{model}' for '{spec}'."))
                }
            });
        };
        match function {
            _ if field.name == "id" && env.is_14() => {}
            None if !field.is_number() || !field.stored || field.name == "id" => {}
            _ => found.push(Aggregate {
                name: name.to_owned(),
                field: Some(field),
                function: function.unwrap_or("sum").to_owned(),
            }),
        }
    }
    Ok(found)
}

pub(super) fn new_aggregate(env: &Env<'_>, model: &str, spec: &str) -> Result<Aggregate> {
    if spec == "__count" {
        return Ok(Aggregate { name: spec.to_owned(), field: None, function: "count".to_owned() });
    }
    let Some((name, function)) = spec.split_once(':') else {
        return Err(OdooError::value(format!("Aggregate method is mandatory for '{spec}'")));
    };
    let field = env
        .field(model, name)
        .ok_or_else(|| OdooError::value(format!("Invalid field '{name}' on '{model}'")))?;
    const FUNCTIONS: &[&str] = &[
        "sum",
        "avg",
        "max",
        "min",
        "bool_and",
        "bool_or",
        "array_agg",
        "array_agg_distinct",
        "count",
        "count_distinct",
        "recordset",
        "sum_currency",
    ];
    if !FUNCTIONS.contains(&function) {
        return Err(OdooError::value(format!("Invalid aggregate method '{function}' for '{spec}'.")));
    }
    Ok(Aggregate { name: spec.to_owned(), field: Some(field), function: function.to_owned() })
}
