//! Files of many bills.

use std::{borrow::Borrow, collections::BTreeMap};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    facts::JsonObject,
    invoices::{bill::text, files::AttachmentFacts},
};

/// A file and the bill it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Attachment {
    #[serde(flatten)]
    pub facts: AttachmentFacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_date: Option<String>,
    #[serde(skip)]
    pub move_id: i64,
}

impl Attachment {
    pub(super) fn of(row: &JsonObject) -> Option<Self> {
        Some(Self {
            facts: AttachmentFacts::of(row)?,
            create_date: text(row, "create_date"),
            move_id: row.get("res_id")?.as_i64()?,
        })
    }
}

impl Borrow<AttachmentFacts> for Attachment {
    fn borrow(&self) -> &AttachmentFacts {
        &self.facts
    }
}

/// The files of bills, each bill's in the order they came.
#[derive(Debug, Default)]
pub struct Attachments {
    pub by_bill: BTreeMap<i64, Vec<Attachment>>,
    /// There were more than are looked at.
    pub truncated: bool,
}

impl Attachments {
    pub(super) fn of_rows(rows: &[JsonObject], rows_max: u32) -> Self {
        let mut found = Self { truncated: rows.len() >= rows_max as usize, ..Self::default() };
        for attachment in rows.iter().filter_map(Attachment::of) {
            found.by_bill.entry(attachment.move_id).or_default().push(attachment);
        }
        found
    }

    pub fn of(&self, bill: i64) -> &[Attachment] {
        self.by_bill.get(&bill).map_or(&[], Vec::as_slice)
    }
}
