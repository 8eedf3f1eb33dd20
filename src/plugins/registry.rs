//! The steps that plugins add: an immutable snapshot that a run keeps from its start to its end.

use std::{fmt, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{
    broker::Broker,
    calls::{self, Call, Ended, Work},
    candidate::sha256_text,
    error::PluginError,
    loaded::LoadedPlugin,
};

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
    /// Its number in the plugin.
    index: u32,
    plugin: Arc<LoadedPlugin>,
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
    /// The steps of a plugin, each holding it.
    pub(super) fn of(plugin: &Arc<LoadedPlugin>) -> Vec<Arc<Self>> {
        let manifest = &plugin.manifest;
        let provenance = Provenance {
            plugin: manifest.name.clone(),
            version: manifest.version.to_string(),
            sha256: sha256_text(manifest),
            mode: plugin.mode,
        };
        (0..)
            .zip(&manifest.steps)
            .map(|(index, step)| {
                Arc::new(Self {
                    name: step.name.clone(),
                    sequence: step.sequence,
                    on_error: step.on_error,
                    timeout: step.timeout,
                    description: step.description.clone(),
                    provenance: provenance.clone(),
                    index,
                    plugin: Arc::clone(plugin),
                })
            })
            .collect()
    }

    /// What its plugin asks for and the operator grants.
    pub fn capabilities(&self) -> Vec<String> {
        self.plugin.given.iter().map(ToString::to_string).collect()
    }

    /// Does the step concern this bill? The plugin cannot ask for anything meanwhile.
    pub async fn applies(&self, context: &Value) -> Result<bool, PluginError> {
        let never = CancellationToken::new();
        let call = self.call(Work::Applies, context, None, &never);
        match calls::run(&self.plugin, call).await? {
            Ended::Applies(applies) => Ok(applies),
            Ended::Answered(_) => Err(PluginError::BadAnswer { message: "it answers otherwise".to_owned() }),
        }
    }

    /// Runs the step within its time. Requests of the plugin go to the broker, each after its capability
    /// was checked.
    pub async fn execute(
        &self,
        context: &Value,
        broker: &dyn Broker,
        cancel: &CancellationToken,
    ) -> Result<StepAnswer, PluginError> {
        let call = self.call(Work::Execute, context, Some(broker), cancel);
        match calls::run(&self.plugin, call).await? {
            Ended::Answered(answer) => Ok(answer),
            Ended::Applies(_) => Err(PluginError::BadAnswer { message: "it answers otherwise".to_owned() }),
        }
    }

    fn call<'a>(
        &self,
        work: Work,
        context: &Value,
        broker: Option<&'a dyn Broker>,
        cancel: &'a CancellationToken,
    ) -> Call<'a> {
        Call { step: self.index, work, context: context.to_string(), timeout: self.timeout, broker, cancel }
    }
}
