//! What the fixtures look like in lists.

use std::sync::Arc;

use rmcp::model::Tool;
use serde_json::{Value, json};

/// Gives a fixture the schema that the suite expects. Their results are content without structure,
/// so they must not promise any.
pub(super) fn dress(tool: &mut Tool) {
    if tool.name.starts_with("test_") || tool.name == "json_schema_2020_12_tool" {
        tool.output_schema = None;
    }
    let schema = match &*tool.name {
        "json_schema_2020_12_tool" => json_schema_2020_12(),
        "test_custom_header" => json!({
            "type": "object",
            "properties": { "value": { "type": "string", "x-mcp-header": "Value" } },
        }),
        "test_sampling" => one_text("prompt"),
        "test_elicitation" => one_text("message"),
        _ => return,
    };
    if let Value::Object(schema) = schema {
        tool.input_schema = Arc::new(schema);
    }
}

/// The one tool that takes an argument from a header.
pub(super) fn tool_with_header(name: &str) -> Option<Tool> {
    let mut tool = Tool::new(name.to_owned(), "", Arc::default());
    dress(&mut tool);
    (name == "test_custom_header").then_some(tool)
}

fn one_text(argument: &str) -> Value {
    json!({ "type": "object", "properties": { argument: { "type": "string" } }, "required": [argument] })
}

fn json_schema_2020_12() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": { "$anchor": "addressDef", "type": "object",
            "properties": { "street": { "type": "string" }, "city": { "type": "string" } } } },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

pub(super) fn prompts() -> Value {
    let argument = |name: &str| json!({ "name": name, "description": "Any text.", "required": true });
    let prompt = |name: &str, arguments: Value| json!({ "name": name, "description": "A fixture.", "arguments": arguments });
    json!({ "prompts": [
        prompt("test_input_required_result_prompt", json!([])),
        prompt("test_prompt_with_arguments", json!([argument("arg1"), argument("arg2")])),
        prompt("test_prompt_with_embedded_resource", json!([argument("resourceUri")])),
        prompt("test_prompt_with_image", json!([])),
        prompt("test_simple_prompt", json!([])),
    ], "resultType": "complete" })
}

pub(super) fn resources() -> Value {
    let resource = |uri: &str, kind: &str| json!({ "uri": uri, "name": uri, "description": "A fixture.", "mimeType": kind });
    json!({ "resources": [
        resource("test://static-binary", "image/png"),
        resource("test://static-text", "text/plain"),
    ], "resultType": "complete" })
}

pub(super) fn resource_templates() -> Value {
    json!({ "resourceTemplates": [{
        "uriTemplate": "test://template/{id}/data", "name": "template",
        "description": "A fixture.", "mimeType": "application/json",
    }], "resultType": "complete" })
}
