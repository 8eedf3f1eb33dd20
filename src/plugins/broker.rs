//! What a plugin may ask the server for while a step of it runs.

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::facts::PluginRequests;

/// Answers the requests of plugins, on behalf of the run that a step belongs to. Capabilities are
/// checked before anything is asked here. The answer is the plain value; what the plugin reads,
/// `{"ok": ...}` or `{"error": ...}`, is made around it where the request came from.
pub trait Broker: Send + Sync {
    fn ask<'a>(&'a self, plugin: &'a str, request: &'a Value) -> BoxFuture<'a, Result<Value, BrokerError>>;

    /// Where requests are noted, those included that are refused before they are asked here.
    fn requests(&self) -> Option<&PluginRequests> {
        None
    }
}

/// Why a request of a plugin got no answer; the plugin sees both parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BrokerError {
    pub code: String,
    pub message: String,
}

impl BrokerError {
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}
