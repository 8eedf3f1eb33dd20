//! Decoding arguments, with errors a model can act on.

use serde_json::Value;

use super::definition::{ArgumentsError, DecodedCall, Tool};
use crate::facts::{JsonObject, nearest};

/// Longest piece of a decoder's message that goes back to the caller.
const MESSAGE_CHARS_MAX: usize = 400;

/// Turns the arguments of a call into the tool's type. Unknown names are errors with the nearest known one.
pub(super) fn decode<T: Tool>(arguments: JsonObject) -> Result<Box<dyn DecodedCall>, ArgumentsError> {
    let schema = super::schema::schema_of::<T>();
    let known: Vec<&str> = schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default();
    if let Some(unknown) = arguments.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(unknown_argument(unknown, &known));
    }
    match serde_json::from_value::<T>(Value::Object(arguments)) {
        Ok(call) => Ok(Box::new(call)),
        Err(error) => Err(ArgumentsError {
            message: shortened(&error.to_string()),
            hint: (!known.is_empty()).then(|| format!("arguments of `{}`: {}", T::NAME, known.join(", "))),
        }),
    }
}

fn unknown_argument(unknown: &str, known: &[&str]) -> ArgumentsError {
    let hint = match nearest(unknown, known.iter().copied(), 1).first() {
        Some(name) => format!("did you mean `{name}`? known arguments: {}", known.join(", ")),
        None if known.is_empty() => "this tool takes no arguments".to_owned(),
        None => format!("known arguments: {}", known.join(", ")),
    };
    ArgumentsError { message: format!("unknown argument `{}`", shortened(unknown)), hint: Some(hint) }
}

fn shortened(text: &str) -> String {
    let mut short: String =
        text.chars().take(MESSAGE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if short.len() < text.len() && text.chars().count() > MESSAGE_CHARS_MAX {
        short.push('…');
    }
    short
}
