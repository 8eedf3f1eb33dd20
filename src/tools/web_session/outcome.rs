//! What an answer of the web server means: an error, a file, or a value.

use serde_json::Value;

use crate::{
    files::StoredFile,
    markup::Page,
    odoo::PageAnswer,
    tools::{CallContext, ToolError, records::rows},
};

/// How much of an error page is read for its title.
const ERROR_PAGE_BYTES_MAX: u64 = 256 * 1024;
/// Characters of Odoo's words that go into a message.
const WORDS_CHARS_MAX: usize = 300;

/// The answer, if it is none of an error.
pub(super) async fn checked(answer: PageAnswer, was_post: bool) -> Result<PageAnswer, ToolError> {
    let status = answer.status;
    if status < 400 {
        return Ok(answer);
    }
    let (code, hint) = match status {
        400 | 405 | 415 | 422 => ("bad_request", "the route may want another method, `body` or form fields"),
        401 | 403 => ("access_denied", "the user of the session may not do this"),
        404 | 410 => ("not_found", "check the path; a missing record and one without access look the same"),
        413 => ("too_large", "the server takes no body of this size"),
        429 => ("busy", "wait, then try again"),
        _ if was_post => ("odoo_fault", "look whether the change was made before you try again"),
        _ => ("odoo_fault", "the server's log says more"),
    };
    let title = match answer.media_type() {
        "text/html" => {
            answer.text(ERROR_PAGE_BYTES_MAX).await.ok().and_then(|page| Page::parse(&page).title())
        }
        _ => None,
    };
    let title = title.map(|title| format!(": {}", shortened(&title))).unwrap_or_default();
    Err(ToolError::Stopped {
        code,
        message: format!("odoo answered with HTTP {status}{title}"),
        hint: Some(hint.to_owned()),
    })
}

/// A JSON answer; an error inside of it is an error.
pub(super) fn json(text: &str, bytes_max: usize) -> Result<Value, ToolError> {
    let value: Value = serde_json::from_str(text).map_err(|_| ToolError::Stopped {
        code: "bad_answer",
        message: "the answer says it is JSON and is none".to_owned(),
        hint: None,
    })?;
    if let Some(error) =
        value.get("error").filter(|error| error.is_object() && value.get("jsonrpc").is_some())
    {
        let words = ["/data/message", "/message"].iter().find_map(|at| error.pointer(at)?.as_str());
        return Err(ToolError::Stopped {
            code: "odoo_fault",
            message: format!("odoo answered with an error: {}", shortened(words.unwrap_or("no message"))),
            hint: None,
        });
    }
    let value = match value {
        Value::Object(mut members) if members.contains_key("jsonrpc") => {
            members.remove("result").unwrap_or_default()
        }
        other => other,
    };
    let bytes = rows::bytes_of(&value);
    if bytes > bytes_max {
        return Err(ToolError::too_large(
            format!("the answer is {bytes} bytes of JSON and `max_bytes` is {bytes_max}"),
            "raise `max_bytes`, or give a `save_path` to keep it as a file",
        ));
    }
    Ok(value)
}

/// Writes the answer into the download area while it comes.
pub(super) async fn into_file(
    mut answer: PageAnswer,
    save_path: &str,
    cx: &CallContext<'_>,
) -> Result<StoredFile, ToolError> {
    let from_path = answer.final_path.rsplit('/').next().unwrap_or_default().to_owned();
    let name = answer.file_name.clone().unwrap_or(from_path);
    let save_path = (!save_path.is_empty()).then_some(save_path);
    let mut file = cx.files().begin(&name, save_path).await?;
    if let Some(length) = answer.length {
        file.check_room(length)?;
    }
    while let Some(piece) = answer.chunk().await? {
        file.write(&piece).await?;
    }
    if let Some(length) = answer.length.filter(|length| *length != file.written()) {
        return Err(ToolError::Stopped {
            code: "bad_answer",
            message: format!("the file was to have {length} bytes and has {}", file.written()),
            hint: Some("try again; nothing was kept".to_owned()),
        });
    }
    Ok(file.finish(&answer.content_type).await?)
}

/// Odoo's own words, short and in one line.
fn shortened(words: &str) -> String {
    let line: String =
        words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_CHARS_MAX).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
