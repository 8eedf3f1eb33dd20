//! A server of Ollama: its own chat, which takes a schema for the answer.

use serde_json::{Value, json};

use super::{
    LanguageError, Question, Usage,
    wire::{Answered, Wire, count, json_of},
};
use crate::facts::Secret;

pub(super) struct Ollama;

impl Wire for Ollama {
    fn path(&self) -> &'static str {
        "/api/chat"
    }

    fn headers(&self, key: Option<&Secret>) -> Vec<(&'static str, String)> {
        key.map(|key| ("authorization", format!("Bearer {}", key.reveal()))).into_iter().collect()
    }

    fn body(&self, question: &Question, model: &str, tokens: u32) -> Value {
        json!({
            "model": model,
            "stream": false,
            "format": question.answer_schema,
            "options": {"num_predict": tokens},
            "messages": [
                {"role": "system", "content": question.instructions},
                {"role": "user", "content": question.text},
            ],
        })
    }

    fn answer(&self, answer: &Value, _: &Question, tokens: u32) -> Result<Answered, LanguageError> {
        if answer.get("done_reason").and_then(Value::as_str) == Some("length") {
            return Err(LanguageError::Truncated { output_tokens_max: tokens });
        }
        let text = answer.get("message").and_then(|message| message.get("content")).and_then(Value::as_str);
        let value = json_of(text.unwrap_or_default())?;
        let usage = Usage {
            requests: 1,
            input_tokens: count(Some(answer), "prompt_eval_count"),
            output_tokens: count(Some(answer), "eval_count"),
        };
        Ok(Answered { value, usage })
    }
}
