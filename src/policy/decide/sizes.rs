//! How large one call may be: records, value objects, rows, bytes.

use std::io;

use serde::Serialize;

use super::findings::{Findings, Said, step};
use crate::{
    facts::{Operation, RecordEffect},
    policy::{
        NextStep,
        file::document::{At64, Batch},
    },
};

/// Judges one effect: its records, its value objects and the rows it may bring back.
pub(super) fn judge_batch(batch: &Batch, shadow: bool, effect: &RecordEffect, out: &mut Findings<'_>) {
    let length = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    if let Some(most) = &batch.ids {
        let ids = effect.ids.as_ref().map_or(0, |ids| length(ids.len()));
        within(most, ids, shadow, "records", out);
    }
    if let Some(most) = &batch.values {
        within(most, length(effect.values.len()), shadow, "records to make or change", out);
    }
    if let Some(most) = &batch.rows {
        match rows(effect) {
            Some(rows) => within(most, rows, shadow, "rows", out),
            None => out.refuse(step::BATCH, Said::by(&most.at, shadow), NextStep::Narrow, || {
                format!("the call has no bound; ask for at most {} rows", most.it)
            }),
        }
    }
}

/// Judges how many bytes are sent: the arguments for a rule of tools, the values for a rule of models.
pub(super) fn judge_bytes(batch: &Batch, shadow: bool, sent: &impl Serialize, out: &mut Findings<'_>) {
    if let Some(most) = &batch.bytes {
        within(most, bytes(sent), shadow, "bytes", out);
    }
}

fn within(most: &At64, size: u64, shadow: bool, what: &str, out: &mut Findings<'_>) {
    if size > most.it {
        out.refuse(step::BATCH, Said::by(&most.at, shadow), NextStep::Narrow, || {
            format!("one call may be about {} {what} at most; this one is about {size}", most.it)
        });
    }
}

/// Most rows that can come back; nothing where there is no bound.
pub(super) fn rows(effect: &RecordEffect) -> Option<u64> {
    let named = || effect.ids.as_ref().and_then(|ids| u64::try_from(ids.len()).ok());
    match effect.operation {
        Operation::Read | Operation::Report => effect.row_bound.or_else(named),
        // A change states what it touches; what it answers is that, or nothing.
        _ => Some(effect.row_bound.unwrap_or(0)),
    }
}

/// The length of something as JSON, without writing it anywhere.
fn bytes(sent: &impl Serialize) -> u64 {
    struct Counted(u64);
    impl io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    match serde_json::to_writer(&mut counted, sent) {
        Ok(()) => counted.0,
        Err(_) => u64::MAX,
    }
}
