//! Makes a disagreement small: whatever can be left out of the policy or the call is left out.

use serde_json::Value;

use super::{look::list, outcome::load, random::compare};

/// Prints the smallest pair that still disagrees, and fails.
pub(super) fn report(seed: u64, policy: &Value, call: &Value) -> ! {
    let disagree = |policy: &Value, call: &Value| {
        load(policy).is_some_and(|loaded| compare(policy, &loaded, call).is_err())
    };
    let policy = smallest(policy.clone(), |policy| disagree(policy, call));
    let call = smallest(call.clone(), |call| {
        // Leaving out what a call must have breaks the comparison itself, which says nothing.
        ["/args", "/effects"].iter().all(|part| call.pointer(part).is_some())
            && still_a_call(call)
            && disagree(&policy, call)
    });
    let why = compare(&policy, &load(&policy).unwrap(), &call).unwrap_err();
    panic!("case {seed}: {why}\npolicy: {policy}\ncall: {call}");
}

fn still_a_call(call: &Value) -> bool {
    let has = |value: &Value, keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
    let effect = ["model", "op", "method", "connection", "part", "context"];
    let used = ["model", "field", "how"];
    has(call, &["tool", "tool_class", "class", "day", "minute", "user", "grant"])
        && call["effects"].as_array().unwrap().iter().all(|one| {
            has(one, &["change", "connection"])
                || (has(one, &effect) && list(one, "uses").iter().all(|one| has(one, &used)))
        })
}

fn smallest(mut value: Value, mut still: impl FnMut(&Value) -> bool) -> Value {
    loop {
        let mut places = Vec::new();
        collect(&value, "", &mut places);
        let without = places.iter().find_map(|place| {
            let mut tried = value.clone();
            remove(&mut tried, place);
            still(&tried).then_some(tried)
        });
        match without {
            Some(tried) => value = tried,
            None => return value,
        }
    }
}

/// Every place that can be left out, the large ones first.
fn collect(value: &Value, at: &str, places: &mut Vec<String>) {
    let mut below = Vec::new();
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                below.push((format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), member));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                below.push((format!("{at}/{index}"), item));
            }
        }
        _ => {}
    }
    places.extend(below.iter().map(|(place, _)| place.clone()));
    for (place, member) in below {
        collect(member, &place, places);
    }
}

fn remove(value: &mut Value, place: &str) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => drop(items.remove(key.parse().unwrap())),
        _ => {}
    }
}
