//! Why a document is not sent.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::SanitizeReport;

/// The stable code of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// Neither a PDF file nor a picture.
    NotPdf,
    TooLarge,
    TooManyPages,
    Encrypted,
    Malformed,
    Bomb,
    Timeout,
    DynamicXfa,
    Residue,
    /// A kind of picture that no model takes: HEIC, TIFF, SVG and others.
    UnsupportedPicture,
    /// The content is of another kind than its label says.
    WrongType,
    TooManyPixels,
}

impl RefusalCode {
    pub const ALL: &'static [Self] = &[
        Self::NotPdf,
        Self::TooLarge,
        Self::TooManyPages,
        Self::Encrypted,
        Self::Malformed,
        Self::Bomb,
        Self::Timeout,
        Self::DynamicXfa,
        Self::Residue,
        Self::UnsupportedPicture,
        Self::WrongType,
        Self::TooManyPixels,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotPdf => "not_pdf",
            Self::TooLarge => "too_large",
            Self::TooManyPages => "too_many_pages",
            Self::Encrypted => "encrypted",
            Self::Malformed => "malformed",
            Self::Bomb => "bomb",
            Self::Timeout => "timeout",
            Self::DynamicXfa => "dynamic_xfa",
            Self::Residue => "residue",
            Self::UnsupportedPicture => "unsupported_picture",
            Self::WrongType => "wrong_type",
            Self::TooManyPixels => "too_many_pixels",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A document that is not sent, and what was found out about it until then.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct DocumentRefusal {
    pub code: RefusalCode,
    /// A sentence for a person: lower case, no full stop, nothing of the document's own words.
    pub message: String,
    pub report: Box<SanitizeReport>,
}

/// A refusal inside this room, before the report is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) code: RefusalCode,
    pub(super) message: String,
}

impl Stop {
    pub(super) fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::Malformed, message)
    }

    pub(super) fn bomb(message: impl Into<String>) -> Self {
        Self::new(RefusalCode::Bomb, message)
    }
}
