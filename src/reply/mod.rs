//! Results shaped and errors worded for the client, only here.

mod error;
mod masked_paths;
mod text;

use std::sync::Arc;

use serde_json::{Value, json};

pub use error::CallError;
pub use text::compact_text;

pub use crate::secrets::without_secrets;

use crate::{
    secrets,
    tools::{Attached, Output},
};

/// What a client gets for a call: the same thing twice, for programs and for reading.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Always a JSON object.
    pub structured: Value,
    pub text: String,
    pub is_error: bool,
    /// The stable word of an error.
    pub code: Option<&'static str>,
    /// Files and pictures that go beside it.
    pub attached: Vec<Attached>,
}

/// Shapes a result. `masked` are places in it that the policy masks for this tool; secrets are masked
/// wherever they stand. The text is made from what is left.
pub fn shape(output: Output, masked: &[Arc<str>]) -> Reply {
    let Output { mut structured, text, attached } = output;
    masked_paths::mask(&mut structured, masked);
    secrets::mask_all(&mut structured);
    let text = match text {
        // A text of the tool's own may tell what is masked.
        Some(text) if masked.is_empty() => without_secrets(text),
        _ => compact_text(&structured),
    };
    Reply { structured, text, is_error: false, code: None, attached }
}

/// Words an error. Everything a client may know of it is in `CallError`, secrets apart.
pub fn word(error: &CallError) -> Reply {
    let mut structured = json!({ "code": error.code(), "message": error.message() });
    if let Some(object) = structured.as_object_mut() {
        if let Some(hint) = error.hint() {
            object.insert("hint".to_owned(), hint.into());
        }
        object.extend(error.details());
    }
    secrets::mask_all(&mut structured);
    Reply {
        text: without_secrets(error.sentence()),
        structured,
        is_error: true,
        code: Some(error.code()),
        attached: Vec::new(),
    }
}
