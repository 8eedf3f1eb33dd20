//! Servers with the chat completions of OpenAI, among them many that run on one's own machine.

use serde_json::{Value, json};

use super::{
    LanguageError, Question, Usage,
    wire::{Wire, count, encoded, json_of, only_pictures},
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

    fn check(&self, question: &Question) -> Result<(), LanguageError> {
        only_pictures(question, "openai")
    }

    fn body(&self, question: &Question, model: &str, tokens: u32) -> Value {
        let mut messages = vec![json!({"role": "system", "content": question.instructions})];
        for (user, assistant) in &question.turns_before {
            messages.push(json!({"role": "user", "content": user}));
            messages.push(json!({"role": "assistant", "content": assistant}));
        }
        messages.push(json!({"role": "user", "content": content(question)}));
        json!({
            "model": model,
            "max_tokens": tokens,
            "messages": messages,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": question.answer_name, "schema": question.answer_schema, "strict": true},
            },
        })
    }

    fn usage(&self, answer: &Value) -> Usage {
        let used = answer.get("usage");
        let kept = count(used.and_then(|used| used.get("prompt_tokens_details")), "cached_tokens");
        Usage {
            requests: 1,
            // Here the tokens that were still known are counted among those of the prompt.
            input_tokens: count(used, "prompt_tokens").saturating_sub(kept),
            output_tokens: count(used, "completion_tokens"),
            cache_read_tokens: kept,
            cache_creation_tokens: 0,
        }
    }

    fn stop_reason<'a>(&self, answer: &'a Value) -> Option<&'a str> {
        let choice = answer.get("choices").and_then(|choices| choices.get(0));
        choice.and_then(|choice| choice.get("finish_reason")).and_then(Value::as_str)
    }

    fn answer(&self, answer: &Value, _: &Question, tokens: u32) -> Result<Value, LanguageError> {
        let choice = answer.get("choices").and_then(|choices| choices.get(0));
        let choice = choice.ok_or(LanguageError::BadAnswer { why: "it holds no choice" })?;
        match self.stop_reason(answer) {
            Some("length") => return Err(LanguageError::Truncated { output_tokens_max: tokens }),
            Some("content_filter") => return Err(LanguageError::Declined),
            _ => {}
        }
        let message = choice.get("message");
        let text = |name: &str| message.and_then(|message| message.get(name)).and_then(Value::as_str);
        if text("refusal").is_some_and(|refusal| !refusal.is_empty()) {
            return Err(LanguageError::Declined);
        }
        json_of(text("content").unwrap_or_default())
    }
}

/// A plain text where nothing is shown, or the pictures and then the text.
fn content(question: &Question) -> Value {
    if question.documents.is_empty() {
        return json!(question.text);
    }
    let mut parts: Vec<Value> = question
        .documents
        .iter()
        .map(|document| {
            let url = format!("data:{};base64,{}", document.mime_type, encoded(document));
            json!({"type": "image_url", "image_url": {"url": url}})
        })
        .collect();
    parts.push(json!({"type": "text", "text": question.text}));
    Value::Array(parts)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{
        super::{Document, ollama::Ollama},
        *,
    };

    fn question(mime_type: &str) -> Question {
        let picture =
            Document { mime_type: mime_type.to_owned(), bytes: Arc::from([1_u8, 2, 3]), name: None };
        Question { text: "read".to_owned(), documents: vec![picture], ..Question::default() }
    }

    #[test]
    fn pictures_are_shown_and_other_files_refused() {
        let body = OpenAi.body(&question("image/png"), "m", 5);
        let shown = &body["messages"][1]["content"];
        assert_eq!(shown[0]["image_url"]["url"], "data:image/png;base64,AQID");
        assert_eq!(shown[1]["text"], "read");
        let body = Ollama.body(&question("image/png"), "m", 5);
        assert_eq!(body["messages"][1]["images"], json!(["AQID"]));
        for wire in [&OpenAi as &dyn Wire, &Ollama] {
            assert!(wire.check(&question("image/png")).is_ok());
            let refused = wire.check(&question("application/pdf")).unwrap_err();
            assert_eq!(refused.code(), "language_model_no_documents");
        }
    }
}
