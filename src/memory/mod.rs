//! The memory: notes that outlive a conversation, one area for each user and one for all.
//!
//! A note is a Markdown file, and the files are the truth: a person may read and change them with an
//! editor. What else is known of them (who wrote what and when, older texts, texts that were deleted)
//! lies beside them as records, and the index for searching can be thrown away at any time. Where replicas
//! share a store, notes and records are documents there, under the names that the files would have; only the
//! index stays with each server.
//!
//! Whose area is whose follows from the user alone, through a digest; no text that a caller chooses is
//! ever part of a directory's name. Whether a caller may do something is decided before this room is
//! asked; only that somebody else's shared note is changed by its author or a steward is its own rule.

mod area;
mod change;
mod error;
mod front_matter;
mod index;
mod listing;
mod moving;
mod names;
mod reading;
mod records;
mod scanner;
#[cfg(test)]
mod shared_tests;
#[cfg(test)]
mod tests;

pub use area::{Area, FOLDER, Memory};
pub use change::{Change, Changed, Outcome, WriteMode, Writer};
pub use error::MemoryError;
pub use front_matter::FrontMatter;
pub use listing::{Listed, Page, Query};
pub use moving::{KeptNote, kept_notes, put_note};
pub use names::NoteName;
pub use reading::{Note, Version};
pub use records::Deed;

pub use crate::config::MemoryLimits;
