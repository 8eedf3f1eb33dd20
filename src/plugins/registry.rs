//! The steps that plugins add: an immutable snapshot that a run keeps from its start to its end.

use std::{fmt, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{broker::Broker, error::PluginError};

/// All steps of all plugins that are active, in the order they run in.
#[derive(Debug, Default)]
pub struct Registry {
    /// Grows by one with every registry that is published.
    pub generation: u64,
    /// By sequence, then by name.
    pub steps: Vec<Arc<PluginStep>>,
    /// What the active plugins ask for and the operator grants, each once.
    pub capabilities: Vec<String>,
}

impl Registry {
    pub fn step(&self, name: &str) -> Option<&Arc<PluginStep>> {
        self.steps.iter().find(|step| step.name == name)
    }
}

/// What an error of a step means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    Abort,
    Skip,
}

/// Where a plugin's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunMode {
    InProcess,
    Process,
}

impl RunMode {
    pub fn word(self) -> &'static str {
        match self {
            Self::InProcess => "in_process",
            Self::Process => "process",
        }
    }
}

/// Which plugin a step comes from, for journals and answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    pub plugin: String,
    pub version: String,
    pub sha256: String,
    pub mode: RunMode,
}

/// One step of a plugin.
pub struct PluginStep {
    pub name: String,
    pub sequence: u32,
    pub on_error: OnError,
    pub timeout: Duration,
    pub description: String,
    pub provenance: Provenance,
}

impl fmt::Debug for PluginStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PluginStep({} of {})", self.name, self.provenance.plugin)
    }
}

/// What a step answered, with its shape checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepAnswer {
    /// Goes to `data.plugins.<plugin>` and nowhere else.
    pub data: Map<String, Value>,
    /// Why the run is to stop here, if it is.
    pub abort: Option<String>,
    pub log: Map<String, Value>,
}

impl PluginStep {
    /// Does the step concern this bill?
    pub async fn applies(&self, _context: &Value) -> Result<bool, PluginError> {
        Err(PluginError::RestartRequired)
    }

    /// Runs the step within its time. Requests of the plugin go to the broker, each after its capability
    /// was checked.
    pub async fn execute(
        &self,
        _context: &Value,
        _broker: &dyn Broker,
        _cancel: &CancellationToken,
    ) -> Result<StepAnswer, PluginError> {
        Err(PluginError::RestartRequired)
    }
}
