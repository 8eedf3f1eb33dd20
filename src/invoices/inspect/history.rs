//! What the ledger knows of the extractions of one bill.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::usage::{CallRow, CallState};

/// Extractions of one bill that are told one by one; the counts are of all.
const TOLD_MAX: usize = 20;

/// One call of a model for a bill.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Extraction {
    /// Row of the usage ledger.
    pub id: i64,
    pub created_at: String,
    /// `success`, `error`, `skipped` or `lost`.
    pub state: &'static str,
    pub model: String,
    pub source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<i64>,
    pub pages: u32,
    pub duration_ms: u64,
    pub prompt_version: String,
    /// Thousandths of a euro cent; nothing where the price was not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_eur_millicents: Option<i64>,
    pub cache_hit: bool,
    pub billed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

impl Extraction {
    pub(super) fn succeeded(&self) -> bool {
        self.state == CallState::Success.name()
    }
}

/// All calls of one bill.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Newest first, as many as are told.
    pub calls: Vec<Extraction>,
    last: Option<Extraction>,
    pub successful: u64,
    pub failed: u64,
    pub cache_hits: u64,
    /// There are more calls than are told.
    pub truncated: bool,
}

impl History {
    /// By bill, from rows that are newest first.
    pub fn by_bill(rows: Vec<CallRow>) -> BTreeMap<i64, Self> {
        let mut bills: BTreeMap<i64, Self> = BTreeMap::new();
        for row in rows {
            if let Some(bill) = row.move_id {
                bills.entry(bill).or_default().add(row);
            }
        }
        bills
    }

    /// The newest call that was made; one that was decided against says nothing of the bill.
    pub fn last(&self) -> Option<&Extraction> {
        self.last.as_ref()
    }

    fn add(&mut self, row: CallRow) {
        match row.state {
            CallState::Success => self.successful += 1,
            CallState::Error | CallState::Lost => self.failed += 1,
            CallState::Skipped => {}
        }
        self.cache_hits += u64::from(row.cache_hit);
        let skipped = row.state == CallState::Skipped;
        let call = Extraction {
            id: row.id,
            created_at: row.created_at,
            state: row.state.name(),
            model: row.model,
            source: row.source,
            attachment_id: row.attachment_id,
            pages: row.pages,
            duration_ms: row.duration_ms,
            prompt_version: row.prompt_version,
            cost_eur_millicents: row.cost_known.then_some(row.cost_millicents.0),
            cache_hit: row.cache_hit,
            billed: row.billed,
            error_message: row.error_message,
        };
        if self.last.is_none() && !skipped {
            self.last = Some(call.clone());
        }
        if self.calls.len() < TOLD_MAX {
            self.calls.push(call);
        } else {
            self.truncated = true;
        }
    }
}
