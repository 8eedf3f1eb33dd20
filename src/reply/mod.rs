//! Results shaped and errors worded for the client, only here.

mod error;
mod text;

use serde_json::{Value, json};

pub use error::CallError;
pub use text::compact_text;

use crate::tools::Output;

/// What a client gets for a call: the same thing twice, for programs and for reading.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Always a JSON object.
    pub structured: Value,
    pub text: String,
    pub is_error: bool,
    /// The stable word of an error.
    pub code: Option<&'static str>,
}

/// Shapes a result.
pub fn shape(output: Output) -> Reply {
    let text = output.text.unwrap_or_else(|| compact_text(&output.structured));
    Reply { structured: output.structured, text, is_error: false, code: None }
}

/// Words an error. Everything a client may know of it is in `CallError`.
pub fn word(error: &CallError) -> Reply {
    let mut structured = json!({ "code": error.code(), "message": error.message() });
    if let Some(object) = structured.as_object_mut() {
        if let Some(hint) = error.hint() {
            object.insert("hint".to_owned(), hint.into());
        }
        object.extend(error.details());
    }
    Reply { text: error.sentence(), structured, is_error: true, code: Some(error.code()) }
}
