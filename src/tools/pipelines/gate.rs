//! Whether a step is to be run: its skill has matched, and its trigger holds in the context of the run.

use std::cmp::Ordering;

use serde_json::Value;

use super::literal;
use crate::{
    facts::JsonObject,
    odoo::{Domain, StepRow},
};

/// What the gates of a step say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// The step is left out, and why.
    Closed(String),
    /// The trigger cannot be read, so nobody knows.
    Unreadable(String),
}

/// Context member that says which skills have matched.
const MATCHED: &str = "matched_skill_ids";

/// The gates of a step in this context, the same for steps of Odoo and of this program.
pub(super) fn of(step: &StepRow, context: &JsonObject) -> Gate {
    if let Some(skill) = step.skill {
        let matched = context.get(MATCHED).and_then(Value::as_array);
        if !matched.is_some_and(|ids| ids.iter().any(|id| id.as_i64() == Some(skill))) {
            return Gate::Closed(format!("skill {skill} has not matched"));
        }
    }
    if step.trigger_domain.is_empty() {
        return Gate::Open;
    }
    match holds(&step.trigger_domain, context) {
        Ok(true) => Gate::Open,
        Ok(false) => Gate::Closed("its trigger does not hold".to_owned()),
        Err(why) => Gate::Unreadable(format!("its trigger cannot be read: {why}")),
    }
}

fn holds(text: &str, context: &JsonObject) -> Result<bool, String> {
    let domain = Domain::parse(literal::read(text)?).map_err(|error| error.to_string())?;
    // Odoo's prefix notation, read from behind: every operator takes what stands behind it.
    let mut open: Vec<bool> = Vec::new();
    for item in domain.as_slice().iter().rev() {
        let value = match item.as_str() {
            Some("!") => !open.pop().ok_or("`!` needs a condition")?,
            Some(operator) => {
                let (Some(left), Some(right)) = (open.pop(), open.pop()) else {
                    return Err(format!("`{operator}` needs two conditions"));
                };
                if operator == "|" { left || right } else { left && right }
            }
            None => condition(item, context)?,
        };
        open.push(value);
    }
    Ok(open.into_iter().all(|value| value))
}

fn condition(item: &Value, context: &JsonObject) -> Result<bool, String> {
    let (Some(left), Some(operator), Some(wanted)) =
        (item.get(0), item.get(1).and_then(Value::as_str), item.get(2))
    else {
        return Err("a condition has three parts".to_owned());
    };
    let found = match left {
        Value::String(path) => found(context, path),
        // `(1, '=', 1)` and `(0, '=', 1)`.
        plain => plain.clone(),
    };
    let found = &found;
    Ok(match operator {
        "=" => equal(found, wanted),
        "!=" => !equal(found, wanted),
        "=?" => is_nothing(wanted) || equal(found, wanted),
        "<" => ordered(found, wanted, Ordering::is_lt),
        "<=" => ordered(found, wanted, Ordering::is_le),
        ">" => ordered(found, wanted, Ordering::is_gt),
        ">=" => ordered(found, wanted, Ordering::is_ge),
        "in" => within(found, wanted),
        "not in" => !within(found, wanted),
        "like" => like(found, wanted, false, true),
        "not like" => !like(found, wanted, false, true),
        "ilike" => like(found, wanted, true, true),
        "not ilike" => !like(found, wanted, true, true),
        "=like" => like(found, wanted, false, false),
        "not =like" => !like(found, wanted, false, false),
        "=ilike" => like(found, wanted, true, false),
        "not =ilike" => !like(found, wanted, true, false),
        other => return Err(format!("`{other}` needs records, and a trigger looks at the context")),
    })
}

/// A member of the context; a dot leads into an object. What is missing is `false`, as in Odoo.
fn found(context: &JsonObject, path: &str) -> Value {
    let mut steps = path.split('.');
    let mut at = steps.next().and_then(|name| context.get(name));
    for step in steps {
        at = at.and_then(|value| value.get(step));
    }
    at.filter(|value| !value.is_null()).cloned().unwrap_or(Value::Bool(false))
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
}

fn equal(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        // A list of values compares as Odoo compares a relation: any of them.
        (Value::Array(items), wanted) if !wanted.is_array() => {
            if is_nothing(wanted) {
                items.is_empty()
            } else {
                items.iter().any(|item| equal(item, wanted))
            }
        }
        (found, wanted) if is_nothing(found) || is_nothing(wanted) => is_nothing(found) && is_nothing(wanted),
        (found, wanted) => found == wanted,
    }
}

fn within(found: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Array(values) => values.iter().any(|value| equal(found, value)),
        one => equal(found, one),
    }
}

/// Numbers with numbers, texts with texts; nothing else has an order.
fn ordered(found: &Value, wanted: &Value, fits: fn(Ordering) -> bool) -> bool {
    let ordering = match (found, wanted) {
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right))
        }
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    };
    ordering.is_some_and(fits)
}

