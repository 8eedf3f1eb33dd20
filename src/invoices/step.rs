//! The steps of the pipeline in the order of their sequences: those of the server that fill a bill,
//! those of plugins, and at the very end the one that posts it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{error::StepError, record::NextStep, request::Selection};
use crate::plugins::{OnError, PluginStep, Registry};

/// A step of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuiltIn {
    Probe,
    Budget,
    AlreadyExtracted,
    History,
    Extract,
    Normalize,
    LogUsage,
    WriteBack,
    Post,
}

/// A step of either kind.
#[derive(Debug, Clone)]
pub enum Step {
    BuiltIn(BuiltIn),
    Plugin(Arc<PluginStep>),
}

/// How a step went.
#[derive(Debug)]
pub(super) enum Outcome {
    Done(Value),
    /// It does not concern this bill.
    Skipped(String),
    /// Nothing after it is to run. The word is stable.
    Abort {
        reason: String,
        next: NextStep,
        output: Value,
    },
}

impl BuiltIn {
    pub const ALL: [Self; 9] = [
        Self::Probe,
        Self::Budget,
        Self::AlreadyExtracted,
        Self::History,
        Self::Extract,
        Self::Normalize,
        Self::LogUsage,
        Self::WriteBack,
        Self::Post,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe_move",
            Self::Budget => "guard_monthly_budget",
            Self::AlreadyExtracted => "guard_already_extracted",
            Self::History => "retrieve_few_shot_examples",
            Self::Extract => "extract_vision",
            Self::Normalize => "normalize_bg_fields",
            Self::LogUsage => "log_usage",
            Self::WriteBack => "write_back_move",
            Self::Post => "invoke_posting_skill",
        }
    }

    pub fn sequence(self) -> u32 {
        match self {
            Self::Probe => 10,
            Self::Budget => 15,
            Self::AlreadyExtracted => 20,
            Self::History => 50,
            Self::Extract => 100,
            Self::Normalize => 150,
            Self::LogUsage => 200,
            Self::WriteBack => 210,
            // Last of all: what a plugin's step finds can still stop it. `plugins` takes nothing above 9999.
            Self::Post => 10_000,
        }
    }

    /// What a failure means: without the bill, its budget, the document and the ledger nothing goes on.
    pub fn on_error(self) -> OnError {
        match self {
            Self::Probe | Self::Budget | Self::AlreadyExtracted | Self::Extract | Self::LogUsage => {
                OnError::Abort
            }
            // Values that were not put right are not written.
            Self::Normalize => OnError::Abort,
            Self::History | Self::WriteBack | Self::Post => OnError::Skip,
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Probe => "reads the bill and its company, and chooses the file",
            Self::Budget => "stops where the company's budget of the month is spent, and says so on the bill",
            Self::AlreadyExtracted => "stops where the bill was read, billed and written back before",
            Self::History => "looks up how earlier bills of the vendor look and where they were booked",
            Self::Extract => {
                "makes the file safe and has it read; a doubtful reading is repeated by a larger model"
            }
            Self::Normalize => "checks and puts right numbers, dates and amounts",
            Self::LogUsage => "puts the document on the ledger, once per bill",
            Self::WriteBack => "fills empty fields of a draft and leaves a note",
            Self::Post => "calls the method that posts the bill, where the settings name one",
        }
    }

    /// Does the step look first whether the bill concerns it?
    pub fn has_condition(self) -> bool {
        self != Self::Probe
    }

    pub fn is_selected(self, selection: Selection) -> bool {
        match selection {
            Selection::Pipeline | Selection::Stepwise => true,
            Selection::Extract => !matches!(self, Self::AlreadyExtracted | Self::Post),
            Selection::ExtractOnly => !matches!(self, Self::AlreadyExtracted | Self::WriteBack | Self::Post),
        }
    }

    /// What has to be done before it, whoever asks for the step alone: nothing is paid before the bill
    /// and the budget were looked at, and nothing is written that was not put right and billed.
    pub(super) fn needs(self) -> &'static [Self] {
        match self {
            Self::Probe | Self::Normalize | Self::LogUsage => &[],
            Self::Budget | Self::AlreadyExtracted | Self::History | Self::Post => &[Self::Probe],
            Self::Extract => &[Self::Probe, Self::Budget],
            Self::WriteBack => &[Self::Normalize, Self::LogUsage],
        }
    }

    /// Does it run where the run ends after the step of that name? Steps of plugins are between those
    /// that fill the bill and the one that posts it.
    pub(super) fn comes_before(self, stop_after: Option<&str>) -> bool {
        let Some(name) = stop_after else { return true };
        let last = Self::ALL.into_iter().find(|step| step.name() == name);
        last.map_or(self != Self::Post, |last| self <= last)
    }
}

