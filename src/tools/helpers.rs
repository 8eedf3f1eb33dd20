//! What a few tools need besides Odoo: a language model, where one is set up, a place for drafts, and
//! the ledger of what models cost, and a reader of documents.

use std::sync::Arc;

use super::translations::Drafts;
use crate::{invoices::extraction::Extractor, language::LanguageModel, usage::UsageLedger};

/// Cheap to clone; by default there is nothing.
#[derive(Debug, Clone, Default)]
pub struct Helpers {
    pub language_model: Option<Arc<LanguageModel>>,
    pub drafts: Drafts,
    pub usage: Option<Arc<UsageLedger>>,
    /// Reads one document with a language model, under the budget of that ledger.
    pub extractor: Option<Extractor>,
}
