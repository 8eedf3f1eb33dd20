//! Values that stand alone: text, numbers, choices, files.

use serde_json::{Number, Value};

use super::shown;
use crate::{facts::nearest, odoo::FieldInfo};

/// Choices that an error lists when none is near.
const CHOICES_SHOWN_MAX: usize = 12;

pub(super) fn boolean(value: &Value) -> Result<Value, String> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        other => Err(format!("it takes true or false, not {}", shown(other))),
    }
}

/// Integer columns of Odoo have 32 bits.
pub(super) fn integer(value: &Value) -> Result<Value, String> {
    let Value::Number(number) = value else {
        return Err(format!("it takes an integer, not {}", shown(value)));
    };
    let integer = number.as_i64().or_else(|| whole(number));
    match integer {
        Some(integer) if i32::try_from(integer).is_ok() => Ok(Value::from(integer)),
        Some(integer) => Err(format!("{integer} is beyond what Odoo's integers hold (32 bits)")),
        None => Err(format!("it takes an integer, not {}", shown(value))),
    }
}

/// `3.0` is meant as 3.
fn whole(number: &Number) -> Option<i64> {
    let float = number.as_f64()?;
    let in_range = float.abs() < 9e15;
    #[expect(clippy::cast_possible_truncation, reason = "the fraction is zero and the range is checked")]
    (float.fract() == 0.0 && in_range).then_some(float as i64)
}

pub(super) fn number(value: &Value) -> Result<Value, String> {
    match value {
        Value::Number(number) if number.as_f64().is_some_and(f64::is_finite) => Ok(value.clone()),
        other => Err(format!("it takes a number, not {}", shown(other))),
    }
}

pub(super) fn text(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) if text.contains('\0') => Err("Odoo cannot store a NUL character".to_owned()),
        Value::String(_) => Ok(value.clone()),
        Value::Null | Value::Bool(false) => Ok(Value::Bool(false)),
        other => Err(format!("it takes a text, or false for none, not {}", shown(other))),
    }
}

pub(super) fn choice(field: &FieldInfo, value: &Value) -> Result<Value, String> {
    let wanted = match value {
        Value::Null | Value::Bool(false) => return Ok(Value::Bool(false)),
        Value::String(wanted) => wanted.clone(),
        Value::Number(number) => number.to_string(),
        other => return Err(format!("it takes one of its keys, or false for none, not {}", shown(other))),
    };
    if field.selection.is_empty() || field.selection.iter().any(|(key, _)| *key == wanted) {
        return Ok(value.clone());
    }
    let by_label = field.selection.iter().find(|(_, label)| label.eq_ignore_ascii_case(&wanted));
    let near = match by_label {
        Some((key, _)) => vec![key.as_str()],
        None => nearest(&wanted, field.selection.iter().map(|(key, _)| key.as_str()), 3),
    };
    let (lead, keys) = if near.is_empty() {
        (
            "its keys are",
            field.selection.iter().map(|(key, _)| key.as_str()).take(CHOICES_SHOWN_MAX).collect(),
        )
    } else {
        ("did you mean", near)
    };
    let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    Err(format!("{} is none of its keys; {lead} {keys}", shown(value)))
}

pub(super) fn base64(value: &Value) -> Result<Value, String> {
    match value {
        Value::Null | Value::Bool(false) => Ok(Value::Bool(false)),
        Value::String(text) if text.starts_with("data:") => {
            Err("it takes base64 without the `data:` in front".to_owned())
        }
        Value::String(text) if is_base64(text) => Ok(value.clone()),
        Value::String(_) => Err("it takes a file as base64 text".to_owned()),
        other => Err(format!("it takes a file as base64 text, or false for none, not {}", shown(other))),
    }
}

/// The alphabet and the padding; line breaks as in mail are fine. Nothing is decoded for it.
fn is_base64(text: &str) -> bool {
    let mut count = 0_usize;
    let mut padding = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'\r' | b'\n' => continue,
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
        count += 1;
    }
    count.is_multiple_of(4) && padding <= 2
}