impl Step {
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(step) => step.name(),
            Self::Plugin(step) => &step.name,
        }
    }

    pub fn sequence(&self) -> u32 {
        match self {
            Self::BuiltIn(step) => step.sequence(),
            Self::Plugin(step) => step.sequence,
        }
    }

    /// What has to be done before it, whoever asks for the step alone.
    pub(super) fn needs(&self) -> &'static [BuiltIn] {
        match self {
            Self::BuiltIn(step) => step.needs(),
            // A plugin is told of the bill, and may change it where it is granted.
            Self::Plugin(_) => &[BuiltIn::Probe],
        }
    }

    pub fn on_error(&self) -> OnError {
        match self {
            Self::BuiltIn(step) => step.on_error(),
            Self::Plugin(step) => step.on_error,
        }
    }
}

/// The steps of one run, from one snapshot of the registry, by sequence.
pub fn steps(registry: &Registry, selection: Selection) -> Vec<Step> {
    let own = BuiltIn::ALL.into_iter().filter(|step| step.is_selected(selection)).map(Step::BuiltIn);
    let with_plugins = matches!(selection, Selection::Pipeline | Selection::Stepwise);
    let plugins = registry.steps.iter().filter(|_| with_plugins);
    let mut steps: Vec<Step> = own.chain(plugins.map(|step| Step::Plugin(Arc::clone(step)))).collect();
    // Stable: steps of plugins with one sequence stay in the order of their names.
    steps.sort_by_key(Step::sequence);
    steps
}

/// A step as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepListed {
    pub name: String,
    pub sequence: u32,
    pub description: String,
    /// `abort` or `skip`.
    pub on_error: &'static str,
    pub has_applies_when: bool,
    pub provenance: StepProvenance,
}

/// Where a step comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepProvenance {
    /// `built_in` or `plugin`.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// `in_process` or `process`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

impl Step {
    pub fn listed(&self) -> StepListed {
        let on_error = match self.on_error() {
            OnError::Abort => "abort",
            OnError::Skip => "skip",
        };
        match self {
            Self::BuiltIn(step) => StepListed {
                name: step.name().to_owned(),
                sequence: step.sequence(),
                description: step.description().to_owned(),
                on_error,
                has_applies_when: step.has_condition(),
                provenance: StepProvenance {
                    kind: "built_in",
                    plugin: None,
                    version: None,
                    sha256: None,
                    mode: None,
                },
            },
            Self::Plugin(step) => StepListed {
                name: step.name.clone(),
                sequence: step.sequence,
                description: step.description.clone(),
                on_error,
                has_applies_when: true,
                provenance: StepProvenance {
                    kind: "plugin",
                    plugin: Some(step.provenance.plugin.clone()),
                    version: Some(step.provenance.version.clone()),
                    sha256: Some(step.provenance.sha256.clone()),
                    mode: Some(step.provenance.mode.word().to_owned()),
                },
            },
        }
    }
}

/// The shape of every step of the server.
pub(super) type StepResult = Result<Outcome, StepError>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::BUILT_IN_STEPS;

    #[test]
    fn the_steps_are_in_order_and_their_names_are_reserved() {
        let names: Vec<&str> = BuiltIn::ALL.iter().map(|step| step.name()).collect();
        assert_eq!(names, BUILT_IN_STEPS);
        assert!(BuiltIn::ALL.is_sorted_by_key(|step| step.sequence()));
        let (last, before) = BuiltIn::ALL.split_last().unwrap();
        assert!(before.iter().all(|step| step.sequence() < 500), "steps of plugins come after them");
        assert!(*last == BuiltIn::Post && last.sequence() > 9_999, "and nothing comes after posting");
    }

    #[test]
    fn a_selection_is_a_part_of_the_pipeline() {
        let names = |selection| {
            let steps = steps(&Registry::default(), selection);
            steps.iter().map(|step| step.name().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(Selection::Pipeline).split(' ').count(), 9);
        assert!(!names(Selection::ExtractOnly).contains("write_back"));
        assert!(!names(Selection::Extract).contains("posting"));
        assert!(BuiltIn::Probe.comes_before(Some("extract_vision")));
        assert!(!BuiltIn::WriteBack.comes_before(Some("extract_vision")));
        assert!(BuiltIn::WriteBack.comes_before(Some("a_plugin")));
        assert!(!BuiltIn::Post.comes_before(Some("a_plugin")));
        assert!(BuiltIn::Post.comes_before(Some("invoke_posting_skill")) && BuiltIn::Post.comes_before(None));
    }
}
