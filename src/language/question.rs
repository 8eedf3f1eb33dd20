//! What is asked and what comes back, whoever answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One question with one answer of a given shape.
#[derive(Debug, Clone)]
pub struct Question {
    /// One of the models of the settings; the first where none is named.
    pub model: Option<String>,
    /// What the model is told to do, by this program.
    pub instructions: String,
    /// What it is to do it with. It may hold text of anybody.
    pub text: String,
    /// What the answer is called, in letters and underscores.
    pub answer_name: &'static str,
    /// The JSON schema of the answer: an object.
    pub answer_schema: Value,
    /// Most tokens of the answer; the settings may allow fewer.
    pub output_tokens_max: u32,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// An object; whether it has the asked shape, the one who asked checks.
    pub value: Value,
    pub usage: Usage,
    /// The model that answered.
    pub model: String,
}

/// What was used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Requests that were answered.
    pub requests: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.requests += more.requests;
        self.input_tokens += more.input_tokens;
        self.output_tokens += more.output_tokens;
    }
}
