//! What a domain must look like before it is sent, and the few spellings that are put right.
//!
//! Deliberately absent: whether the fields exist. That takes the field definitions of the server.

use serde_json::{Value, json};

use super::OdooError;
use crate::facts::{DOMAIN_OPERATORS, FieldName, nearest};

/// Conditions and operators of one domain, sub-domains included.
const ITEMS_MAX: usize = 2_000;
/// Domains within domains, through `any`.
const SUB_DOMAINS_DEEP_MAX: usize = 16;
/// Prefix operators within each other: Odoo walks them by recursion.
const OPERATORS_DEEP_MAX: usize = 100;
/// Values of one `in` list.
const LIST_VALUES_MAX: usize = 10_000;
/// Longest piece of a refused item that an error repeats.
const SHOWN_CHARS_MAX: usize = 60;

/// These skip the record rules of the other model; Odoo takes them from its own code only.
const INTERNAL_OPERATORS: &[&str] = &["any!", "not any!"];
const NEAREST_COUNT: usize = 3;

pub(super) fn checked(value: Value) -> Result<Vec<Value>, OdooError> {
    let value = match value {
        Value::String(text) => from_text(&text)?,
        other => other,
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => Check { items_left: ITEMS_MAX }.domain(items, 0),
        other => Err(bad(format!(
            "it is a list of conditions such as `[[\"name\", \"=\", \"Azure\"]]`, not {}",
            shown(&other)
        ))),
    }
}

/// A domain inside a text, as some clients send it.
fn from_text(text: &str) -> Result<Value, OdooError> {
    match serde_json::from_str(text) {
        Ok(Value::String(_)) => Err(bad("it is a text within a text".to_owned())),
        Ok(value) => Ok(value),
        Err(_) if text.contains('(') || text.contains('\'') => {
            Err(bad("the text is Python, not JSON: write `[[\"name\", \"=\", \"Azure\"]]`".to_owned()))
        }
        Err(error) => Err(bad(format!("the text is not JSON ({error})"))),
    }
}

fn bad(why: String) -> OdooError {
    OdooError::BadDomain { why }
}

struct Check {
    items_left: usize,
}

impl Check {
    fn domain(&mut self, items: Vec<Value>, depth: usize) -> Result<Vec<Value>, OdooError> {
        if depth > SUB_DOMAINS_DEEP_MAX {
            return Err(bad(format!(
                "domains stand more than {SUB_DOMAINS_DEEP_MAX} deep within each other"
            )));
        }
        if is_bare_condition(&items) {
            return Err(bad(format!(
                "a condition stands in a list of its own: write `[{}]`",
                shown_list(&items)
            )));
        }
        self.items_left = self
            .items_left
            .checked_sub(items.len())
            .ok_or_else(|| bad(format!("it has more than {ITEMS_MAX} conditions and operators")))?;
        let items = items.into_iter().map(|item| self.item(item, depth)).collect::<Result<Vec<_>, _>>()?;
        check_operators(&items)?;
        Ok(items)
    }

    fn item(&mut self, item: Value, depth: usize) -> Result<Value, OdooError> {
        match item {
            Value::String(operator) => match operator.as_str() {
                "&" | "|" | "!" => Ok(Value::String(operator)),
                _ => Err(bad(format!(
                    "`{}` is neither a condition nor one of the operators `&`, `|`, `!`",
                    shorten(&operator)
                ))),
            },
            // Spelled so, every version reads "always" and "never".
            Value::Bool(true) => Ok(json!([1, "=", 1])),
            Value::Bool(false) => Ok(json!([0, "=", 1])),
            Value::Array(parts) => self.condition(parts, depth),
            other => Err(bad(format!("{} is no condition", shown(&other)))),
        }
    }

    fn condition(&mut self, parts: Vec<Value>, depth: usize) -> Result<Value, OdooError> {
        let count = parts.len();
        let Ok([left, operator, value]) = <[Value; 3]>::try_from(parts) else {
            return Err(bad(format!(
                "a condition has three parts, field, operator and value; one has {count}"
            )));
        };
        let Value::String(operator) = operator else {
            return Err(bad(format!("an operator is text such as `=`, not {}", shown(&operator))));
        };
        let operator = known_operator(&operator)?;
        let left = match left {
            Value::String(path) => {
                check_path(&path)?;
                Value::String(path)
            }
            Value::Bool(flag) => json!(i64::from(flag)),
            Value::Number(number) if matches!(number.as_i64(), Some(0 | 1)) => Value::Number(number),
            other => return Err(bad(format!("a condition begins with a field, not {}", shown(&other)))),
        };
        // `[1, "=", 1]` and `[0, "=", 1]` are the only conditions without a field that every version reads.
        if left.is_number() && (operator != "=" || !matches!(value, Value::Number(_) | Value::Bool(true))) {
            return Err(bad(
                "without a field only `[1, \"=\", 1]` and `[0, \"=\", 1]` are conditions".to_owned()
            ));
        }
        let value = self.value(operator, value, depth)?;
        Ok(json!([left, operator, value]))
    }

