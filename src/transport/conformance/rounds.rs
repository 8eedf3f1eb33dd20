//! Fixtures of 2026-07-28 that ask the user by returning what they still need.

use ring::{hmac, rand::SystemRandom};
use rmcp::{
    ErrorData,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, GetPromptRequestParams, GetPromptResponse,
        GetPromptResult, InputRequiredResult, InputResponses,
    },
};
use serde_json::{Value, json};

use super::{
    Context,
    content::{PNG, text},
    read,
};
use crate::facts::{from_hex, hex};

/// What one round asks for.
pub(super) struct Round {
    /// Requests to the client by key.
    inputs: Value,
    /// Whether the client must bring back a signed state.
    stateful: bool,
}

pub(super) fn new_key() -> hmac::Key {
    let random = SystemRandom::new();
    // Without randomness the states of this test server would be guessable, no more.
    hmac::Key::generate(hmac::HMAC_SHA256, &random)
        .unwrap_or_else(|_| hmac::Key::new(hmac::HMAC_SHA256, b"none"))
}

/// The rounds of a fixture tool, if it has any.
pub(super) fn of_tool(name: &str, context: &Context) -> Option<Vec<Round>> {
    let plain = |inputs| vec![Round { inputs, stateful: false }];
    let stateful = |inputs| Round { inputs, stateful: true };
    let rounds = match name {
        "test_input_required_result_elicitation" | "test_streaming_elicitation" => {
            plain(json!({ "user_name": form("What is your name?", "name", "string") }))
        }
        "test_input_required_result_sampling" => {
            plain(json!({ "capital_question": sample("What is the capital of France?", 100) }))
        }
        "test_input_required_result_list_roots" => plain(json!({ "client_roots": roots() })),
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            vec![stateful(json!({ "confirm": form("Please confirm", "ok", "boolean") }))]
        }
        "test_input_required_result_multiple_inputs" => vec![stateful(json!({
            "user_name": form("What is your name?", "name", "string"),
            "greeting": sample("Generate a greeting", 50),
            "client_roots": roots(),
        }))],
        "test_input_required_result_multi_round" => vec![
            stateful(json!({ "step1": form("Step 1: What is your name?", "name", "string") })),
            stateful(json!({ "step2": form("Step 2: What is your favorite color?", "color", "string") })),
        ],
        "test_input_required_result_capabilities" => {
            let declared = context.client_capabilities().unwrap_or_default();
            let mut inputs = json!({});
            if declared.sampling.is_some() {
                inputs = json!({ "question": sample("Say anything", 50) });
            } else if declared.elicitation.is_some() {
                inputs = json!({ "question": form("Say anything", "name", "string") });
            }
            plain(inputs)
        }
        _ => return None,
    };
    Some(rounds)
}

pub(super) fn play_tool(
    key: &hmac::Key,
    name: &str,
    rounds: &[Round],
    request: &CallToolRequestParams,
) -> Result<CallToolResponse, ErrorData> {
    let state = request.request_state.as_deref();
    match play(key, name, rounds, state, request.input_responses.as_ref())? {
        Some(asks) => Ok(asks.into()),
        None => {
            let responses = json!(request.input_responses);
            let who = responses.pointer("/user_name/content/name").and_then(Value::as_str).unwrap_or("you");
            let said = format!("Hello, {who}! state-ok {responses}");
            read::<CallToolResult>(json!({ "content": [text(&said)], "resultType": "complete" }))
                .map(Into::into)
        }
    }
}

