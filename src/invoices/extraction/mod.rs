//! Reading one document with a language model: what is asked, which model is asked, and what of its
//! answer is believed.
//!
//! A document is made safe before anybody sees it, its cost is reserved before it is sent, and an
//! answer that was paid for is used again. Nothing is written to Odoo here. Whatever the document or
//! the model says is material: it ends as values of known fields, or not at all.

mod cleaning;
mod confidence;
mod customs;
mod error;
mod fields;
mod locks;
mod parsing;
mod prompt;
mod request;
mod routing;
mod run;
mod schema;
mod settling;
mod suspicion;
mod totals;
pub(super) mod vendor;

pub use confidence::Confidence;
pub use customs::parse_declaration;
pub use error::{ExtractionError, FailedExtraction};
pub use parsing::{Parsed, parse_bill};
pub use prompt::PromptVersion;
pub use request::{Extraction, ExtractionRequest, Prepared, Tier, Wanted};
pub use routing::{routed_model, routing_models};
pub use run::{Extractor, extract};
pub use totals::{DeclarationTotals, Totals, declaration_totals_of, totals_of};
pub use vendor::{AccountShare, PastBill, PastLine, VendorContext};
