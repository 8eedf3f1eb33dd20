//! Anthropic's Messages API. The answer is the input of a tool that the model is made to use, so that
//! it has the shape of a schema.

use serde_json::{Value, json};

use super::{
    Document, LanguageError, Question, Usage,
    wire::{Wire, count, encoded},
};
use crate::facts::Secret;

/// The version of the protocol that is spoken here.
const VERSION: &str = "2023-06-01";
/// Largest picture, as base64.
const IMAGE_BASE64_BYTES_MAX: usize = 5 * 1024 * 1024;
/// The only file that is no picture.
const PDF: &str = "application/pdf";

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

    fn check(&self, question: &Question) -> Result<(), LanguageError> {
        for document in &question.documents {
            if document.mime_type.starts_with("image/") {
                if document.bytes.len().div_ceil(3) * 4 > IMAGE_BASE64_BYTES_MAX {
                    let limit_bytes = IMAGE_BASE64_BYTES_MAX / 4 * 3;
                    return Err(LanguageError::TooLarge { what: "the picture", limit_bytes });
                }
            } else if document.mime_type != PDF {
                let mime_type = document.mime_type.clone();
                return Err(LanguageError::NoDocuments { provider: "anthropic", mime_type });
            }
        }
        Ok(())
    }

    fn body(&self, question: &Question, model: &str, tokens: u32) -> Value {
        let system = if question.caching.instructions {
            json!([text_block(&question.instructions, true)])
        } else {
            json!(question.instructions)
        };
        let mut messages = Vec::new();
        for (user, assistant) in &question.turns_before {
            let said = text_block(user, question.caching.turns_before);
            messages.push(json!({"role": "user", "content": [said]}));
            messages.push(json!({"role": "assistant", "content": assistant}));
        }
        messages.push(json!({"role": "user", "content": content(question)}));
        json!({
            "model": model,
            "max_tokens": tokens,
            "system": system,
            "messages": messages,
            "tools": [{
                "name": question.answer_name,
                "description": "Gives the answer.",
                "input_schema": question.answer_schema,
            }],
            "tool_choice": {"type": "tool", "name": question.answer_name},
        })
    }

    fn usage(&self, answer: &Value) -> Usage {
        let used = answer.get("usage");
        Usage {
            requests: 1,
            input_tokens: count(used, "input_tokens"),
            output_tokens: count(used, "output_tokens"),
            cache_read_tokens: count(used, "cache_read_input_tokens"),
            cache_creation_tokens: count(used, "cache_creation_input_tokens"),
        }
    }

    fn stop_reason<'a>(&self, answer: &'a Value) -> Option<&'a str> {
        answer.get("stop_reason").and_then(Value::as_str)
    }

    fn answer(&self, answer: &Value, question: &Question, tokens: u32) -> Result<Value, LanguageError> {
        match self.stop_reason(answer) {
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
        let input = input.filter(|input| input.is_object());
        input.cloned().ok_or(LanguageError::BadAnswer { why: "it does not use the tool" })
    }
}

/// A plain text where nothing is shown, or the documents and then the text.
fn content(question: &Question) -> Value {
    let Some(last) = question.documents.len().checked_sub(1) else { return json!(question.text) };
    let mut blocks: Vec<Value> = question
        .documents
        .iter()
        .enumerate()
        // What is kept reaches from the beginning to the mark, so one mark is enough.
        .map(|(index, document)| block(document, question.caching.documents && index == last))
        .collect();
    blocks.push(text_block(&question.text, false));
    Value::Array(blocks)
}

fn block(document: &Document, kept: bool) -> Value {
    let kind = if document.mime_type == PDF { "document" } else { "image" };
    let source = json!({"type": "base64", "media_type": document.mime_type, "data": encoded(document)});
    marked(json!({"type": kind, "source": source}), kept)
}

fn text_block(text: &str, kept: bool) -> Value {
    marked(json!({"type": "text", "text": text}), kept)
}

fn marked(mut block: Value, kept: bool) -> Value {
    if let (true, Some(block)) = (kept, block.as_object_mut()) {
        block.insert("cache_control".to_owned(), json!({"type": "ephemeral"}));
    }
    block
}

#[cfg(test)]
mod tests {
    use super::{super::Caching, *};

    fn document(mime_type: &str, size: usize) -> Document {
        Document { mime_type: mime_type.to_owned(), bytes: vec![7; size].into(), name: None }
    }

    fn question(documents: Vec<Document>) -> Question {
        let caching = Caching { documents: true, turns_before: true, instructions: false };
        Question { documents, text: "read".to_owned(), answer_name: "bill", caching, ..Question::default() }
    }

    #[test]
    fn documents_come_before_the_text_and_are_marked_once() {
        let pages = vec![document("application/pdf", 3), document("image/png", 3)];
        let mut question = question(pages);
        question.turns_before = vec![("old bills".to_owned(), "seen".to_owned())];
        let body = Anthropic.body(&question, "m", 9);
        let messages = body["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[0]["content"][0]["cache_control"]["type"], "ephemeral");
        let shown = &messages[2]["content"];
        assert_eq!((&shown[0]["type"], &shown[1]["type"]), (&json!("document"), &json!("image")));
        assert_eq!(shown[0]["source"]["data"], "BwcH");
        assert_eq!(shown[0].get("cache_control"), None);
        assert_eq!(shown[1]["cache_control"]["type"], "ephemeral");
        assert_eq!(shown[2], json!({"type": "text", "text": "read"}));
        assert_eq!(body["tools"].as_array().unwrap().len(), 1);
        assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "bill"}));
    }

    #[test]
    fn what_it_does_not_take_is_refused_before() {
        let check = |document: Document, expected: Option<&str>| {
            let found = Anthropic.check(&question(vec![document])).err();
            assert_eq!(found.map(|error| error.code()), expected);
        };
        check(document("application/pdf", 6_000_000), None);
        check(document("image/png", 3_900_000), None);
        check(document("image/png", 4_000_000), Some("language_model_too_large"));
        check(document("text/html", 10), Some("language_model_no_documents"));
    }

    #[test]
    fn tokens_of_the_cache_are_told_apart() {
        let answer = json!({"usage": {"input_tokens": 5, "output_tokens": 6, "cache_read_input_tokens": 7,
            "cache_creation_input_tokens": 8}});
        let usage = Anthropic.usage(&answer);
        let expected = Usage {
            requests: 1,
            input_tokens: 5,
            output_tokens: 6,
            cache_read_tokens: 7,
            cache_creation_tokens: 8,
        };
        assert_eq!(usage, expected);
    }
}
