//! Questions at the doors: a form during the call and a form as a result, answered in every way.

use std::sync::Arc;

use odoo_mcp::{
    approvals::Approvals,
    audit::AuditLog,
    odoo::Connections,
    pipeline::Corridor,
    store::{SealKeys, StateDir},
    tools::{Catalog, Family},
};
use serde_json::{Value, json};

use super::{Server, request, serve, tools, wire::Lines};

const RULE: &str = "/tools/obey";

pub(super) fn asking_corridor() -> (Arc<Corridor>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let audit = AuditLog::open(&folder.path().join("audit.jsonl")).unwrap();
    let rules = json!({ "version": "1", "default": "deny", "tools": {
        "obey": { "action": "require_approval", "reason": "Look first." } } });
    let family = Family { name: "test", tools: &[tools::TOOLS] };
    let approvals = Approvals::open(&state, SealKeys::in_file(&state)).unwrap();
    let corridor =
        Corridor::new(Catalog::of(&[family]), super::policy(&rules), audit, Arc::new(Connections::default()))
            .approved_in(approvals);
    (Arc::new(corridor), folder)
}

fn server() -> (Lines, Server) {
    let (corridor, folder) = asking_corridor();
    serve(corridor, folder)
}

/// A client of an older revision that shows forms.
async fn old_client(capabilities: Value) -> (Lines, Server) {
    let (mut lines, server) = server();
    let hello = request(
        0,
        "initialize",
        json!({ "protocolVersion": "2025-11-25",
        "capabilities": capabilities, "clientInfo": { "name": "test", "version": "0" } }),
    );
    lines.ask(&hello).await;
    lines.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    (lines, server)
}

fn order(id: i64, text: &str) -> Value {
    super::call(id, "obey", json!({ "order": "answer", "text": text }))
}

/// What a client of 2026-07-28 sends, with what it brings back from the last try.
fn modern_order(id: i64, text: &str, forms: bool, back: Value) -> Value {
    let mut meta = super::modern();
    if forms {
        meta["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": {} });
    }
    let mut params =
        json!({ "name": "obey", "arguments": { "order": "answer", "text": text }, "_meta": meta });
    for (key, value) in back.as_object().into_iter().flatten() {
        params[key] = value.clone();
    }
    request(id, "tools/call", params)
}

fn back(state: &Value, given: Value) -> Value {
    json!({ "requestState": state, "inputResponses": { "approval": given } })
}

fn yes() -> Value {
    json!({ "action": "accept", "content": { "approve": true } })
}

#[track_caller]
fn check_refused(answer: &Value, next: &str) {
    let result = &answer["result"];
    assert_eq!(result["isError"], true, "{answer}");
    assert_eq!(result["structuredContent"]["code"], "needs_approval", "{answer}");
    assert_eq!(result["structuredContent"]["next"], next, "{answer}");
    assert_eq!(result["structuredContent"]["rule"], RULE, "{answer}");
}

#[track_caller]
fn check_done(answer: &Value, length: usize) {
    assert_eq!(answer["result"]["structuredContent"]["length"], length, "{answer}");
}

#[tokio::test]
async fn an_older_client_is_asked_during_the_call() {
    let (mut lines, _server) = old_client(json!({ "elicitation": {} })).await;
    for (id, given, done) in [
        (1, yes(), true),
        (2, json!({ "action": "accept", "content": { "approve": false } }), false),
        (3, json!({ "action": "decline" }), false),
    ] {
        let text = "x".repeat(usize::try_from(id).unwrap());
        lines.send(&order(id, &text)).await;
        let asked = lines.next().await.unwrap();
        assert_eq!(asked["method"], "elicitation/create", "{asked}");
        let message = asked["params"]["message"].as_str().unwrap();
        assert!(message.contains("May `obey` go ahead") && message.contains("Look first."), "{message}");
        lines.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": given })).await;
        let answer = lines.answer(id).await;
        if done {
            check_done(&answer, text.len());
        } else {
            check_refused(&answer, "stop");
        }
    }
    // Used up: the same call is a new question.
    lines.send(&order(4, "x")).await;
    let asked = lines.next().await.unwrap();
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    // Closed without an answer, or answered with nonsense: it waits for the command line.
    lines.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "cancel" } })).await;
    check_refused(&lines.answer(4).await, "ask");
    lines.send(&order(5, "x")).await;
    let asked = lines.next().await.unwrap();
    lines
        .send(&json!({ "jsonrpc": "2.0", "id": asked["id"],
        "result": { "action": "accept", "content": { "approve": "yes" } } }))
        .await;
    check_refused(&lines.answer(5).await, "ask");
    lines.send(&order(6, "x")).await;
    let asked = lines.next().await.unwrap();
    lines
        .send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "error": { "code": -32601, "message": "no" } }))
        .await;
    check_refused(&lines.answer(6).await, "ask");
}

