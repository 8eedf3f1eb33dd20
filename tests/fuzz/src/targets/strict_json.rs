//! The strict reader against two others: what it accepts has one meaning, and it refuses nothing else.

use odoo_mcp::facts::{Decimal, check_strict_json};
use serde_json::Value;

use crate::second_reader;

const DEPTH_MAX: usize = 32;

pub fn run(data: &[u8]) {
    let strict = check_strict_json(data, DEPTH_MAX);
    let lenient = serde_json::from_slice::<Value>(data);
    match (&strict, &lenient) {
        (Ok(()), Err(error)) => panic!("accepted what is no JSON: {error}"),
        (_, Err(_)) => return,
        (_, Ok(_)) => {}
    }
    let seen = second_reader::read(data);
    let inexact = seen.numbers.iter().any(|text| !is_exact(text));
    let doubtful = seen.duplicate || seen.depth > DEPTH_MAX || inexact;
    match strict {
        Ok(()) => assert!(!doubtful, "accepted with a second meaning: {seen:?}"),
        Err(errors) => assert!(doubtful, "refused without a reason: {errors:?}"),
    }
}

/// Does the number that rules see equal the number that is written?
fn is_exact(text: &str) -> bool {
    let Ok(Value::Number(number)) = serde_json::from_str(text) else { return false };
    matches!((Decimal::of_json(&number), Decimal::parse(text)), (Ok(held), Ok(written)) if held == written)
}
