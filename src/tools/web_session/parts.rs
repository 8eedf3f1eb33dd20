//! Queries, forms and files of a request, as callers give them.

use base64::Engine as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    facts::JsonObject,
    files::safe_name,
    odoo::{FormPart, OdooError, PartContent},
    tools::{CallContext, ToolError},
};

/// Pairs of a form or a query.
const PAIRS_MAX: usize = 500;
/// Files of one form.
const FILES_MAX: usize = 20;

/// A file of a form.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FilePart {
    /// Name of the form's field, such as `ufile`.
    name: String,
    /// Path or URI of a file in your download area.
    #[serde(default)]
    path: String,
    /// The content itself, instead of a path.
    #[serde(default)]
    content_base64: String,
    /// Name that the file gets; that of the file itself when empty.
    #[serde(default)]
    file_name: String,
    /// Media type; that of the file itself when empty.
    #[serde(default)]
    content_type: String,
}

/// Names and values as text; a list is the same name several times.
pub(super) fn pairs(members: &JsonObject) -> Result<Vec<(String, String)>, OdooError> {
    let refused = |name: &str| OdooError::BadCall {
        why: format!("`{}` is no plain value", name.chars().take(60).collect::<String>()),
        hint: Some("a form or query holds texts, numbers, true and false, and lists of them".to_owned()),
    };
    let mut pairs = Vec::new();
    for (name, value) in members {
        let values = match value {
            Value::Array(items) => items.iter().map(plain).collect::<Option<Vec<_>>>(),
            Value::Null => Some(Vec::new()),
            one => plain(one).map(|one| vec![one]),
        };
        let values = values.ok_or_else(|| refused(name))?;
        pairs.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    if pairs.len() > PAIRS_MAX {
        return Err(OdooError::BadCall {
            why: format!("a form holds at most {PAIRS_MAX} values"),
            hint: None,
        });
    }
    Ok(pairs)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A form with files. Files of the download area are read while they are sent.
pub(super) async fn multipart(
    pairs: Vec<(String, String)>,
    files: &[FilePart],
    cx: &CallContext<'_>,
) -> Result<Vec<FormPart>, ToolError> {
    if files.len() > FILES_MAX {
        return Err(ToolError::arguments(format!("a form carries at most {FILES_MAX} files")));
    }
    let text = |(name, value): (String, String)| FormPart {
        name,
        file_name: None,
        content_type: None,
        content: PartContent::Bytes(value.into_bytes()),
    };
    let mut parts: Vec<FormPart> = pairs.into_iter().map(text).collect();
    for file in files {
        parts.push(part(file, cx).await?);
    }
    Ok(parts)
}

async fn part(file: &FilePart, cx: &CallContext<'_>) -> Result<FormPart, ToolError> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let named =
        |fallback: &str| safe_name(if file.file_name.is_empty() { fallback } else { &file.file_name });
    match (file.path.as_str(), file.content_base64.as_str()) {
        ("", content) => {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(content)
                .map_err(|_| ToolError::arguments("`content_base64` is no base64"))?;
            Ok(FormPart {
                name: file.name.clone(),
                file_name: Some(named("file")),
                content_type: given(&file.content_type),
                content: PartContent::Bytes(bytes),
            })
        }
        (path, "") => {
            let (source, stored) = cx.files().open(path).await?;
            Ok(FormPart {
                name: file.name.clone(),
                file_name: Some(named(&stored.name)),
                content_type: given(&file.content_type).or(Some(stored.mime_type)),
                content: PartContent::Stream { length: stored.size, source: Box::pin(source) },
            })
        }
        _ => Err(ToolError::arguments("a file is given by `path` or by `content_base64`, not by both")),
    }
}
