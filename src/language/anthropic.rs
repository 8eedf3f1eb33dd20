//! Anthropic's Messages API. The answer is the input of a tool that the model is made to use, so that
//! it has the shape of a schema.

use serde_json::{Value, json};

use super::{
    LanguageError, Question, Usage,
    wire::{Answered, Wire, count},
};
use crate::facts::Secret;

/// The version of the protocol that is spoken here.
const VERSION: &str = "2023-06-01";

pub(super) struct Anthropic;

impl Wire for Anthropic {
    fn path(&self) -> &'static str {
        "/v1/messages"
    }

    fn headers(&self, key: Option<&Secret>) -> Vec<(&'static str, String)> {
        let mut headers = vec![("anthropic-version", VERSION.to_owned())];
        headers.extend(key.map(|key| ("x-api-key", key.reveal().to_owned())));
        headers
    }

    fn body(&self, question: &Question, model: &str, tokens: u32) -> Value {
        json!({
            "model": model,
            "max_tokens": tokens,
            "system": question.instructions,
            "messages": [{"role": "user", "content": question.text}],
            "tools": [{
                "name": question.answer_name,
                "description": "Gives the answer.",
                "input_schema": question.answer_schema,
            }],
            "tool_choice": {"type": "tool", "name": question.answer_name},
        })
    }

    fn answer(&self, answer: &Value, question: &Question, tokens: u32) -> Result<Answered, LanguageError> {
        match answer.get("stop_reason").and_then(Value::as_str) {
            Some("max_tokens") => return Err(LanguageError::Truncated { output_tokens_max: tokens }),
            Some("refusal") => return Err(LanguageError::Declined),
            _ => {}
        }
        let blocks = answer.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_answer = |block: &&Value| {
            let text = |name: &str| block.get(name).and_then(Value::as_str);
            text("type") == Some("tool_use") && text("name") == Some(question.answer_name)
        };
        let input = blocks.iter().find(is_answer).and_then(|block| block.get("input"));
        let value = input.cloned().ok_or(LanguageError::BadAnswer { why: "it does not use the tool" })?;
        let used = answer.get("usage");
        let usage = Usage {
            requests: 1,
            input_tokens: count(used, "input_tokens"),
            output_tokens: count(used, "output_tokens"),
        };
        Ok(Answered { value, usage })
    }
}
