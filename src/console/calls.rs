//! Calls of tools in the name of whoever is signed in: through the corridor, like any client's.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Console, Visit};
use crate::{approvals::CanAsk, facts::JsonObject, pipeline::RawCall, tools::Progress};

impl Console {
    /// The structured answer, or the sentence that says why there is none.
    pub(super) async fn call(&self, visit: &Visit, tool: &str, arguments: Value) -> Result<Value, String> {
        let arguments: JsonObject = match arguments {
            Value::Object(arguments) => arguments,
            _ => JsonObject::new(),
        };
        let call = RawCall {
            tool: tool.to_owned(),
            arguments,
            caller: visit.caller().clone(),
            progress: Progress::silent(),
            cancelled: CancellationToken::new(),
            can_ask: CanAsk::default(),
            answer: None,
        };
        match self.corridor.call(call).await {
            Ok(reply) if reply.is_error => Err(reply.text),
            Ok(reply) => Ok(reply.structured),
            Err(_) => Err(format!(
                "The policy does not show `{tool}` to the grant `{}`, which your account has.",
                visit.caller().grant
            )),
        }
    }
}
