//! Files of bills, and which one of them is the bill.

use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::JsonObject;

const PDF: &str = "application/pdf";
const PICTURES: [&str; 5] = ["image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"];
/// A smaller picture is a logo or a signature.
const PICTURE_BYTES_MIN: u64 = 5_000;

/// A file of a bill, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Attachment {
    pub id: i64,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mimetype: Option<String>,
    /// In bytes.
    pub file_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_date: Option<String>,
    #[serde(skip)]
    pub move_id: i64,
}

impl Attachment {
    pub(super) fn of(row: &JsonObject) -> Option<Self> {
        let text = |field: &str| row.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self {
            id: row.get("id")?.as_i64()?,
            name: text("name").unwrap_or_default(),
            mimetype: text("mimetype"),
            file_size: row.get("file_size").and_then(serde_json::Value::as_u64).unwrap_or_default(),
            create_date: text("create_date"),
            move_id: row.get("res_id")?.as_i64()?,
        })
    }

    fn is(&self, mimetype: &str) -> bool {
        self.mimetype.as_deref() == Some(mimetype)
    }
}

/// Can it be read at all?
pub fn is_readable(attachment: &Attachment) -> bool {
    attachment.is(PDF) || PICTURES.iter().any(|kind| attachment.is(kind))
}

/// The file to read: the one that Odoo shows beside the bill, or the first PDF, or the first picture that
/// is no logo, or whichever can be read.
pub fn chosen(attachments: &[Attachment], main: Option<i64>) -> Option<&Attachment> {
    let readable = || attachments.iter().filter(|attachment| is_readable(attachment));
    readable()
        .find(|attachment| Some(attachment.id) == main)
        .or_else(|| readable().find(|attachment| attachment.is(PDF)))
        .or_else(|| readable().find(|attachment| attachment.file_size >= PICTURE_BYTES_MIN))
        .or_else(|| readable().next())
}
