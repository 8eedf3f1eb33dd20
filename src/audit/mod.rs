//! What was asked, decided and answered: opened before the call, closed after it.
//!
//! The file is append-only and each line holds the hash of the one before. No values of records, no
//! secrets: models, ids and field names say what was touched.

mod checkpoint;

mod entry;
mod files;
mod flush;
mod journal;
mod keys;
mod line;
mod log;
mod metrics;
mod pages;
mod replay;
mod state;
mod tail;
mod together;
mod turn;
mod verify;

pub use entry::{CallOutcome, Closing, Opening};
pub use journal::AuditError;
pub use log::{AuditLog, OpenEntry, OpenError};
pub use metrics::{JournalState, Metrics};
pub use pages::{LinePages, log_files};
pub use replay::{PastCall, PastCaller, PastCalls, PastEnd, past_calls};
pub use verify::{ChainBreak, ChainReport, verify, verify_shared};

#[cfg(test)]
mod tests;
