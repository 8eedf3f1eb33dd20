//! A key that is not known is an error, wherever in the file it stands.

use serde_json::{Value, json};

use super::{
    generate::{self, Dice},
    outcome::load,
};

/// Objects whose keys are names that the operator chooses.
const NAMED: &[&str] = &[
    "classes",
    "connections",
    "counters",
    "environments",
    "fields",
    "grants",
    "models",
    "pins",
    "time_windows",
    "tools",
    "values",
];

#[test]
fn an_unknown_key_at_any_depth_is_an_error() {
    let mut tried = 0;
    for seed in 0..150 {
        let policy = generate::policy(&mut Dice::new(8 << 32 | seed));
        if load(&policy).is_none() {
            continue;
        }
        let mut places = vec![String::new()];
        objects(&policy, "", &mut places);
        for place in places {
            let mut odd = policy.clone();
            let object = odd.pointer_mut(&place).unwrap().as_object_mut().unwrap();
            object.insert("zzz".to_owned(), json!(true));
            assert!(load(&odd).is_none(), "an unknown key at `{place}` loads: {odd}");
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried} places");
}

/// Every object that has members of a fixed kind. In `values` of a model the keys are fields, and
/// what stands in `value` is data.
fn objects(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let place = format!("{at}/{key}");
                if key == "value" {
                    continue;
                }
                if member.is_object() && !NAMED.contains(&key.as_str()) {
                    places.push(place.clone());
                }
                objects(member, &place, places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let place = format!("{at}/{index}");
                if item.is_object() {
                    places.push(place.clone());
                }
                objects(item, &place, places);
            }
        }
        _ => {}
    }
}
