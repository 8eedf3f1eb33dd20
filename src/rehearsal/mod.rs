//! Calls under a policy without any Odoo: facts are given, decided, and charged to counters in memory.
//!
//! What a rehearsal cannot know it says instead of guessing: definitions and records that nobody gave
//! are an outcome of their own. Nothing is sent, written or logged here.

mod case;
mod check;
mod effects;
mod past;
mod rebuilt;
mod stage;
mod tools;

pub use case::{Call, CaseError, CaseFile, Document, read, read_definitions};
pub use check::{Finding, Report, check};
pub use past::{Compared, Past, PastReport, Replay};
pub use stage::{Outcome, Stage};
pub use tools::{StageTools, ToolNotes};
