//! The download area: where files wait that are too large for an answer, one private folder per caller.
//!
//! A file is written under a temporary name, counted and hashed on the way, and stands under its own
//! name only when it is whole. Nothing of one caller can be reached by another: the folder follows from
//! the grant and the user, and a path inside it is checked segment by segment. What a file means, and
//! who may fetch it from Odoo, is not known here.

mod about;
mod area;
mod caller_files;
mod error;
mod kinds;
mod names;
mod new_file;
mod removal;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use area::DownloadArea;
pub use caller_files::CallerFiles;
pub use error::FilesError;
pub use kinds::{is_active_content, type_of_content, type_of_name};
pub use names::{FILES_URI, FilePath, percent_decoded, percent_encoded, safe_name};
pub use new_file::NewFile;

pub use crate::config::FileLimits;

/// A file in the download area of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredFile {
    /// The last segment of the path.
    pub name: String,
    /// The path inside the caller's download area.
    pub path: String,
    /// The resource that serves the file.
    pub uri: String,
    pub mime_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
}