#[tokio::test]
async fn a_client_without_forms_gets_an_id() {
    let (mut lines, _server) = old_client(json!({})).await;
    let first = lines.ask(&order(1, "x")).await;
    check_refused(&first, "ask");
    let id = &first["result"]["structuredContent"]["approval"];
    assert_eq!(id.as_str().unwrap().len(), 10);
    assert!(first["result"]["content"][0]["text"].as_str().unwrap().contains("odoo-mcp approvals show"));
    let again = lines.ask(&order(2, "x")).await;
    assert_eq!(&again["result"]["structuredContent"]["approval"], id, "the same question, the same id");
    let other = lines.ask(&order(3, "xx")).await;
    assert_ne!(&other["result"]["structuredContent"]["approval"], id);
}

#[tokio::test]
async fn a_newer_client_is_asked_by_a_result() {
    let (mut lines, _server) = server();
    let asked = lines.ask(&modern_order(1, "x", true, json!({}))).await;
    let result = &asked["result"];
    assert_eq!(result["resultType"], "input_required", "{asked}");
    let question = &result["inputRequests"]["approval"];
    assert_eq!(question["method"], "elicitation/create");
    assert!(question["params"]["message"].as_str().unwrap().contains("Look first."));
    let state = &result["requestState"];

    // Not for another call, not changed, not made up.
    for (id, text, state) in [
        (2, "xx", state.clone()),
        (3, "x", json!(state.as_str().unwrap().replace('A', "B"))),
        (4, "x", json!("aes256gcm:0000000000000000:AAAA")),
        (5, "x", json!("")),
    ] {
        let answer = lines.ask(&modern_order(id, text, true, back(&state, yes()))).await;
        check_refused(&answer, "ask");
    }
    // A malformed answer is asked for again.
    for (id, given) in
        [(6, json!({})), (7, json!("yes")), (8, json!({ "action": "accept", "content": { "approve": 1 } }))]
    {
        let answer = lines.ask(&modern_order(id, "x", true, back(state, given))).await;
        assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    }
    check_done(&lines.ask(&modern_order(9, "x", true, back(state, yes()))).await, 1);
    // The second time is a replay.
    check_refused(&lines.ask(&modern_order(10, "x", true, back(state, yes()))).await, "ask");
}

#[tokio::test]
async fn a_yes_without_the_box_ticked_grants_nothing() {
    let (mut lines, _server) = server();
    let asked = lines.ask(&modern_order(1, "x", true, json!({}))).await;
    let state = &asked["result"]["requestState"];
    let empty = json!({ "action": "accept", "content": {} });
    check_refused(&lines.ask(&modern_order(2, "x", true, back(state, empty))).await, "ask");
    check_refused(&lines.ask(&modern_order(3, "x", true, back(state, yes()))).await, "ask");
}

#[tokio::test]
async fn a_newer_client_says_no() {
    let (mut lines, _server) = server();
    let asked = lines.ask(&modern_order(1, "x", true, json!({}))).await;
    let state = &asked["result"]["requestState"];
    let no = json!({ "action": "decline" });
    check_refused(&lines.ask(&modern_order(2, "x", true, back(state, no))).await, "stop");
    check_refused(&lines.ask(&modern_order(3, "x", true, json!({}))).await, "stop");
    check_refused(&lines.ask(&modern_order(4, "x", true, back(state, yes()))).await, "ask");
}

#[tokio::test]
async fn a_newer_client_without_forms_gets_an_id() {
    let (mut lines, _server) = server();
    let answer = lines.ask(&modern_order(1, "x", false, json!({}))).await;
    check_refused(&answer, "ask");
    assert!(answer["result"]["structuredContent"]["approval"].is_string());
    let made_up = back(&json!("x"), yes());
    check_refused(&lines.ask(&modern_order(2, "x", false, made_up)).await, "ask");
}
