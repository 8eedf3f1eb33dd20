//! What stands in the place of a value that is not shown as it is.
//!
//! A mask says nothing of its value, not even whether there is one: an empty field and a full one
//! look alike, and so do yes and no.

use serde_json::{Value, json};

use crate::{odoo::connections::Digests, policy::Shown};

/// Stands for any value.
pub(in crate::odoo) const MASK: &str = "***";
/// Last characters that are shown, of texts that are long enough to hide the rest.
const LAST_SHOWN: usize = 4;
const LAST_SHOWN_FROM_CHARS: usize = 8;

/// The value as the right lets it be seen; nothing where the field does not exist.
pub(super) fn masked(value: &Value, shown: Shown, digests: &Digests) -> Option<Value> {
    match shown {
        Shown::Plain => Some(value.clone()),
        Shown::Never => None,
        Shown::Mask => Some(json!(MASK)),
        Shown::Last4 => Some(json!(last_characters(value))),
        // Where no key can be had there is no digest either.
        Shown::Hash => Some(json!(digests.of(bare(value)).unwrap_or_else(|| MASK.to_owned()))),
    }
}

fn last_characters(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return MASK.to_owned(),
    };
    let count = text.chars().count();
    if count < LAST_SHOWN_FROM_CHARS {
        return MASK.to_owned();
    }
    let last: String = text.chars().skip(count - LAST_SHOWN).collect();
    format!("{MASK}{last}")
}

/// A many2one as its id, so that its digest is the same in every answer.
fn bare(value: &Value) -> &Value {
    match value {
        Value::Array(items) => match items.as_slice() {
            [id @ Value::Number(_), Value::String(_)] => id,
            _ => value,
        },
        Value::Object(record) => record.get("id").unwrap_or(value),
        _ => value,
    }
}