pub(super) fn play_prompt(
    key: &hmac::Key,
    request: &GetPromptRequestParams,
) -> Result<GetPromptResponse, ErrorData> {
    let argument = |name: &str| -> String {
        let value = request.arguments.as_ref().and_then(|arguments| arguments.get(name));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let contents = match &*request.name {
        "test_simple_prompt" => json!([text("This is a simple prompt for testing.")]),
        "test_prompt_with_arguments" => {
            let (first, second) = (argument("arg1"), argument("arg2"));
            json!([text(&format!("Prompt with arguments: arg1='{first}', arg2='{second}'"))])
        }
        "test_prompt_with_embedded_resource" => json!([
            { "type": "resource", "resource": { "uri": argument("resourceUri"), "mimeType": "text/plain",
                "text": "Embedded resource content for testing." } },
            text("Please process the embedded resource above."),
        ]),
        "test_prompt_with_image" => json!([
            { "type": "image", "data": PNG, "mimeType": "image/png" },
            text("Please analyze the image above."),
        ]),
        "test_input_required_result_prompt" => {
            let inputs =
                json!({ "user_context": form("What context should the prompt use?", "context", "string") });
            let rounds = [Round { inputs, stateful: false }];
            if let Some(asks) = play(key, &request.name, &rounds, None, request.input_responses.as_ref())? {
                return Ok(asks.into());
            }
            json!([text("The context was given.")])
        }
        _ => return Err(ErrorData::invalid_params("unknown prompt", None)),
    };
    let said = contents.as_array().into_iter().flatten();
    let messages: Vec<Value> = said.map(|content| json!({ "role": "user", "content": content })).collect();
    read::<GetPromptResult>(json!({ "messages": messages, "resultType": "complete" })).map(Into::into)
}

/// What is still to be asked; `None` when every round is answered.
fn play(
    key: &hmac::Key,
    name: &str,
    rounds: &[Round],
    state: Option<&str>,
    responses: Option<&InputResponses>,
) -> Result<Option<InputRequiredResult>, ErrorData> {
    let mut current = 0;
    if let Some(state) = state {
        let opened = open(key, name, state);
        current = opened.ok_or_else(|| ErrorData::invalid_params("`requestState` is not ours", None))?;
    }
    let answered = |round: &Round| {
        let asked = round.inputs.as_object().into_iter().flatten();
        let (mut asked, given) = (asked, responses);
        asked.all(|(key, request)| {
            given.and_then(|given| given.get(key)).is_some_and(|reply| fits(request, reply))
        })
    };
    // A stateful round counts only with its state, else the answers could be anybody's.
    if let Some(round) = rounds.get(current)
        && (state.is_some() || !round.stateful)
        && answered(round)
    {
        current += 1;
    }
    let Some(round) = rounds.get(current) else { return Ok(None) };
    let mut asks = json!({ "resultType": "input_required", "inputRequests": round.inputs });
    if round.stateful
        && let Some(asks) = asks.as_object_mut()
    {
        asks.insert("requestState".to_owned(), json!(seal(key, name, current)));
    }
    read(asks).map(Some)
}

/// Whether a reply has the shape that its request asks for.
fn fits(request: &Value, reply: &Value) -> bool {
    match request.get("method").and_then(Value::as_str) {
        Some("elicitation/create") => reply.get("action").is_some_and(Value::is_string),
        Some("sampling/createMessage") => reply.get("content").is_some(),
        _ => reply.get("roots").is_some_and(Value::is_array),
    }
}

fn seal(key: &hmac::Key, name: &str, round: usize) -> String {
    let tag = hmac::sign(key, format!("{name} {round}").as_bytes());
    format!("{round}.{}", hex(tag.as_ref()))
}

fn open(key: &hmac::Key, name: &str, state: &str) -> Option<usize> {
    let (round, tag) = state.split_once('.')?;
    let tag: [u8; 32] = from_hex(tag)?.try_into().ok()?;
    hmac::verify(key, format!("{name} {round}").as_bytes(), &tag).ok()?;
    round.parse().ok()
}

fn form(message: &str, field: &str, kind: &str) -> Value {
    json!({ "method": "elicitation/create", "params": { "mode": "form", "message": message, "requestedSchema": {
        "type": "object", "properties": { field: { "type": kind } }, "required": [field] } } })
}

fn sample(question: &str, tokens: u32) -> Value {
    json!({ "method": "sampling/createMessage", "params": { "maxTokens": tokens,
        "messages": [{ "role": "user", "content": { "type": "text", "text": question } }] } })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}
