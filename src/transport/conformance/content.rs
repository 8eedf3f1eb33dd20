//! Answers that are always the same.

use rmcp::ErrorData;
use serde_json::{Value, json};

/// A red pixel.
pub(super) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// A sound of no length.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

/// The result of a tool whose answer is fixed.
pub(super) fn of_tool(name: &str) -> Option<Result<Value, ErrorData>> {
    let content = match name {
        "test_simple_text" => json!([text("This is a simple text response for testing.")]),
        "test_image_content" => json!([{ "type": "image", "data": PNG, "mimeType": "image/png" }]),
        "test_audio_content" => json!([{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }]),
        "test_embedded_resource" => json!([{ "type": "resource", "resource": {
            "uri": "test://embedded-resource", "mimeType": "text/plain",
            "text": "This is an embedded resource content." } }]),
        "test_multiple_content_types" => json!([
            text("Multiple content types test:"),
            { "type": "image", "data": PNG, "mimeType": "image/png" },
            { "type": "resource", "resource": { "uri": "test://mixed-content-resource",
                "mimeType": "application/json", "text": "{\"test\":\"data\",\"value\":123}" } },
        ]),
        "test_error_handling" => {
            let content = [text("This tool intentionally returns an error for testing")];
            return Some(Ok(json!({ "content": content, "isError": true, "resultType": "complete" })));
        }
        "json_schema_2020_12_tool"
        | "test_custom_header"
        | "test_trigger_tool_change"
        | "test_trigger_prompt_change" => json!([text("done")]),
        _ => return None,
    };
    Some(Ok(json!({ "content": content, "resultType": "complete" })))
}

pub(super) fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

pub(super) fn of_resource(uri: &str) -> Result<Value, ErrorData> {
    let template = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
    let contents = match (uri, template) {
        ("test://static-text", _) => json!([{ "uri": uri, "mimeType": "text/plain",
            "text": "This is the content of the static text resource." }]),
        ("test://static-binary", _) => json!([{ "uri": uri, "mimeType": "image/png", "blob": PNG }]),
        (_, Some(id)) => {
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            json!([{ "uri": uri, "mimeType": "application/json", "text": data.to_string() }])
        }
        _ => return Err(ErrorData::resource_not_found("resource not found", Some(json!({ "uri": uri })))),
    };
    Ok(json!({ "contents": contents, "resultType": "complete" }))
}
