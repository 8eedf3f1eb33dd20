//! What every provider's protocol has to say, and reading the JSON that models write.

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use serde_json::Value;

use super::{Document, LanguageError, Question, Usage};
use crate::facts::Secret;

/// One provider's protocol: pure, so that the way there is the same for all.
pub(super) trait Wire: Send + Sync {
    fn path(&self) -> &'static str;
    fn headers(&self, key: Option<&Secret>) -> Vec<(&'static str, String)>;
    /// Whether a question can be put in this protocol at all. Nothing was sent yet.
    fn check(&self, question: &Question) -> Result<(), LanguageError>;
    fn body(&self, question: &Question, model: &str, tokens: u32) -> Value;
    /// What an answer says it cost, whatever else it says.
    fn usage(&self, answer: &Value) -> Usage;
    /// Why it ended, in the provider's words.
    fn stop_reason<'a>(&self, answer: &'a Value) -> Option<&'a str>;
    fn answer(&self, answer: &Value, question: &Question, tokens: u32) -> Result<Value, LanguageError>;
}

/// Base64 of a document, as all protocols want it.
pub(super) fn encoded(document: &Document) -> String {
    BASE64.encode(&document.bytes)
}

/// For protocols that know pictures and no other files.
pub(super) fn only_pictures(question: &Question, provider: &'static str) -> Result<(), LanguageError> {
    match question.documents.iter().find(|document| !document.mime_type.starts_with("image/")) {
        None => Ok(()),
        Some(other) => Err(LanguageError::NoDocuments { provider, mime_type: other.mime_type.clone() }),
    }
}

/// A count that may be missing or odd; then nothing is known of it.
pub(super) fn count(of: Option<&Value>, name: &str) -> u64 {
    of.and_then(|of| of.get(name)).and_then(Value::as_u64).unwrap_or_default()
}

/// The object in a model's text; some put a fence around it.
pub(super) fn json_of(text: &str) -> Result<Value, LanguageError> {
    let text = text.trim();
    let inside = text.strip_prefix("```").and_then(|text| text.strip_suffix("```"));
    let text = inside.map_or(text, |inside| inside.strip_prefix("json").unwrap_or(inside)).trim();
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(LanguageError::BadAnswer { why: "it is no object" }),
        Err(_) => Err(LanguageError::BadAnswer { why: "it is not JSON" }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{anthropic::Anthropic, ollama::Ollama, openai::OpenAi},
        *,
    };

    fn question() -> Question {
        Question {
            model: None,
            instructions: "translate".to_owned(),
            text: "{}".to_owned(),
            answer_name: "translations",
            answer_schema: json!({"type": "object"}),
            output_tokens_max: 100,
            ..Question::default()
        }
    }

    #[track_caller]
    fn check(wire: &dyn Wire, answer: Value, expected: Result<(Value, u64, u64), &str>) {
        let found = wire.answer(&answer, &question(), 100);
        let usage = wire.usage(&answer);
        let found = found.map(|value| (value, usage.input_tokens, usage.output_tokens));
        assert_eq!(found.map_err(|error| error.code()), expected, "{answer}");
    }

    #[test]
    fn answers_of_each_provider_are_read() {
        let value = json!({"items": [{"number": 1, "text": "un"}]});
        let used = |block: Value, stop: &str| {
            json!({"content": [{"type": "text", "text": "here"}, block], "stop_reason": stop,
                "usage": {"input_tokens": 12, "output_tokens": 3}})
        };
        let block = json!({"type": "tool_use", "name": "translations", "input": value});
        check(&Anthropic, used(block.clone(), "tool_use"), Ok((value.clone(), 12, 3)));
        check(&Anthropic, used(block.clone(), "max_tokens"), Err("language_model_truncated"));
        check(&Anthropic, used(block, "refusal"), Err("language_model_declined"));
        let other = json!({"type": "tool_use", "name": "run", "input": value});
        check(&Anthropic, used(other, "tool_use"), Err("language_model_bad_answer"));
        check(&Anthropic, json!([]), Err("language_model_bad_answer"));

        let said = |text: &str, why: &str| json!({"message": {"content": text}, "done_reason": why, "eval_count": 3, "prompt_eval_count": 12});
        check(&Ollama, said(&value.to_string(), "stop"), Ok((value.clone(), 12, 3)));
        check(&Ollama, said(&format!("```json\n{value}\n```"), "stop"), Ok((value.clone(), 12, 3)));
        check(&Ollama, said("{\"items\": [", "length"), Err("language_model_truncated"));
        check(&Ollama, said("[1]", "stop"), Err("language_model_bad_answer"));
        check(&Ollama, json!({}), Err("language_model_bad_answer"));

        let chosen = |text: &str, why: &str| json!({"choices": [{"message": {"content": text}, "finish_reason": why}], "usage": {"prompt_tokens": 12, "completion_tokens": 3}});
        check(&OpenAi, chosen(&value.to_string(), "stop"), Ok((value, 12, 3)));
        check(&OpenAi, chosen("", "content_filter"), Err("language_model_declined"));
        check(&OpenAi, chosen("", "length"), Err("language_model_truncated"));
        check(&OpenAi, chosen("not json", "stop"), Err("language_model_bad_answer"));
        check(&OpenAi, json!({"choices": []}), Err("language_model_bad_answer"));
    }

    #[test]
    fn the_key_is_in_a_header_and_nowhere_else() {
        let key = Secret::new("canary".to_owned());
        for wire in [&Anthropic as &dyn Wire, &Ollama, &OpenAi] {
            assert!(wire.headers(Some(&key)).iter().any(|(_, value)| value.contains("canary")));
            assert!(!wire.body(&question(), "m", 5).to_string().contains("canary"));
            assert!(
                !wire.headers(None).iter().any(|(name, _)| *name == "authorization" || *name == "x-api-key")
            );
        }
    }
}
