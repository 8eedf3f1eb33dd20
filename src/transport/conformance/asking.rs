//! Fixtures that talk to the client while they run: progress, log, and the questions of the older eras.
#![expect(deprecated, reason = "the suite still tests sampling and logging")]

use std::time::Duration;

use rmcp::{
    ErrorData,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities,
        CreateMessageRequestParams, ElicitRequestParams, LoggingMessageNotificationParam,
        ProgressNotificationParam,
    },
    service::ServiceError,
};
use serde_json::{Value, json};

use super::{Context, content::text, read};

/// Between two notices, so that a client can see them apart.
const PAUSE_MS: u64 = 50;

pub(super) async fn of_tool(
    request: &CallToolRequestParams,
    context: &Context,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let argument = |name: &str| -> String {
        let value = request.arguments.as_ref().and_then(|arguments| arguments.get(name));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let said = match &*request.name {
        "test_tool_with_progress" => progress(context).await,
        "test_tool_with_logging" => log(context).await,
        "test_logging_tool" if context.meta.log_level().is_some() => log(context).await,
        "test_logging_tool" => Ok("nobody listens".to_owned()),
        "test_reconnection" => {
            tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
            Ok("done".to_owned())
        }
        "test_missing_capability" => needs_sampling(context),
        "test_sampling" => sample(context, &argument("prompt")).await,
        "test_elicitation" => {
            let answer = elicit(context, &argument("message"), two_texts()).await;
            answer.map(|answer| format!("User response: {answer}"))
        }
        "test_elicitation_sep1034_defaults" => {
            let answer = elicit(context, "Please review the defaults", with_defaults()).await;
            answer.map(|answer| format!("Elicitation completed: {answer}"))
        }
        "test_elicitation_sep1330_enums" => {
            let answer = elicit(context, "Please choose", with_choices()).await;
            answer.map(|answer| format!("Elicitation completed: {answer}"))
        }
        _ => return None,
    };
    Some(said.and_then(|said| {
        read::<CallToolResult>(json!({ "content": [text(&said)], "resultType": "complete" })).map(Into::into)
    }))
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
}

async fn progress(context: &Context) -> Result<String, ErrorData> {
    for done in [0_u8, 50, 100] {
        if let Some(token) = context.meta.get_progress_token() {
            let notice = ProgressNotificationParam::new(token, f64::from(done)).with_total(100.0);
            context.peer.notify_progress(notice).await.map_err(unsent)?;
        }
        pause().await;
    }
    Ok("done".to_owned())
}

async fn log(context: &Context) -> Result<String, ErrorData> {
    for line in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        let notice: LoggingMessageNotificationParam = read(json!({ "level": "info", "data": line }))?;
        context.peer.notify_logging_message(notice).await.map_err(unsent)?;
        pause().await;
    }
    Ok("done".to_owned())
}

fn needs_sampling(context: &Context) -> Result<String, ErrorData> {
    if context.client_capabilities().is_some_and(|declared| declared.sampling.is_some()) {
        return Ok("done".to_owned());
    }
    let required: ClientCapabilities = read(json!({ "sampling": {} }))?;
    Err(ErrorData::missing_required_client_capability(required))
}

async fn sample(context: &Context, prompt: &str) -> Result<String, ErrorData> {
    let question: CreateMessageRequestParams = read(json!({ "maxTokens": 100,
        "messages": [{ "role": "user", "content": { "type": "text", "text": prompt } }] }))?;
    let answer = context.peer.create_message(question).await.map_err(unsent)?;
    let answer = json!(answer);
    Ok(format!(
        "LLM response: {}",
        answer.pointer("/content/text").and_then(Value::as_str).unwrap_or_default()
    ))
}

async fn elicit(context: &Context, message: &str, schema: Value) -> Result<String, ErrorData> {
    let question: ElicitRequestParams =
        read(json!({ "mode": "form", "message": message, "requestedSchema": schema }))?;
    let answer = json!(context.peer.create_elicitation(question).await.map_err(unsent)?);
    let action = answer.get("action").and_then(Value::as_str).unwrap_or_default();
    Ok(format!("action={action}, content={}", answer.get("content").unwrap_or(&Value::Null)))
}

fn unsent(error: ServiceError) -> ErrorData {
    match error {
        ServiceError::McpError(error) => error,
        other => ErrorData::internal_error(other.to_string(), None),
    }
}

fn two_texts() -> Value {
    json!({ "type": "object", "required": ["username", "email"], "properties": {
        "username": { "type": "string", "description": "User's response" },
        "email": { "type": "string", "description": "User's email address" },
    } })
}

fn with_defaults() -> Value {
    json!({ "type": "object", "properties": {
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    } })
}

fn with_choices() -> Value {
    let titled = |word: &str| {
        json!([
            { "const": "value1", "title": format!("First {word}") },
            { "const": "value2", "title": format!("Second {word}") },
            { "const": "value3", "title": format!("Third {word}") },
        ])
    };
    let plain = ["option1", "option2", "option3"];
    json!({ "type": "object", "properties": {
        "untitledSingle": { "type": "string", "enum": plain },
        "titledSingle": { "type": "string", "oneOf": titled("Option") },
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"] },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } },
    } })
}