    fn value(&mut self, operator: &str, value: Value, depth: usize) -> Result<Value, OdooError> {
        match (operator, value) {
            ("any" | "not any", Value::Array(inner)) => Ok(Value::Array(self.domain(inner, depth + 1)?)),
            ("any" | "not any", other) => {
                Err(bad(format!("`{operator}` takes a domain of the other model, not {}", shown(&other))))
            }
            ("in" | "not in", value @ (Value::String(_) | Value::Number(_))) => Ok(json!([value])),
            ("in" | "not in", other @ (Value::Bool(_) | Value::Null)) => {
                Err(bad(format!("`{operator}` takes a list of values, not {}", shown(&other))))
            }
            (_, Value::Array(values)) => list(values),
            // Nothing is `false` to Odoo on every route.
            (_, Value::Null) => Ok(Value::Bool(false)),
            (_, Value::Object(_)) => Err(bad(
                "a value is a text, a number, true, false or a list of them, not an object".to_owned(),
            )),
            (_, scalar) => Ok(scalar),
        }
    }
}

fn list(values: Vec<Value>) -> Result<Value, OdooError> {
    if values.len() > LIST_VALUES_MAX {
        return Err(bad(format!("a list of values is longer than {LIST_VALUES_MAX}")));
    }
    let plain = |value: Value| match value {
        Value::Null => Ok(Value::Bool(false)),
        Value::Array(_) | Value::Object(_) => {
            Err(bad("a list of values holds texts, numbers, true and false only".to_owned()))
        }
        scalar => Ok(scalar),
    };
    values.into_iter().map(plain).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// Each prefix operator has its conditions, and they are not too deep within each other.
fn check_operators(items: &[Value]) -> Result<(), OdooError> {
    let mut depths: Vec<usize> = Vec::new();
    for item in items.iter().rev() {
        let depth = match item.as_str() {
            None => 0,
            Some("!") => 1 + depths.pop().ok_or_else(|| lacking("!", "one condition"))?,
            Some(operator) => match (depths.pop(), depths.pop()) {
                (Some(left), Some(right)) => 1 + left.max(right),
                _ => return Err(lacking(operator, "two conditions")),
            },
        };
        if depth > OPERATORS_DEEP_MAX {
            return Err(bad(format!(
                "operators stand more than {OPERATORS_DEEP_MAX} deep within each other"
            )));
        }
        depths.push(depth);
    }
    Ok(())
}

fn lacking(operator: &str, what: &str) -> OdooError {
    bad(format!("the operator `{operator}` needs {what} behind it"))
}

fn known_operator(text: &str) -> Result<&'static str, OdooError> {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let plain = match plain.as_str() {
        "==" => "=",
        "<>" => "!=",
        other => other,
    };
    if let Some(known) = DOMAIN_OPERATORS.iter().find(|known| **known == plain) {
        return Ok(known);
    }
    if INTERNAL_OPERATORS.contains(&plain) {
        return Err(bad(format!("Odoo takes `{plain}` from its own code only; use `any` or `not any`")));
    }
    Err(OdooError::UnknownOperator {
        operator: shorten(text),
        nearest: nearest(plain, DOMAIN_OPERATORS.iter().copied(), NEAREST_COUNT)
            .into_iter()
            .map(str::to_owned)
            .collect(),
    })
}

fn check_path(path: &str) -> Result<(), OdooError> {
    if path.split('.').all(|step| FieldName::parse(step).is_ok()) {
        return Ok(());
    }
    Err(bad(format!("`{}` is no field or dotted path such as `country_id.code`", shorten(path))))
}

/// `["name", "=", "x"]` where `[["name", "=", "x"]]` was meant.
fn is_bare_condition(items: &[Value]) -> bool {
    match items {
        [Value::String(field), Value::String(operator), _] => {
            !matches!(field.as_str(), "&" | "|" | "!") && known_operator(operator).is_ok()
        }
        _ => false,
    }
}

fn shown_list(items: &[Value]) -> String {
    shorten(&Value::Array(items.to_vec()).to_string())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => format!("`{}`", shorten(&other.to_string())),
    }
}

