//! The ways in which the download area can say no.

use std::io;

/// Why a file could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    #[error("the path `{shown}` cannot be used: {why}")]
    InvalidPath { shown: String, why: &'static str },
    #[error("there is a file `{path}` already")]
    FileExists { path: String },
    #[error("the file is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the download area is full: {limit} bytes are allowed for all files together")]
    AreaFull { limit: u64, keep_hours: u64 },
    #[error("the download area holds {limit} files, which is as many as it may")]
    TooManyFiles { limit: usize, keep_hours: u64 },
    #[error("there is no file `{shown}` in your download area")]
    NotFound { shown: String },
    #[error("this server keeps no files")]
    Closed,
    /// The disk, in one word: a path of this machine is nobody's business.
    #[error("the download area cannot be used: {kind}")]
    Disk { kind: io::ErrorKind },
}

impl FilesError {
    /// A short stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidPath { .. } => "invalid_path",
            Self::FileExists { .. } => "file_exists",
            Self::TooLarge { .. } => "too_large",
            Self::AreaFull { .. } | Self::TooManyFiles { .. } => "area_full",
            Self::NotFound { .. } => "not_found",
            Self::Closed | Self::Disk { .. } => "files_unavailable",
        }
    }

    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::InvalidPath { .. } => {
                "name a relative path inside the download area, such as `reports/march.pdf`".to_owned()
            }
            Self::FileExists { .. } => "nothing is overwritten; choose another `save_path`".to_owned(),
            Self::TooLarge { .. } => {
                "the operator may raise `files.file_bytes_max` in the settings".to_owned()
            }
            Self::AreaFull { keep_hours, .. } | Self::TooManyFiles { keep_hours, .. } => {
                format!("files are removed after {keep_hours} hours; until then nothing more fits")
            }
            Self::NotFound { .. } => {
                "the list of resources names the files there are; old ones are removed".to_owned()
            }
            Self::Closed => return None,
            Self::Disk { .. } => "the operator finds the state directory with `odoo-mcp doctor`".to_owned(),
        };
        Some(hint)
    }
}

impl From<io::Error> for FilesError {
    fn from(error: io::Error) -> Self {
        tracing::warn!(%error, "the download area");
        Self::Disk { kind: error.kind() }
    }
}
