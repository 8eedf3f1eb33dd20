//! Operators, and the values they can be given.

use regex::RegexBuilder;
use serde_json::{Value, json};

use super::document::Op;
use crate::facts::Decimal;

/// Largest compiled regular expression.
const REGEX_BYTES_MAX: usize = 256 * 1024;
/// Longest text of a regular expression.
const REGEX_TEXT_BYTES_MAX: usize = 4 * 1024;

pub(super) fn named(word: &str) -> Option<Op> {
    Some(match word {
        "eq" => Op::Eq,
        "neq" => Op::Neq,
        "in" => Op::In,
        "not_in" => Op::NotIn,
        "lt" => Op::Lt,
        "lte" => Op::Lte,
        "gt" => Op::Gt,
        "gte" => Op::Gte,
        "regex" => Op::Regex,
        "contains" => Op::Contains,
        "exists" => Op::Exists,
        "starts_with" => Op::StartsWith,
        "ends_with" => Op::EndsWith,
        "glob" => Op::Glob,
        "subset_of" => Op::SubsetOf,
        "disjoint" => Op::Disjoint,
        "len_lte" => Op::LenLte,
        "len_gte" => Op::LenGte,
        "type" => Op::Type,
        "not_regex" => Op::NotRegex,
        "not_contains" => Op::NotContains,
        _ => return None,
    })
}

/// The values that operators take, for the schema: JSON Schema cannot say all that `check` does.
pub(super) fn value_schemas() -> Vec<(&'static [&'static str], Value)> {
    let list = json!({"type": "array", "minItems": 1});
    let number = json!({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"}]});
    let text = json!({"type": "string", "minLength": 1});
    let types = ["null", "boolean", "integer", "number", "string", "array", "object"];
    vec![
        (&["in", "not_in", "subset_of", "disjoint"], list),
        (&["lt", "lte", "gt", "gte"], number),
        (&["regex", "not_regex", "starts_with", "ends_with", "glob"], text),
        (&["contains", "not_contains"], json!({"not": {"type": ["array", "object"]}})),
        (&["exists"], json!({"type": "boolean"})),
        (&["len_lte", "len_gte"], json!({"type": "integer", "minimum": 0})),
        (&["type"], json!({"enum": types})),
    ]
}

/// Can the operator be given this value, and does it then say anything?
pub(super) fn check(op: Op, value: &Value) -> Result<(), String> {
    if !is_exact(value) {
        return Err("a number here cannot be held exactly".to_owned());
    }
    match op {
        Op::Eq | Op::Neq => Ok(()),
        Op::In | Op::NotIn | Op::SubsetOf | Op::Disjoint => match value.as_array() {
            None => Err("use a list of values".to_owned()),
            Some(items) if items.is_empty() => Err("with an empty list this is always the same".to_owned()),
            Some(_) => Ok(()),
        },
        Op::Lt | Op::Lte | Op::Gt | Op::Gte => match number(value) {
            Some(_) => Ok(()),
            None => Err("use a number, or a decimal in a text such as \"2500.00\"".to_owned()),
        },
        Op::Regex | Op::NotRegex => regex(text(value)?),
        Op::Contains | Op::NotContains => match value {
            Value::String(text) if text.is_empty() => Err("every text contains the empty one".to_owned()),
            Value::Array(_) | Value::Object(_) => {
                Err("use a single value; for several use `subset_of` or `disjoint`".to_owned())
            }
            _ => Ok(()),
        },
        Op::StartsWith | Op::EndsWith => match text(value)? {
            "" => Err("this holds for every text".to_owned()),
            _ => Ok(()),
        },
        Op::Glob => match text(value)? {
            "" => Err("use a pattern such as `sale.*`".to_owned()),
            text if text.chars().all(|c| c == '*') => Err("this holds for every text".to_owned()),
            _ => Ok(()),
        },
        Op::Exists => match value {
            Value::Bool(_) => Ok(()),
            _ => Err("use true or false".to_owned()),
        },
        Op::LenLte | Op::LenGte => match value.as_u64() {
            None => Err("use a whole number".to_owned()),
            Some(0) if op == Op::LenGte => Err("everything is at least 0 long".to_owned()),
            Some(_) => Ok(()),
        },
        Op::Type => match text(value)? {
            "null" | "boolean" | "integer" | "number" | "string" | "array" | "object" => Ok(()),
            _ => Err("use null, boolean, integer, number, string, array or object".to_owned()),
        },
    }
}

/// The number behind a value that is compared by size.
pub(super) fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Decimal::of_json(number).ok(),
        Value::String(text) => Decimal::parse(text).ok(),
        _ => None,
    }
}