fn shorten(text: &str) -> String {
    let mut short: String =
        text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better as values")]
    #[track_caller]
    fn check(domain: Value, expected: Result<Value, &str>) {
        let found = checked(domain.clone()).map(Value::Array).map_err(|error| error.to_string());
        match expected {
            Ok(expected) => assert_eq!(found, Ok(expected), "{domain}"),
            Err(part) => {
                let error = found.expect_err(&domain.to_string());
                assert!(error.contains(part), "{domain}: {error}");
                assert!(error.len() < 400, "{error}");
            }
        }
    }

    #[test]
    fn good_domains_pass_as_they_are() {
        for domain in [
            json!([]),
            json!([["name", "=", "x"]]),
            json!(["|", "!", ["a", "=", 1], ["b.c.d", "not in", [1, 2, false]], ["e", ">", "2026-01-01"]]),
            json!([["id", "child_of", 1], ["id", "parent_of", [1, 2]], ["x", "=?", false]]),
            json!([["line_ids", "any", [["product_id", "not any", [["sale_ok", "=", true]]]]]]),
            json!([["name", "not =like", "A%"], ["name", "=ilike", "a_"], [1, "=", 1], [0, "=", 1]]),
        ] {
            check(domain.clone(), Ok(domain));
        }
    }

    #[test]
    fn a_few_spellings_are_put_right() {
        check(json!(null), Ok(json!([])));
        check(json!("[[\"name\", \"=\", \"x\"]]"), Ok(json!([["name", "=", "x"]])));
        check(json!([["name", "ILIKE", "x"]]), Ok(json!([["name", "ilike", "x"]])));
        check(json!([["name", " Not  In ", ["x"]]]), Ok(json!([["name", "not in", ["x"]]])));
        check(json!([["name", "==", null]]), Ok(json!([["name", "=", false]])));
        check(json!([["name", "<>", "x"]]), Ok(json!([["name", "!=", "x"]])));
        check(json!([["id", "in", 7]]), Ok(json!([["id", "in", [7]]])));
        check(json!(["|", true, ["a", "=", 1]]), Ok(json!(["|", [1, "=", 1], ["a", "=", 1]])));
        check(json!([false, [true, "=", true]]), Ok(json!([[0, "=", 1], [1, "=", true]])));
    }

    #[test]
    fn shapes_that_odoo_would_misread_are_refused() {
        check(json!({"name": "x"}), Err("list of conditions"));
        check(json!(7), Err("list of conditions"));
        check(json!(true), Err("list of conditions"));
        check(json!("[('name', '=', 'x')]"), Err("Python"));
        check(json!("name = x"), Err("not JSON"));
        check(json!("\"[]\""), Err("text within a text"));
        check(json!(["name", "=", "x"]), Err("list of its own"));
        check(json!([["name"]]), Err("three parts"));
        check(json!([["name", "=", "x", 1]]), Err("three parts"));
        check(json!([[]]), Err("three parts"));
        check(json!(["&", ["a", "=", 1]]), Err("`&` needs two"));
        check(json!([["a", "=", 1], "!"]), Err("`!` needs one"));
        check(json!(["and", ["a", "=", 1], ["b", "=", 1]]), Err("`and` is neither"));
        check(json!([null]), Err("no condition"));
        check(json!([{"a": 1}]), Err("no condition"));
        check(json!([["a", 1, 2]]), Err("an operator is text"));
        check(json!([[5, "=", 2]]), Err("begins with a field"));
        check(json!([["a b", "=", 2]]), Err("no field"));
        check(json!([["a..b", "=", 2]]), Err("no field"));
        check(json!([["a", "=", {"b": 1}]]), Err("not an object"));
        check(json!([["a", "in", [[1]]]]), Err("texts, numbers"));
        check(json!([["a", "in", false]]), Err("list of values"));
        check(json!([["a", "any", "x"]]), Err("takes a domain"));
        check(json!([["a", "any!", []]]), Err("own code only"));
        check(json!([["a", "startswith", "x"]]), Err("no domain operator"));
    }

    #[test]
    fn depth_and_size_have_limits() {
        let mut deep = json!([["a", "=", 1]]);
        for _ in 0..100 {
            deep = json!([["a", "any", deep]]);
        }
        check(deep, Err("16 deep"));
        let mut operators = vec![json!("!"); 100];
        operators.push(json!(["a", "=", 1]));
        check(Value::Array(operators.clone()), Ok(Value::Array(operators.clone())));
        operators.insert(0, json!("!"));
        check(Value::Array(operators), Err("100 deep"));
        check(Value::Array(vec![json!(["a", "=", 1]); ITEMS_MAX + 1]), Err("2000 conditions"));
        check(json!([["a", "in", vec![1; LIST_VALUES_MAX + 1]]]), Err("10000"));
        let nested = "[".repeat(5_000);
        check(json!(nested), Err("not JSON"));
        check(json!([["x".repeat(10_000), "=", 1]]), Err("no field"));
    }
}
