//! Rows for the tools that the MCP conformance suite calls by name. Never in a released binary.
//!
//! They walk the corridor like any tool and do nothing: the transport, which knows what the suite
//! wants to see, replaces their answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CallContext, Family, Tool, ToolEntry, ToolError, row};
use crate::facts::{Caller, Class, Effect, Risk};

pub(super) const FAMILY: Family = Family { name: "conformance", tools: &[TOOLS] };

/// What every row answers.
#[derive(Debug, Serialize, JsonSchema)]
struct Nothing {}

macro_rules! rows {
    ($($row:ident $name:literal { $($argument:ident),* })*) => {
        const TOOLS: &[ToolEntry] = &[$(row::<$row>()),*];
        $(
            #[derive(Debug, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields, rename_all = "camelCase")]
            #[allow(dead_code, reason = "the transport reads the arguments, the row only admits them")]
            struct $row { $(#[serde(default)] $argument: Option<Value>),* }

            impl Tool for $row {
                const NAME: &'static str = $name;
                const TITLE: &'static str = $name;
                const DESCRIPTION: &'static str = "A fixture of the conformance suite.";
                const CLASS: Class = Class::Read;
                const RISK: Risk = Risk::Low;
                type Output = Nothing;

                fn effects(&self, _: &Caller) -> Vec<Effect> {
                    Vec::new()
                }

                async fn run(self, _: &CallContext<'_>) -> Result<Nothing, ToolError> {
                    Ok(Nothing {})
                }
            }
        )*
    };
}

rows! {
    SimpleText "test_simple_text" {}
    ImageContent "test_image_content" {}
    AudioContent "test_audio_content" {}
    EmbeddedResource "test_embedded_resource" {}
    MultipleContentTypes "test_multiple_content_types" {}
    ErrorHandling "test_error_handling" {}
    WithProgress "test_tool_with_progress" {}
    WithLogging "test_tool_with_logging" {}
    Reconnection "test_reconnection" {}
    JsonSchema202012 "json_schema_2020_12_tool" { name, address, contact_method, phone, email }
    Sampling "test_sampling" { prompt }
    Elicitation "test_elicitation" { message }
    ElicitationDefaults "test_elicitation_sep1034_defaults" {}
    ElicitationEnums "test_elicitation_sep1330_enums" {}
    MissingCapability "test_missing_capability" {}
    StreamingElicitation "test_streaming_elicitation" {}
    LoggingTool "test_logging_tool" {}
    TriggerToolChange "test_trigger_tool_change" {}
    TriggerPromptChange "test_trigger_prompt_change" {}
    CustomHeader "test_custom_header" { value }
    InputElicitation "test_input_required_result_elicitation" {}
    InputSampling "test_input_required_result_sampling" {}
    InputListRoots "test_input_required_result_list_roots" {}
    InputRequestState "test_input_required_result_request_state" {}
    InputMultiple "test_input_required_result_multiple_inputs" {}
    InputMultiRound "test_input_required_result_multi_round" {}
    InputTamperedState "test_input_required_result_tampered_state" {}
    InputCapabilities "test_input_required_result_capabilities" {}
}
