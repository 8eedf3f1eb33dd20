//! What was asked, decided and answered: opened before the call, closed after it.
//!
//! The file is append-only and each line holds the hash of the one before. No values of records, no
//! secrets: models, ids and field names say what was touched.

mod entry;
mod log;
mod metrics;
mod verify;

pub use entry::{CallOutcome, Closing, Opening};
pub use log::{AuditError, AuditLog, OpenEntry, OpenError};
pub use metrics::{JournalState, Metrics};
pub use verify::{ChainBreak, ChainReport, verify};

#[cfg(test)]
mod tests;
