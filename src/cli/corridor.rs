//! Commands that call tools themselves: the same corridor, with answers as plain values.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    approvals::CanAsk,
    facts::{Arrival, Caller, JsonObject},
    pipeline::{Corridor, RawCall},
    tools::Progress,
};

/// Calls a tool as the person at the command line: the result, or the error object.
pub(super) async fn call(corridor: &Corridor, tool: &str, arguments: JsonObject) -> Result<Value, Value> {
    call_until(corridor, tool, arguments, CancellationToken::new()).await
}

/// The same, until `cancelled` fires.
pub(super) async fn call_until(
    corridor: &Corridor,
    tool: &str,
    arguments: JsonObject,
    cancelled: CancellationToken,
) -> Result<Value, Value> {
    let call = RawCall {
        tool: tool.to_owned(),
        arguments,
        caller: Caller::local(Arrival::CommandLine),
        progress: Progress::silent(),
        cancelled,
        can_ask: CanAsk::default(),
        answer: None,
    };
    match corridor.call(call).await {
        Ok(reply) if reply.is_error => Err(reply.structured),
        Ok(reply) => Ok(reply.structured),
        Err(unknown) => Err(json!({
            "code": "unknown_tool",
            "message": unknown.to_string(),
            "hint": "`odoo-mcp tools` lists the tools and what the policy says of them",
        })),
    }
}

/// The object a `json!` literal makes.
pub(super) fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}

/// An error object in one sentence, with its hint.
pub(super) fn sentence(error: &Value) -> String {
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    let message = text("message").unwrap_or("no reason was given");
    match text("hint") {
        Some(hint) => format!("{message} ({hint})"),
        None => message.to_owned(),
    }
}
