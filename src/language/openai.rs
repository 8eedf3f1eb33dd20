//! Servers with the chat completions of OpenAI, among them many that run on one's own machine.

use serde_json::{Value, json};

use super::{
    LanguageError, Question, Usage,
    wire::{Answered, Wire, count, json_of},
};
use crate::facts::Secret;

pub(super) struct OpenAi;

impl Wire for OpenAi {
    fn path(&self) -> &'static str {
        "/v1/chat/completions"
    }

    fn headers(&self, key: Option<&Secret>) -> Vec<(&'static str, String)> {
        key.map(|key| ("authorization", format!("Bearer {}", key.reveal()))).into_iter().collect()
    }

    fn body(&self, question: &Question, model: &str, tokens: u32) -> Value {
        json!({
            "model": model,
            "max_tokens": tokens,
            "messages": [
                {"role": "system", "content": question.instructions},
                {"role": "user", "content": question.text},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": question.answer_name, "schema": question.answer_schema, "strict": true},
            },
        })
    }

    fn answer(&self, answer: &Value, _: &Question, tokens: u32) -> Result<Answered, LanguageError> {
        let choice = answer.get("choices").and_then(|choices| choices.get(0));
        let choice = choice.ok_or(LanguageError::BadAnswer { why: "it holds no choice" })?;
        match choice.get("finish_reason").and_then(Value::as_str) {
            Some("length") => return Err(LanguageError::Truncated { output_tokens_max: tokens }),
            Some("content_filter") => return Err(LanguageError::Declined),
            _ => {}
        }
        let message = choice.get("message");
        let text = |name: &str| message.and_then(|message| message.get(name)).and_then(Value::as_str);
        if text("refusal").is_some_and(|refusal| !refusal.is_empty()) {
            return Err(LanguageError::Declined);
        }
        let value = json_of(text("content").unwrap_or_default())?;
        let used = answer.get("usage");
        let usage = Usage {
            requests: 1,
            input_tokens: count(used, "prompt_tokens"),
            output_tokens: count(used, "completion_tokens"),
        };
        Ok(Answered { value, usage })
    }
}
