//! Decoding arguments, with errors a model can act on.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use serde_json::Value;

use super::definition::{ArgumentsError, DecodedCall, Tool};
use crate::facts::{JsonObject, nearest};

/// Longest piece of a decoder's message that goes back to the caller.
const MESSAGE_CHARS_MAX: usize = 400;

/// Turns the arguments of a call into the tool's type. Unknown names are errors with the nearest known one.
pub(super) fn decode<T: Tool>(arguments: JsonObject) -> Result<Box<dyn DecodedCall>, ArgumentsError> {
    let known = known_arguments::<T>();
    if let Some(unknown) = arguments.keys().find(|key| !known.iter().any(|name| name == *key)) {
        return Err(unknown_argument(unknown, &known));
    }
    match serde_path_to_error::deserialize::<_, T>(Value::Object(arguments)) {
        Ok(call) => {
            call.check()?;
            Ok(Box::new(call))
        }
        Err(error) => Err(wrong_argument::<T>(&error, &known)),
    }
}

/// The argument names of a tool, taken from its schema once. Reading them there keeps one truth
/// for what the client is shown and what is accepted.
fn known_arguments<T: Tool>() -> Arc<[String]> {
    type NamesByTool = HashMap<&'static str, Arc<[String]>>;
    static KNOWN: OnceLock<RwLock<NamesByTool>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    if let Some(names) = known.read().unwrap_or_else(PoisonError::into_inner).get(T::NAME) {
        return Arc::clone(names);
    }
    let schema = super::schema::schema_of::<T>();
    let names: Arc<[String]> = schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default();
    known.write().unwrap_or_else(PoisonError::into_inner).insert(T::NAME, Arc::clone(&names));
    names
}

fn unknown_argument(unknown: &str, known: &[String]) -> ArgumentsError {
    let hint = match nearest(unknown, known.iter().map(String::as_str), 1).first() {
        Some(name) => format!("did you mean `{name}`? known arguments: {}", known.join(", ")),
        None if known.is_empty() => "this tool takes no arguments".to_owned(),
        None => format!("known arguments: {}", known.join(", ")),
    };
    ArgumentsError { message: format!("unknown argument `{}`", shortened(unknown)), hint: Some(hint) }
}

fn wrong_argument<T: Tool>(
    error: &serde_path_to_error::Error<serde_json::Error>,
    known: &[String],
) -> ArgumentsError {
    let path = error.path().to_string();
    let what = shortened(&without_text(&error.inner().to_string()));
    let message = if path == "." { what } else { format!("argument `{}`: {what}", shortened(&path)) };
    let hint = (!known.is_empty()).then(|| format!("arguments of `{}`: {}", T::NAME, known.join(", ")));
    ArgumentsError { message, hint }
}

/// Takes the caller's own text out of the decoder's sentence `invalid type: string "…", expected …`:
/// a password in the wrong place must not come back.
fn without_text(message: &str) -> String {
    let Some((before, rest)) = message.split_once(": string \"") else { return message.to_owned() };
    match rest.rsplit_once("\", expected ") {
        Some((_, expected)) => format!("{before}: text, expected {expected}"),
        None => format!("{before}: text"),
    }
}

/// Text from the caller, fit for an answer: short and without control characters.
fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String =
        characters.by_ref().take(MESSAGE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tools::Catalog;

    #[track_caller]
    fn check(arguments: serde_json::Value, message: &str) {
        let tool = Catalog::new().find("odoo_search_count").expect("the tool");
        let arguments = arguments.as_object().cloned().expect("an object");
        let error = tool.entry.decode(arguments).err().expect("a refusal");
        assert!(error.message.contains(message), "{}", error.message);
        assert!(error.message.len() < 2_000);
    }

    #[test]
    fn wrong_arguments_name_the_argument() {
        check(json!({"modle": "res.partner"}), "unknown argument `modle`");
        check(json!({}), "missing field `model`");
        check(json!({"model": 5}), "argument `model`");
        check(json!({"model": null}), "argument `model`");
        check(json!({"model": "Res Partner"}), "is not a model name");
        check(json!({"model": "res.partner", "connection": "../x"}), "argument `connection`");
        check(json!({"model": "x".repeat(10_000_000)}), "is not a model name");
        check(json!({"x".repeat(10_000_000): 1}), "unknown argument");
    }
}
