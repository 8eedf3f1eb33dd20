//! Rules for models, compiled.

use super::build::Builder;
use crate::policy::file::document::Body;

/// Everything a body says of models.
#[derive(Debug, Default)]
pub(in crate::policy) struct ModelSection {}

impl Builder<'_> {
    pub(super) fn model_section(&mut self, body: &Body) -> ModelSection {
        let _ = body;
        ModelSection::default()
    }
}
