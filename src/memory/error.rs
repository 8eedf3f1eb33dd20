//! The ways in which the memory can say no.

use std::io;

use crate::store::{DatabaseError, StoreError};

/// Why a note could not be read or changed. No text holds a path of this machine.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    #[error("`{shown}` is no name of a memory file: {why}")]
    Name { shown: String, why: &'static str },
    #[error("there is no memory file `{name}` here")]
    NotFound { name: String },
    #[error("there is no version {number} of `{name}`")]
    NoVersion { name: String, number: u64 },
    #[error("there is a memory file `{name}` already")]
    Exists { name: String },
    #[error("the name `{name}` could be taken for `{like}`, which exists")]
    Confusable { name: String, like: String },
    #[error("`{name}` is not as it was: its etag is now `{etag}`")]
    Changed { name: String, etag: String },
    #[error("`{name}` belongs to somebody else")]
    NotYours { name: String },
    #[error("a memory file has at most {limit} bytes; this one would have {size}")]
    TooLarge { size: u64, limit: u64 },
    #[error("this part of the memory holds {limit} files, which is as many as it may")]
    TooManyFiles { limit: u64 },
    #[error("this part of the memory is full: {limit} bytes are allowed for all files together")]
    Full { limit: u64 },
    #[error("the text holds {what}; the memory keeps no secrets")]
    Secret { what: &'static str },
    #[error("the text has {what}, which a memory file cannot hold")]
    NotPlain { what: &'static str },
    #[error("`{name}` is no readable text")]
    NotText { name: String },
    #[error("this cursor was not given by this server for this search")]
    Cursor,
    #[error("this server keeps no memory")]
    Closed,
    /// The disk, without its paths.
    #[error("the memory cannot be used: {why}")]
    Disk { why: String },
}

impl MemoryError {
    /// A short stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } | Self::NotPlain { .. } | Self::Cursor => "invalid_arguments",
            Self::NotFound { .. } | Self::NoVersion { .. } | Self::NotText { .. } => "not_found",
            Self::Exists { .. } | Self::Confusable { .. } | Self::Changed { .. } => "conflict",
            Self::NotYours { .. } => "not_yours",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyFiles { .. } | Self::Full { .. } => "memory_full",
            Self::Secret { .. } => "holds_secret",
            Self::Closed | Self::Disk { .. } => "memory_unavailable",
        }
    }

    /// What to try next.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Name { .. } => {
                "use letters of one script, digits, `-`, `_`, `.` and single spaces, such as `price-rules.md`"
            }
            Self::NotFound { .. } => "`memory_list` names the files there are",
            Self::NoVersion { .. } => "`memory_read` with `versions: true` names the versions that are kept",
            Self::Exists { .. } => "choose another name, or say that it may be replaced",
            Self::Confusable { .. } => "choose a name that nobody mixes up with it",
            Self::Changed { .. } => "read it again and decide anew",
            Self::NotYours { .. } => "its author or an operator can change it; write a file of your own",
            Self::TooLarge { .. } => "split it, or shorten it",
            Self::TooManyFiles { .. } | Self::Full { .. } => "delete or join files that nobody needs",
            Self::Secret { .. } => "leave the secret out; say where it is kept instead",
            Self::NotPlain { .. } => "take it out of the text",
            Self::NotText { .. } => "the operator finds the file in the state directory",
            Self::Cursor => "begin without a cursor",
            Self::Closed => return None,
            Self::Disk { .. } => "the operator finds more in the log of the server",
        })
    }
}

impl From<StoreError> for MemoryError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the memory");
        Self::Disk { why: error.source.kind().to_string() }
    }
}

impl From<io::Error> for MemoryError {
    fn from(error: io::Error) -> Self {
        tracing::warn!(%error, "the memory");
        Self::Disk { why: error.kind().to_string() }
    }
}

impl From<rusqlite::Error> for MemoryError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::warn!(%error, "the index of the memory");
        Self::Disk { why: "its index cannot be used".to_owned() }
    }
}

impl From<DatabaseError> for MemoryError {
    fn from(error: DatabaseError) -> Self {
        tracing::warn!(%error, "the index of the memory");
        Self::Disk { why: "its index cannot be used".to_owned() }
    }
}
