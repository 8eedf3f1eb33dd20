//! Numbers of people as they may be shown.

use jiff::civil::Date;
use serde_json::Value;

use super::bulgarian_vat::bulgarian_vat;

/// Digits of a personal number that stay readable.
const SHOWN_DIGITS: usize = 3;

/// Where an extraction holds numbers that can be those of a person.
pub(super) const PERSONAL_FIELDS: &[&str] =
    &["partner_vat", "partner_eik", "partner_personal_number", "partner_vat_candidate"];

/// All letters and digits but the last three replaced; what separates them stays.
pub fn masked(number: &str) -> String {
    let counted = number.chars().filter(|c| c.is_alphanumeric()).count();
    let hidden = counted.saturating_sub(SHOWN_DIGITS);
    let mut seen = 0;
    let hide = |c: char| {
        if !c.is_alphanumeric() {
            return c;
        }
        seen += 1;
        if seen <= hidden { '*' } else { c }
    };
    number.chars().map(hide).collect()
}

/// The text itself, or masked if it is the number of a person.
pub(super) fn shown(text: &str) -> String {
    // Which day it is changes warnings only, never the kind of a number.
    let checked = bulgarian_vat(text, Date::MAX);
    if checked.is_personal() { masked(text) } else { text.to_owned() }
}

/// A copy of an extraction for notes, logs and results: the numbers of people are masked in it.
pub fn masked_extraction(data: &Value) -> Value {
    let mut copy = data.clone();
    if let Value::Object(fields) = &mut copy {
        for field in PERSONAL_FIELDS {
            if let Some(Value::String(text)) = fields.get_mut(*field) {
                *text = shown(text);
            }
        }
    }
    copy
}
