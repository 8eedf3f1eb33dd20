//! What reached the sandbox, for tests that must know.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::facts::JsonObject;

/// Older calls are forgotten beyond this many, so that a long demo does not grow.
const CALLS_MAX: usize = 10_000;

/// One call of a method, however it arrived.
#[derive(Debug, Clone, Serialize)]
pub struct ReceivedCall {
    /// Path of the route, such as `/json/2/res.partner/write`.
    pub route: String,
    pub model: String,
    pub method: String,
    /// Ids as given: JSON-2 names them, elsewhere they are the first argument of methods on records.
    pub ids: Vec<i64>,
    /// Positional arguments as given.
    pub args: Vec<Value>,
    /// Named arguments as given, the context included.
    pub kwargs: JsonObject,
    /// The user who called; 0 when nobody was logged in.
    pub user: i64,
    /// When it arrived, in RFC 3339.
    pub at: String,
    /// Whether it changed anything and the change stayed.
    pub committed: bool,
    /// Class of the exception it ended with.
    pub error: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Recorder {
    calls: Mutex<Vec<ReceivedCall>>,
}

impl Recorder {
    pub(crate) fn add(&self, call: ReceivedCall) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALLS_MAX {
            calls.drain(..CALLS_MAX / 10);
        }
        calls.push(call);
    }

    pub(crate) fn all(&self) -> Vec<ReceivedCall> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
