//! What a run is asked to do.

use serde::{Deserialize, Serialize};

use super::extraction::Tier;
use crate::usage::Source;

/// One bill, or one file without a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    pub move_id: Option<i64>,
    /// `None` chooses one.
    pub attachment_id: Option<i64>,
    pub source: Source,
    pub source_message_id: Option<String>,
    pub tier: Tier,
    pub model_override: Option<String>,
    pub selection: Selection,
    /// Nothing runs after this step.
    pub stop_after: Option<String>,
    /// Go past the budget; the tool has seen to it that the caller may.
    pub override_budget: bool,
    /// The pipeline in Odoo that asks for steps one by one.
    #[serde(default)]
    pub pipeline: Option<String>,
}

/// Which steps are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// All of them, plugins included.
    Pipeline,
    /// Read the document and fill the draft.
    Extract,
    /// Read the document.
    ExtractOnly,
    /// Those that a pipeline in Odoo names, one by one.
    Stepwise,
}

impl RunRequest {
    pub fn of_bill(move_id: i64) -> Self {
        Self {
            move_id: Some(move_id),
            attachment_id: None,
            source: Source::Upload,
            source_message_id: None,
            tier: Tier::default(),
            model_override: None,
            selection: Selection::Pipeline,
            stop_after: None,
            override_budget: false,
            pipeline: None,
        }
    }

    /// Read the document again, even where an answer was kept.
    pub fn is_forced(&self) -> bool {
        self.source == Source::Force
    }

    /// What is locked: the bill, or the file where there is none.
    pub fn subject(&self) -> String {
        match (self.move_id, self.attachment_id) {
            (Some(id), _) => format!("move:{id}"),
            (None, Some(id)) => format!("attachment:{id}"),
            (None, None) => "nothing".to_owned(),
        }
    }
}
