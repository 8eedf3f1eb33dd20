//! Places in a result that a tool's rules mask: `records[*].email`, `result.lines[0].price`.
//!
//! They serve tools whose results belong to no model; fields of models have rights of their own. A
//! place that a result does not have is no error.

use std::sync::Arc;

use serde_json::{Value, json};

/// Stands for a value, whatever it is.
const MASK: &str = "***";

/// One step into a result.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Every,
    At(usize),
}

/// Masks every place that the paths name.
pub(super) fn mask(result: &mut Value, paths: &[Arc<str>]) {
    for path in paths {
        mask_at(result, &steps(path));
    }
}

fn mask_at(value: &mut Value, steps: &[Step]) {
    let Some((step, rest)) = steps.split_first() else {
        *value = json!(MASK);
        return;
    };
    match (step, value) {
        (Step::Key(key), Value::Object(members)) => {
            if let Some(member) = members.get_mut(key) {
                mask_at(member, rest);
            }
        }
        (Step::Every, Value::Array(items)) => items.iter_mut().for_each(|item| mask_at(item, rest)),
        (Step::Every, Value::Object(members)) => members.values_mut().for_each(|item| mask_at(item, rest)),
        (Step::At(place), Value::Array(items)) => {
            if let Some(item) = items.get_mut(*place) {
                mask_at(item, rest);
            }
        }
        // A name right behind a list means that of every element.
        (Step::Key(_), Value::Array(items)) => items.iter_mut().for_each(|item| mask_at(item, steps)),
        _ => {}
    }
}

/// The steps of a path; a dot inside a key is written `\.`. The policy checked the path when it was
/// loaded, so what cannot be read here cannot be in force.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut key = String::new();
    let mut characters = path.chars();
    let push = |key: &mut String, steps: &mut Vec<Step>| {
        if !key.is_empty() {
            steps.push(Step::Key(std::mem::take(key)));
        }
    };
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.extend(characters.next()),
            '.' => push(&mut key, &mut steps),
            '[' => {
                push(&mut key, &mut steps);
                let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                steps.push(inside.trim().parse().map_or(Step::Every, Step::At));
            }
            other => key.push(other),
        }
    }
    push(&mut key, &mut steps);
    // Written from the root of a result or without it.
    if steps.len() > 1 && steps.first() == Some(&Step::Key("$".to_owned())) {
        steps.remove(0);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Value) {
        let mut result = json!({
            "records": [{"id": 1, "email": "canary", "a.b": "canary"}, {"id": 2, "email": false}, 3],
            "total": 2,
            "deep": {"lines": [{"price": 5}, {"price": 6}]},
        });
        mask(&mut result, &[Arc::from(path)]);
        assert_eq!(result, expected, "{path}");
    }

    fn result(email: Value, other: Value, dotted: &str, total: Value, prices: [Value; 2]) -> Value {
        let [first, second] = prices;
        json!({
            "records": [{"id": 1, "email": email, "a.b": dotted}, {"id": 2, "email": other}, 3],
            "total": total,
            "deep": {"lines": [{"price": first}, {"price": second}]},
        })
    }

    #[test]
    fn places_are_masked_and_nothing_else() {
        let (kept, prices) = (json!("canary"), || [json!(5), json!(6)]);
        let star = json!(MASK);
        check("records[*].email", result(star.clone(), star.clone(), "canary", json!(2), prices()));
        check("records[0].email", result(star.clone(), json!(false), "canary", json!(2), prices()));
        check("records.email", result(star.clone(), star.clone(), "canary", json!(2), prices()));
        check("records[*].a\\.b", result(kept.clone(), json!(false), MASK, json!(2), prices()));
        check("total", result(kept.clone(), json!(false), "canary", star.clone(), prices()));
        check(
            "deep.lines[?].price",
            result(kept.clone(), json!(false), "canary", json!(2), [star.clone(), star]),
        );
    }

    #[test]
    fn places_that_are_not_there_do_no_harm() {
        for path in ["nobody", "records[9].email", "records[*].nobody", "total.deeper", "total[*]", ""] {
            if path.is_empty() {
                continue;
            }
            check(path, result(json!("canary"), json!(false), "canary", json!(2), [json!(5), json!(6)]));
        }
    }
}