/// Begins at the beginning and ends at the end.
pub(super) fn is_anchored(regex: &str) -> bool {
    let begins = regex.starts_with('^') || regex.starts_with(r"\A");
    let ends = (regex.ends_with('$') && !regex.ends_with(r"\$")) || regex.ends_with(r"\z");
    begins && ends
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "use a text".to_owned())
}

fn regex(text: &str) -> Result<(), String> {
    if text.len() > REGEX_TEXT_BYTES_MAX {
        return Err(format!("the regular expression is longer than {REGEX_TEXT_BYTES_MAX} bytes"));
    }
    if ["", "^", "$", ".*", "^.*", ".*$", "^.*$"].contains(&text) {
        return Err("this holds for every text".to_owned());
    }
    let mut builder = RegexBuilder::new(text);
    match builder.size_limit(REGEX_BYTES_MAX).dfa_size_limit(REGEX_BYTES_MAX).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => {
            Err("the regular expression becomes too large; use smaller repetitions".to_owned())
        }
        Err(error) => {
            let text = error.to_string();
            let why = text.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or_default();
            Err(format!("the regular expression cannot be read: {why}"))
        }
    }
}

fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => Decimal::of_json(number).is_ok(),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_operators() {
        for (op, value) in [
            ("eq", json!(null)),
            ("eq", json!([1, 2])),
            ("in", json!(["a", 1])),
            ("gt", json!(1.5)),
            ("gt", json!("2500.00")),
            ("regex", json!("^a[bc]+$")),
            ("contains", json!("x")),
            ("contains", json!(3)),
            ("exists", json!(false)),
            ("len_lte", json!(0)),
            ("type", json!("array")),
            ("glob", json!("sale.*")),
        ] {
            assert_eq!(check(named(op).unwrap(), &value), Ok(()), "{op} {value}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        for (op, value, says) in [
            ("in", json!("a"), "list"),
            ("in", json!([]), "empty"),
            ("not_in", json!({}), "list"),
            ("gt", json!("much"), "number"),
            ("gt", json!(null), "number"),
            ("gt", json!(1e300), "exactly"),
            ("regex", json!("("), "unclosed"),
            ("regex", json!("a{1000}{1000}"), "too large"),
            ("regex", json!("x".repeat(5_000)), "longer"),
            ("regex", json!(".*"), "every"),
            ("regex", json!(7), "text"),
            ("not_regex", json!("[z-a]"), "cannot be read"),
            ("contains", json!(""), "empty"),
            ("contains", json!(["a"]), "subset_of"),
            ("starts_with", json!(""), "every"),
            ("glob", json!("**"), "every"),
            ("exists", json!("true"), "true or false"),
            ("len_gte", json!(0), "at least 0"),
            ("len_lte", json!(-1), "whole"),
            ("type", json!("int"), "integer"),
        ] {
            let message = check(named(op).unwrap(), &value).unwrap_err();
            assert!(message.contains(says), "{op} {value}: {message}");
        }
    }

    #[test]
    fn anchors_are_seen() {
        assert!(is_anchored("^a$"));
        assert!(!is_anchored("^a"));
        assert!(!is_anchored("a$"));
        assert!(!is_anchored(r"^a\$"));
    }
}
