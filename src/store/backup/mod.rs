//! A copy of the state directory in one file, made while servers run, and put back.
//!
//! The file is a line with the digest of the manifest, the manifest as one line of JSON, and the contents
//! one after the other. Every content has its length and SHA-256 in the manifest, so that a damaged file is
//! noticed before anything is put anywhere.

mod archive;
mod collect;
mod put_back;

use std::io;

use serde::{Deserialize, Serialize};

pub use archive::{Verified, verify, write};
pub use collect::{Collected, Wanted, collect};
pub use put_back::put_back;

/// Where the copies wait until the file is complete.
const FORMAT: &str = "odoo-mcp-backup 1";

/// Why a backup was not made, or is not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("could not {what} `{name}`: {source}")]
    File {
        what: &'static str,
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("the database `{name}` could not be copied: {why}")]
    Database { name: String, why: String },
    #[error("this is no backup of odoo-mcp, or one of a newer version")]
    Foreign,
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    #[error("`{0}` is there already and not empty")]
    NotEmpty(String),
}

impl BackupError {
    fn file<'a>(what: &'static str, name: &'a str) -> impl Fn(io::Error) -> Self + 'a {
        move |source| Self::File { what, name: name.to_owned(), source }
    }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub made_at: jiff::Timestamp,
    pub program: String,
    /// Is the key that opens the sealed parts among the files?
    pub has_key: bool,
    pub files: Vec<Entry>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Below the state directory, with `/`.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

#[cfg(test)]
mod tests;
