//! The ways a document can stay unread.

use super::PromptVersion;
use crate::{
    documents::DocumentRefusal,
    language::{LanguageError, Usage},
    usage::{CallId, Cost, UsageError},
};

/// Why there is nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExtractionError {
    #[error("the document is not sent: {0}")]
    Document(DocumentRefusal),
    #[error("the document holds active content, and the settings refuse such documents")]
    ActiveContent,
    #[error("the document has {pages} pages; at most {pages_max} are read at once")]
    TooManyPages { pages: u32, pages_max: u32 },
    /// Nothing was reserved and nothing sent.
    #[error("other documents of this tenant were being read for {waited_ms} ms")]
    TenantBusy { waited_ms: u64 },
    #[error("{0}")]
    Usage(#[from] UsageError),
    /// Before anything was sent.
    #[error("{0}")]
    Language(#[from] LanguageError),
    /// After something was sent.
    #[error("{}", .0.error)]
    Failed(Box<FailedExtraction>),
    #[error("the reading was interrupted")]
    Interrupted,
}

/// An extraction that was sent and brought nothing. What it cost is in the ledger.
#[derive(Debug)]
pub struct FailedExtraction {
    pub error: LanguageError,
    pub call_id: CallId,
    pub model: String,
    pub pages: u32,
    pub duration_ms: u64,
    pub usage: Usage,
    pub cost: Option<Cost>,
    pub attempts: usize,
    pub prompt_version: PromptVersion,
}

impl ExtractionError {
    /// A short stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Document(refusal) => refusal.code.as_str(),
            Self::ActiveContent => "active_content",
            Self::TooManyPages { .. } => "too_many_pages",
            Self::TenantBusy { .. } => "tenant_busy",
            Self::Usage(error) => error.code(),
            Self::Language(error) => error.code(),
            Self::Failed(failed) => failed.error.code(),
            Self::Interrupted => "interrupted",
        }
    }

    /// What to try next.
    pub fn hint(&self) -> String {
        match self {
            Self::Document(_) => "give the document as a plain PDF, PNG, JPEG, GIF or WebP".to_owned(),
            Self::ActiveContent => {
                "print the document to a new PDF, or have the operator set `invoices.pdf_policy` to clean"
                    .to_owned()
            }
            Self::TooManyPages { .. } => "split the document".to_owned(),
            Self::TenantBusy { .. } => {
                "ask again later; `invoices.parallel_per_tenant` says how many are read at once".to_owned()
            }
            Self::Usage(error) => error.hint().to_owned(),
            Self::Language(error) => error.hint(),
            Self::Failed(failed) => failed.error.hint(),
            Self::Interrupted => "ask again: if it was answered, the answer was kept".to_owned(),
        }
    }

    /// What was sent and failed, with its cost.
    pub fn failed(&self) -> Option<&FailedExtraction> {
        match self {
            Self::Failed(failed) => Some(failed),
            _ => None,
        }
    }
}
