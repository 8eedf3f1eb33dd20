//! Whether a record satisfies a condition, with the treatment of empty values that PostgreSQL and Odoo have.

use std::cmp::Ordering;

use serde_json::Value;

use super::{
    domain::{Comparison, Condition, Leaf, Test},
    env::{Env, truthy},
    field::{Field, Kind},
};

pub(crate) fn matches(env: &Env<'_>, model: &str, id: i64, condition: &Condition) -> bool {
    match condition {
        Condition::Always(answer) => *answer,
        Condition::Not(inner) => !matches(env, model, id, inner),
        Condition::All(parts) => parts.iter().all(|part| matches(env, model, id, part)),
        Condition::Any(parts) => parts.iter().any(|part| matches(env, model, id, part)),
        Condition::Leaf(leaf) => leaf_matches(env, model, id, leaf),
    }
}

fn leaf_matches(env: &Env<'_>, model: &str, id: i64, leaf: &Leaf) -> bool {
    match leaf.field.relation() {
        Some(relation) => relation_matches(env, model, id, leaf, relation),
        None => plain_matches(leaf.field, &env.value(model, id, leaf.field.name), &leaf.test),
    }
}

fn relation_matches(env: &Env<'_>, model: &str, id: i64, leaf: &Leaf, relation: &str) -> bool {
    let related = env.related(model, id, leaf.field);
    let is_named = |id: &i64, text: &str| env.display_name(relation, *id) == text;
    let has = |value: &Value| match value {
        Value::String(text) => related.iter().any(|id| is_named(id, text)),
        Value::Number(_) => value.as_i64().is_some_and(|wanted| related.contains(&wanted)),
        other => !truthy(other) && related.is_empty(),
    };
    match &leaf.test {
        Test::Compare(Comparison::Equal, Value::Bool(true)) => !related.is_empty(),
        Test::Compare(Comparison::Equal, value) => has(value),
        Test::Compare(comparison, value) => {
            value.as_i64().is_some_and(|wanted| related.iter().any(|id| holds(*comparison, id.cmp(&wanted))))
        }
        Test::In(values) => values.iter().any(has),
        Test::Ids(ids) => related.iter().any(|id| ids.contains(id)),
        Test::Like { pattern, ignore_case, exact } => {
            related.iter().any(|id| like(&env.display_name(relation, *id), pattern, *ignore_case, *exact))
        }
        Test::Related { condition, archived } => related.iter().any(|id| {
            let seen = *archived || !env.active_test() || env.is_active(relation, *id);
            seen && matches(env, relation, *id, condition)
        }),
    }
}

fn plain_matches(field: &Field, stored: &Value, test: &Test) -> bool {
    match test {
        Test::Compare(Comparison::Equal, wanted) => equal(field, stored, wanted),
        Test::Compare(comparison, wanted) => {
            compare(field, stored, wanted).is_some_and(|ordering| holds(*comparison, ordering))
        }
        Test::In(values) => values.iter().any(|wanted| equal(field, stored, wanted)),
        Test::Ids(ids) => stored.as_i64().is_some_and(|id| ids.contains(&id)),
        Test::Like { pattern, ignore_case, exact } => match stored {
            Value::String(text) => like(text, pattern, *ignore_case, *exact),
            Value::Number(number) => like(&number.to_string(), pattern, *ignore_case, *exact),
            _ => false,
        },
        Test::Related { .. } => false,
    }
}

fn equal(field: &Field, stored: &Value, wanted: &Value) -> bool {
    if matches!(field.kind, Kind::Boolean) {
        return truthy(stored) == truthy(wanted);
    }
    match wanted {
        Value::Null | Value::Bool(false) => !truthy(stored),
        Value::Bool(true) => truthy(stored),
        Value::String(text) if text.is_empty() => !truthy(stored),
        _ => compare(field, stored, wanted) == Some(Ordering::Equal),
    }
}

fn compare(field: &Field, stored: &Value, wanted: &Value) -> Option<Ordering> {
    match (stored, wanted) {
        (Value::Number(stored), Value::Number(wanted)) => stored.as_f64()?.partial_cmp(&wanted.as_f64()?),
        (Value::Number(stored), Value::String(wanted)) => {
            stored.as_f64()?.partial_cmp(&wanted.trim().parse().ok()?)
        }
        (Value::Number(_), Value::Bool(_) | Value::Null) => {
            compare(field, stored, &Value::from(u8::from(truthy(wanted))))
        }
        // A day stands for its first second.
        (Value::String(stored), Value::String(wanted))
            if matches!(field.kind, Kind::Datetime) && wanted.len() == 10 =>
        {
            Some(stored.as_str().cmp(&format!("{wanted} 00:00:00")))
        }
        (Value::String(stored), Value::String(wanted)) => Some(stored.cmp(wanted)),
        (Value::String(stored), Value::Number(wanted)) => Some(stored.cmp(&wanted.to_string())),
        (Value::Bool(stored), wanted) => Some(stored.cmp(&truthy(wanted))),
        _ => None,
    }
}

fn holds(comparison: Comparison, ordering: Ordering) -> bool {
    match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

/// SQL's LIKE: `%` is any text, `_` any character, a backslash takes the next one literally.
pub(crate) fn like(text: &str, pattern: &str, ignore_case: bool, exact: bool) -> bool {
    let fold = |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
    let text: Vec<char> = fold(text).chars().collect();
    let mut tokens = Vec::new();
    if !exact {
        tokens.push(Token::Anything);
    }
    let pattern = fold(pattern);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '%' => Token::Anything,
            '_' => Token::One,
            '\\' => Token::Literal(characters.next().unwrap_or('\\')),
            other => Token::Literal(other),
        });
    }
    if !exact {
        tokens.push(Token::Anything);
    }
    pattern_matches(&text, &tokens)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Anything,
    One,
    Literal(char),
}

/// The usual walk with one point to come back to, linear but for pathological patterns.
fn pattern_matches(text: &[char], tokens: &[Token]) -> bool {
    let (mut at, mut token) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match tokens.get(token) {
            Some(Token::Anything) => {
                back = Some((token, at));
                token += 1;
                continue;
            }
            Some(Token::One) => {
                at += 1;
                token += 1;
                continue;
            }
            Some(Token::Literal(wanted)) if text.get(at) == Some(wanted) => {
                at += 1;
                token += 1;
                continue;
            }
            _ => {}
        }
        let Some((anything, from)) = back else { return false };
        back = Some((anything, from + 1));
        token = anything + 1;
        at = from + 1;
    }
    tokens.get(token..).unwrap_or_default().iter().all(|rest| *rest == Token::Anything)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, pattern: &str, exact: bool, expected: bool) {
        assert_eq!(like(text, pattern, true, exact), expected, "{text:?} like {pattern:?} (exact: {exact})");
    }

    #[test]
    fn patterns() {
        check("Nordwind Logistics", "wind", false, true);
        check("Nordwind Logistics", "WIND%ics", false, true);
        check("Nordwind Logistics", "nord%", true, true);
        check("Nordwind Logistics", "n_rd%", true, true);
        check("100% cotton", "100\\%", false, true);
        check("", "", false, true);
        check("Nordwind Logistics", "wind", true, false);
        check("Nordwind Logistics", "nord_", true, false);
        check("100 cotton", "100\\%", false, false);
        check("aaa", "%b%", true, false);
        check("", "_", true, false);
    }
}
