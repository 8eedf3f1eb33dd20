//! What becomes of an attachment when it is made or changed: its type, its checksum, and text where markup would run.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    facts::{JsonObject, hex},
    sandbox::env::{ADMIN, Env},
};

/// Types that names stand for, as far as tests need them.
const ENDINGS: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("svg", "image/svg+xml"),
    ("xml", "text/xml"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
];

/// Fills in what Odoo finds out by itself.
pub(super) fn prepare(env: &Env<'_>, id: Option<i64>, given: &mut JsonObject) {
    if let Some(raw) = given.shift_remove("raw") {
        given.insert("datas".to_owned(), raw);
    }
    let content = given.get("datas").and_then(Value::as_str).map(str::to_owned);
    if let Some(content) = &content {
        given.insert("checksum".to_owned(), checksum(content));
    }
    if id.is_none() || content.is_some() {
        let kind = kind(given, content.as_deref().unwrap_or_default());
        let is_markup = kind.contains("ht") || kind.contains("xml") && !kind.contains("openxmlformats");
        // Whoever may change views may store pages.
        let kind = if is_markup && env.uid != ADMIN { "text/plain".to_owned() } else { kind };
        given.insert("mimetype".to_owned(), json!(kind));
    }
}

/// SHA-1 of what base64 stands for.
pub(crate) fn checksum(content: &str) -> Value {
    let bytes = STANDARD.decode(content).unwrap_or_default();
    if bytes.is_empty() {
        return Value::Bool(false);
    }
    json!(hex(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes).as_ref()))
}

fn kind(given: &JsonObject, content: &str) -> String {
    if let Some(Value::String(kind)) = given.get("mimetype")
        && !kind.is_empty()
    {
        return kind.to_lowercase();
    }
    let name = given.get("name").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    if let Some((_, kind)) = ENDINGS.iter().find(|(known, _)| Some(*known) == ending) {
        return (*kind).to_owned();
    }
    // Enough letters for every mark below.
    let head = STANDARD.decode(content.get(..64.min(content.len())).unwrap_or_default()).unwrap_or_default();
    let kind = match head.as_slice() {
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, ..] => "image/jpeg",
        [b'P', b'K', 3, 4, ..] => "application/zip",
        [] => "application/octet-stream",
        text if text.iter().all(|byte| (0x20..0x7f).contains(byte) || byte.is_ascii_whitespace()) => {
            "text/plain"
        }
        _ => "application/octet-stream",
    };
    kind.to_owned()
}
