//! What a few tools need besides Odoo: a language model, where one is set up, a place for drafts, the
//! ledger of what models cost, a reader of documents, plugins, and the engine that runs bills through
//! all of them.

use std::sync::Arc;

use super::translations::Drafts;
use crate::{
    identity::Enrolments,
    invoices::{Engine, extraction::Extractor},
    language::LanguageModel,
    memory::Memory,
    plugins::Plugins,
    usage::UsageLedger,
};

/// Cheap to clone; by default there is nothing.
#[derive(Debug, Clone, Default)]
pub struct Helpers {
    pub language_model: Option<Arc<LanguageModel>>,
    pub drafts: Drafts,
    /// One-time links for programs.
    pub enrolments: Option<Enrolments>,
    /// Notes of callers; closed by default.
    pub memory: Memory,
    pub usage: Option<Arc<UsageLedger>>,
    /// Reads one document with a language model, under the budget of that ledger.
    pub extractor: Option<Extractor>,
    pub plugins: Option<Arc<Plugins>>,
    /// Runs bills through the steps.
    pub invoices: Option<Engine>,
}
