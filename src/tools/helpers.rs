//! What a few tools need besides Odoo: a language model, where one is set up, and a place for drafts.

use std::sync::Arc;

use super::translations::Drafts;
use crate::language::LanguageModel;

/// Cheap to clone; by default there is neither.
#[derive(Debug, Clone, Default)]
pub struct Helpers {
    pub language_model: Option<Arc<LanguageModel>>,
    pub drafts: Drafts,
}
