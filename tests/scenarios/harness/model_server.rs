//! A language model of the tests: it speaks three protocols, answers what it was told to, and keeps
//! what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    front::{Behaviour, Front, Recorded},
    http::Message,
};

/// What it answers to one request.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// The fields of the answer, and the tokens it counts.
    Fields(Value, Tokens),
    /// The same later.
    Slowly(Duration, Box<Says>),
    /// An answer that was cut off after too many tokens.
    Truncated,
    /// It does not want to.
    Refused,
    /// An HTTP status with some text, and when to come back.
    Failed(u16, Option<u64>),
    /// Not JSON, or not an answer: the body as it is.
    Body(String),
    /// The model's text instead of the answer's own form.
    Text(String),
    /// The connection closes before any answer, which nobody knows to be counted or not.
    Cut,
    /// Half of a good answer.
    Half,
    Hangs,
}

/// Tokens that an answer counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_creation: u64,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { input: 1_500, output: 600, cache_read: 0, cache_creation: 0 }
    }
}

/// A running server. It stops when dropped.
pub(crate) struct ModelServer {
    front: Front,
    script: Arc<Mutex<Script>>,
}

struct Script {
    next: VecDeque<Says>,
    usually: Says,
}

impl ModelServer {
    /// It gives these fields to everybody.
    pub(crate) fn new(fields: Value) -> Self {
        Self::saying(Says::Fields(fields, Tokens::default()))
    }

    pub(crate) fn saying(usually: Says) -> Self {
        let script = Arc::new(Mutex::new(Script { next: VecDeque::new(), usually }));
        let front = Front::plain("127.0.0.1:1");
        let shared = Arc::clone(&script);
        front.behave(move |request| {
            let mut script = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let says = script.next.pop_front().unwrap_or_else(|| script.usually.clone());
            behaviour(&says, request)
        });
        Self { front, script }
    }

    /// The next requests get these answers, one each.
    pub(crate) fn next(&self, says: impl IntoIterator<Item = Says>) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).next.extend(says);
    }

    /// All further requests get this answer.
    pub(crate) fn usually(&self, says: Says) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).usually = says;
    }

    pub(crate) fn url(&self) -> String {
        self.front.url()
    }

    /// Everything it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.front.recorded().iter().map(Asked::of).collect()
    }

    /// Requests that it had before it at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.front.most_at_once()
    }

    pub(crate) fn forget(&self) {
        self.front.forget();
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) message: Message,
    pub(crate) body: Value,
}

impl Asked {
    fn of(recorded: &Recorded) -> Self {
        Self { message: recorded.message.clone(), body: recorded.json() }
    }

    pub(crate) fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or_default()
    }

    /// The files that were shown, with their types, whatever the protocol.
    pub(crate) fn documents(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let messages = self.body["messages"].as_array().cloned().unwrap_or_default();
        for message in &messages {
            for block in message["content"].as_array().into_iter().flatten() {
                let source = &block["source"];
                if source["type"] == "base64" {
                    found.push((text(&source["media_type"]), decoded(&source["data"])));
                }
                let url = text(&block["image_url"]["url"]);
                if let Some((kind, data)) =
                    url.strip_prefix("data:").and_then(|url| url.split_once(";base64,"))
                {
                    found.push((kind.to_owned(), decoded(&json!(data))));
                }
            }
            let images = message["images"].as_array().into_iter().flatten();
            found.extend(images.map(|image| (String::new(), decoded(image))));
        }
        found
    }

    /// The tools that it may use.
    pub(crate) fn tools(&self) -> Vec<String> {
        self.body["tools"].as_array().into_iter().flatten().map(|tool| text(&tool["name"])).collect()
    }

    /// Head and body, for searching.
    pub(crate) fn everything(&self) -> String {
        self.message.everything()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn decoded(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default()
}

fn behaviour(says: &Says, request: &Message) -> Behaviour {
    let whole = |body: &Value| answer(200, &body.to_string(), None);
    match says {
        Says::Fields(fields, tokens) => whole(&said(request, fields, *tokens)),
        Says::Slowly(time, then) => Behaviour::Later(*time, Box::new(behaviour(then, request))),
        Says::Truncated => whole(&ended(request, "max_tokens", "length")),
        Says::Refused => whole(&ended(request, "refusal", "content_filter")),
        Says::Failed(status, wait) => {
            let body = json!({"type": "error", "error": {"type": "upstream", "message": "upstream canary"}});
            answer(*status, &body.to_string(), *wait)
        }
        Says::Body(body) => answer(200, body, None),
        Says::Text(said) => whole(&as_text(request, said)),
        Says::Cut => Behaviour::CutBefore,
        Says::Half => {
            let body = said(request, &json!({}), Tokens::default()).to_string().into_bytes();
            let half = body.len() / 2;
            Behaviour::AnswerWith { status: 200, headers: Vec::new(), body, broken_after: Some(half) }
        }
        Says::Hangs => Behaviour::Hang,
    }
}

fn answer(status: u16, body: &str, wait_seconds: Option<u64>) -> Behaviour {
    let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    headers.extend(wait_seconds.map(|seconds| ("Retry-After".to_owned(), seconds.to_string())));
    Behaviour::AnswerWith { status, headers, body: body.as_bytes().to_vec(), broken_after: None }
}

/// The fields in the protocol of the request.
fn said(request: &Message, fields: &Value, tokens: Tokens) -> Value {
    let question: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    match request.path() {
        "/v1/messages" => json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": question["model"],
            "content": [{"type": "tool_use", "id": "toolu_1", "name": question["tool_choice"]["name"], "input": fields}],
            "stop_reason": "tool_use", "usage": usage(tokens),
        }),
        _ => with_tokens(as_text(request, &fields.to_string()), tokens),
    }
}

fn usage(tokens: Tokens) -> Value {
    json!({"input_tokens": tokens.input, "output_tokens": tokens.output,
        "cache_read_input_tokens": tokens.cache_read, "cache_creation_input_tokens": tokens.cache_creation})
}

fn with_tokens(mut answer: Value, tokens: Tokens) -> Value {
    answer["prompt_eval_count"] = json!(tokens.input);
    answer["eval_count"] = json!(tokens.output);
    answer["usage"] = json!({"prompt_tokens": tokens.input, "completion_tokens": tokens.output});
    answer
}

/// A text instead of the fields.
fn as_text(request: &Message, said: &str) -> Value {
    match request.path() {
        "/v1/messages" => json!({"content": [{"type": "text", "text": said}], "stop_reason": "end_turn",
            "usage": usage(Tokens::default())}),
        "/api/chat" => {
            json!({"message": {"role": "assistant", "content": said}, "done": true, "done_reason": "stop"})
        }
        _ => json!({"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}),
    }
}

/// An answer that ended for this reason: first in Anthropic's word, then in OpenAI's.
fn ended(request: &Message, anthropic: &str, openai: &str) -> Value {
    match request.path() {
        "/v1/messages" => json!({"content": [], "stop_reason": anthropic, "usage": usage(Tokens::default())}),
        "/api/chat" => json!({"message": {"content": "{"}, "done_reason": openai}),
        _ => json!({"choices": [{"message": {"content": "{"}, "finish_reason": openai}]}),
    }
}