/// `%` stands for any letters, `_` for one; `anywhere` adds one `%` at both ends.
fn like(found: &Value, wanted: &Value, any_case: bool, anywhere: bool) -> bool {
    let (Value::String(text), Value::String(pattern)) = (found, wanted) else { return false };
    let letters = |text: &str| -> Vec<char> {
        if any_case { text.to_lowercase().chars().collect() } else { text.chars().collect() }
    };
    let pattern = if anywhere { format!("%{pattern}%") } else { pattern.clone() };
    fits(&letters(&pattern), &letters(text))
}

/// Goes back only to the last `%`, so the work is at most the product of both lengths.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                last = Some((p, t));
                p += 1;
            }
            Some('_') => (p, t) = (p + 1, t + 1),
            Some(c) if text.get(t) == Some(c) => (p, t) = (p + 1, t + 1),
            _ => match last {
                Some((star, from)) => {
                    last = Some((star, from + 1));
                    (p, t) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn context() -> JsonObject {
        let context = json!({
            "source_model": "account.move",
            "source_id": 7,
            "matched_skill_ids": [4, 5],
            "total": 90.6,
            "name": "Acme 100% Ltd",
            "composite_fields": {"vat": "BG123", "lines": []},
            "nothing": null,
            "yes": true,
        });
        context.as_object().unwrap().clone()
    }

    #[track_caller]
    fn check(trigger: &str, expected: bool) {
        assert_eq!(holds(trigger, &context()), Ok(expected), "{trigger}");
    }

    #[test]
    fn conditions_hold_in_the_context() {
        check("[]", true);
        check("[('source_model', '=', 'account.move')]", true);
        check("[('source_model', '=', 'account.move'), ('source_id', '=', 8)]", false);
        check("[('source_id', '!=', 8)]", true);
        check("[('source_id', 'in', (7, 8))]", true);
        check("[('source_id', 'not in', [7, 8])]", false);
        check("[('matched_skill_ids', '=', 4)]", true);
        check("[('matched_skill_ids', 'in', [9])]", false);
        check("[('total', '>', 90), ('total', '<=', 90.6)]", true);
        check("[('total', '>', '90')]", false);
        check("[('nothing', '=', False)]", true);
        check("[('missing', '=', None)]", true);
        check("[('missing', '!=', False)]", false);
        check("[('yes', '=', True)]", true);
        check("[('composite_fields.vat', '=like', 'BG%')]", true);
        check("[('composite_fields.lines', '=', False)]", true);
        check("[('composite_fields.vat.x', '=', False)]", true);
        check("[(1, '=', 1)]", true);
        check("[(0, '=', 1)]", false);
        check("[('missing', '=?', False), ('source_id', '=?', 7)]", true);
    }

    #[test]
    fn prefix_operators_take_what_stands_behind_them() {
        check("['|', ('source_id', '=', 8), ('yes', '=', True)]", true);
        check("['&', ('source_id', '=', 8), ('yes', '=', True)]", false);
        check("['!', ('source_id', '=', 8)]", true);
        check("['|', '!', ('yes', '=', True), ('source_id', '=', 7), ('total', '>', 100)]", false);
        check("['!', '|', ('yes', '=', False), ('source_id', '=', 8)]", true);
    }

    #[test]
    fn patterns_are_those_of_odoo() {
        check("[('name', 'like', 'acme')]", false);
        check("[('name', 'ilike', 'acme')]", true);
        check("[('name', 'like', 'A_me%Ltd')]", true);
        check("[('name', '=like', 'Acme')]", false);
        check("[('name', '=ilike', 'acme%')]", true);
        check("[('name', 'not ilike', 'x')]", true);
        check("[('source_id', 'like', '7')]", false);
        check("[('name', 'like', '')]", true);
    }

    #[test]
    fn what_cannot_be_decided_is_told() {
        for bad in [
            "[('source_id', 'child_of', 7)]",
            "[('source_id', 'any', [('x', '=', 1)])]",
            "['|', ('a', '=', 1)]",
            "['!']",
            "[('a', 'likes', 1)]",
            "[('a', '=')]",
            "('a', '=', 1)",
            "nonsense",
            "[('a', '=', uid)]",
        ] {
            assert!(holds(bad, &context()).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_that_go_back_a_lot_end_soon() {
        let text: Vec<char> = "a".repeat(2_000).chars().collect();
        let pattern: Vec<char> = format!("{}b", "%a".repeat(1_000)).chars().collect();
        assert!(!fits(&pattern, &text));
    }

    #[test]
    fn a_skill_has_to_match() {
        let step = |skill| StepRow { skill, ..StepRow::default() };
        assert_eq!(of(&step(Some(4)), &context()), Gate::Open);
        assert_eq!(of(&step(None), &context()), Gate::Open);
        assert!(matches!(of(&step(Some(6)), &context()), Gate::Closed(_)));
        assert!(matches!(of(&step(Some(4)), &JsonObject::new()), Gate::Closed(_)));
    }
}
