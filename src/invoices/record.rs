//! What a run tells of itself: which steps ran, how each ended, and what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts::JsonObject;

/// One run of the steps for one bill.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RunRecord {
    /// Names the run in the journal, in the ledger and in the note on the bill.
    pub run_id: String,
    pub tenant_code: String,
    pub move_id: Option<i64>,
    pub attachment_id: Option<i64>,
    /// Every step did what it is for; false for a run that was aborted or had an error.
    pub ok: bool,
    pub status: RunStatus,
    /// An earlier run that had been interrupted was taken up again.
    pub resumed: bool,
    pub duration_ms: u64,
    pub aborted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_reason: Option<String>,
    pub final_next_step: NextStep,
    /// Which set of plugins the run used.
    pub registry_generation: u64,
    pub step_runs: Vec<StepRun>,
    /// What the steps left behind, without raw answers and without other bills.
    pub final_data: JsonObject,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Finished,
    /// To the end, with at least one step that failed and may be skipped.
    FinishedWithErrors,
    /// A step found that nothing is to be done, or that the run must not go on.
    Aborted,
    /// A step without which nothing else makes sense failed.
    Failed,
}

impl RunStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::FinishedWithErrors => "finished_with_errors",
            Self::Aborted => "aborted",
            Self::Failed => "failed",
        }
    }
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRun {
    pub step_name: String,
    pub sequence: u32,
    pub status: StepStatus,
    pub duration_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepFailure>,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// It ran before the interruption, and not again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before_interruption: bool,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    Ok,
    Skip,
    Error,
    /// It stopped the run, or the run was stopped before it.
    Abort,
}

impl StepStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skip => "skip",
            Self::Error => "error",
            Self::Abort => "abort",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Ok, Self::Skip, Self::Error, Self::Abort].into_iter().find(|status| status.name() == name)
    }
}

/// Why a step failed, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepFailure {
    /// A stable word for programs.
    pub code: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What is to be done with the bill next.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    AwaitingAttachment,
    AwaitingExtraction,
    RetryExtraction,
    AwaitingReview,
    AwaitingSkillPost,
    ReadyToPost,
    Posted,
    Cancelled,
    #[default]
    Unknown,
}
