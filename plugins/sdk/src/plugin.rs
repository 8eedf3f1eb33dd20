//! The trait that a plugin implements, and what it says of its steps.

use serde::Serialize;

use crate::{Answer, Context, Failure, Host};

/// A plugin. One value of it serves all runs, several of them at once, which is why it is `Sync`.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// The steps, in the order in which the manifest lists them.
    const STEPS: &'static [StepInfo];

    /// Called once when the plugin is loaded. No bill is there yet: only the log can be reached.
    fn new(host: &Host) -> Result<Self, Failure>;

    /// Does this step concern the bill? Cheap; nothing is asked of Odoo here.
    fn applies(&self, step: &str, context: &Context) -> bool {
        let _ = (step, context);
        true
    }

    /// Runs one step.
    fn execute(&self, step: &str, context: &Context, host: &Host) -> Result<Answer, Failure>;
}

/// What a run does when the step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The next step runs.
    Skip,
    /// The run stops.
    Abort,
}

/// One step. The manifest says the same; the server compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StepInfo {
    pub name: &'static str,
    /// Where among all steps it runs, 500 to 9999.
    pub sequence: u32,
    pub on_error: OnError,
    /// 100 to 600 000.
    pub timeout_ms: u32,
    pub description: &'static str,
}

impl StepInfo {
    /// A step that is skipped when it fails and may take thirty seconds.
    pub const fn new(name: &'static str, sequence: u32, description: &'static str) -> Self {
        Self { name, sequence, on_error: OnError::Skip, timeout_ms: 30_000, description }
    }

    /// The run stops when this step fails.
    #[must_use]
    pub const fn aborting(self) -> Self {
        Self { on_error: OnError::Abort, ..self }
    }

    #[must_use]
    pub const fn within_ms(self, timeout_ms: u32) -> Self {
        Self { timeout_ms, ..self }
    }
}
