//! A server of Ollama: its own chat, which takes a schema for the answer.

use serde_json::{Value, json};

use super::{
    LanguageError, Question, Usage,
    wire::{Wire, count, encoded, json_of, only_pictures},
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

    fn check(&self, question: &Question) -> Result<(), LanguageError> {
        only_pictures(question, "ollama")
    }

    fn body(&self, question: &Question, model: &str, tokens: u32) -> Value {
        let mut messages = vec![json!({"role": "system", "content": question.instructions})];
        for (user, assistant) in &question.turns_before {
            messages.push(json!({"role": "user", "content": user}));
            messages.push(json!({"role": "assistant", "content": assistant}));
        }
        let mut last = json!({"role": "user", "content": question.text});
        let pictures: Vec<String> = question.documents.iter().map(encoded).collect();
        if let (false, Some(last)) = (pictures.is_empty(), last.as_object_mut()) {
            last.insert("images".to_owned(), json!(pictures));
        }
        messages.push(last);
        json!({
            "model": model,
            "stream": false,
            "format": question.answer_schema,
            "options": {"num_predict": tokens},
            "messages": messages,
        })
    }

    fn usage(&self, answer: &Value) -> Usage {
        Usage {
            requests: 1,
            input_tokens: count(Some(answer), "prompt_eval_count"),
            output_tokens: count(Some(answer), "eval_count"),
            ..Usage::default()
        }
    }

    fn stop_reason<'a>(&self, answer: &'a Value) -> Option<&'a str> {
        answer.get("done_reason").and_then(Value::as_str)
    }

    fn answer(&self, answer: &Value, _: &Question, tokens: u32) -> Result<Value, LanguageError> {
        if self.stop_reason(answer) == Some("length") {
            return Err(LanguageError::Truncated { output_tokens_max: tokens });
        }
        let text = answer.get("message").and_then(|message| message.get("content")).and_then(Value::as_str);
        json_of(text.unwrap_or_default())
    }
}
