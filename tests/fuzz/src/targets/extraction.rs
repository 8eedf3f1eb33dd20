//! Answers of language models: whatever they say, what comes out is the schema's and nothing else, and
//! reading it again changes nothing.

use odoo_mcp::{
    facts::Decimal,
    invoices::{
        Tolerance,
        extraction::{Parsed, declaration_totals_of, parse_bill, parse_declaration, totals_of},
    },
};
use serde_json::{Value, json};

/// Longest text of any field.
const TEXT_CHARS_MAX: usize = 500;
const AMOUNTS: &[&str] = &["amount_untaxed", "amount_tax", "amount_total", "total_vat_eur", "exchange_rate"];

pub fn run(data: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<Value>(data) else { return };
    check(&answer, parse_bill);
    check(&answer, parse_declaration);
}

fn check(answer: &Value, parse: fn(&Value) -> Parsed) {
    let parsed = parse(answer);
    let nothing = parse(&json!({}));
    let names = |parsed: &Parsed| -> Vec<String> {
        parsed.data.as_object().expect("an object").keys().cloned().collect()
    };
    assert_eq!(names(&parsed), names(&nothing), "another field than those of the schema");
    for (name, sure) in &parsed.confidence {
        assert!((0.0..=1.0).contains(sure), "{name}: {sure}");
    }
    assert!(parsed.problems.len() <= 50);
    plain(&parsed.data, 0);
    for amount in AMOUNTS {
        if let Some(Value::Number(number)) = parsed.data.get(*amount) {
            // What was believed is exact: it says the same as text.
            let decimal = Decimal::of_json(number).expect("a decimal");
            assert_eq!(Decimal::parse(&decimal.to_string()), Ok(decimal));
        }
    }
    let mut again = parsed.data.clone();
    if let Some(again) = again.as_object_mut() {
        again.insert("_confidence".to_owned(), json!(parsed.confidence));
    }
    assert_eq!(parse(&again).data, parsed.data, "reading it again changes something");
    let tolerance = Tolerance { thousandths: 20, per_line_thousandths: 5 };
    let _ = (totals_of(&parsed.data, tolerance), declaration_totals_of(&parsed.data, tolerance));
}

/// Values without structure of their own, without anything that is not seen.
fn plain(value: &Value, depth: usize) {
    assert!(depth <= 3, "deeper than the schema");
    match value {
        Value::String(text) => {
            assert!(text.chars().count() <= TEXT_CHARS_MAX);
            assert!(
                !text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)),
                "{text:?}"
            );
        }
        Value::Array(values) => values.iter().for_each(|value| plain(value, depth + 1)),
        Value::Object(values) => values.values().for_each(|value| plain(value, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
