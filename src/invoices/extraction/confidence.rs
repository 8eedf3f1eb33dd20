//! How sure the model says it is, as far as that can be a number.

use std::collections::BTreeMap;

use serde_json::Value;

/// Fields and numbers between 0 and 1.
pub type Confidence = BTreeMap<String, f64>;

/// Fields of one answer.
const FIELDS_MAX: usize = 50;
/// Longest name of a field.
const NAME_CHARS_MAX: usize = 60;

/// What is no number is left out; everything else is moved into 0 to 1.
pub(super) fn confidence_of(value: Option<&Value>) -> Confidence {
    let Some(Value::Object(fields)) = value else { return Confidence::new() };
    fields
        .iter()
        .filter(|(name, _)| is_name(name))
        .filter_map(|(name, value)| {
            let sure = match value {
                Value::Number(number) => number.as_f64()?,
                Value::String(text) => text.trim().parse().ok()?,
                _ => return None,
            };
            sure.is_finite().then(|| (name.clone(), sure.clamp(0.0, 1.0)))
        })
        .take(FIELDS_MAX)
        .collect()
}

fn is_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_numbers_between_nothing_and_certainty() {
        let check = |value: Value, expected: &[(&str, f64)]| {
            let expected: Confidence =
                expected.iter().map(|(name, sure)| ((*name).to_owned(), *sure)).collect();
            assert_eq!(confidence_of(Some(&value)), expected, "{value}");
        };
        check(json!({"a": 0.8, "b": "high", "c": null, "d": 1}), &[("a", 0.8), ("d", 1.0)]);
        check(json!({"a": -0.3, "b": 1.7, "c": "0.5"}), &[("a", 0.0), ("b", 1.0), ("c", 0.5)]);
        check(json!({"a": "NaN", "b": "inf", "c": [0.5], "<b>": 0.5}), &[]);
        check(json!(null), &[]);
        check(json!("sure"), &[]);
        assert!(confidence_of(None).is_empty());
    }
}
