//! Everything the HTTP door must turn away.

use serde_json::{Value, json};

use super::{
    call,
    http::{
        BODY_BYTES_MAX, Door, SESSIONS_MAX, grant, in_session, open, open_on, open_with_tokens, with_token,
    },
    initialize, modern_call,
    wire::HttpRequest,
};

fn answerable() -> Value {
    modern_call(1, "obey", json!({ "order": "answer" }))
}

async fn check(door: &Door, request: HttpRequest, status: u16) {
    let answer = door.send(&request).await;
    assert_eq!(answer.status, status, "{request:?} gave {answer:?}");
    let good = with_token(HttpRequest::message(&answerable()), Some("alpha-token-0123456789"));
    assert_eq!(door.send(&good).await.status, 200, "after {request:?}");
}

#[tokio::test]
async fn foreign_hosts_and_pages() {
    let door = open().await;
    let good = || HttpRequest::message(&answerable());
    for host in ["evil.example.com", "localhost.evil.example.com", "127.0.0.1.evil.example.com"] {
        check(&door, good().with("host", host), 403).await;
        check(&door, HttpRequest::get("/health").with("host", host), 403).await;
    }
    check(&door, good().without("host"), 403).await;
    check(&door, good().with("host", "mcp.example.com"), 200).await;
    for origin in ["https://evil.example.com", "null", "https://app.example.com:8443", "http://localhost:1"] {
        check(&door, good().with("origin", origin), 403).await;
        check(&door, HttpRequest::get("/health").with("origin", origin), 403).await;
    }
    check(&door, good().with("origin", "https://app.example.com"), 200).await;
}

#[tokio::test]
async fn wrong_and_missing_tokens() {
    let door = open_with_tokens().await;
    let good = || HttpRequest::message(&answerable());
    for header in [
        "",
        "Bearer",
        "Bearer x",
        "Basic YWxwaGE6YQ==",
        "Bearer alpha-token-012345678",
        "alpha-token-0123456789",
    ] {
        let answer = door.send(&good().with("authorization", header)).await;
        assert_eq!(answer.status, 401, "{header}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"), "{answer:?}");
        assert!(!answer.body.contains("alpha"), "{answer:?}");
    }
    check(&door, good(), 401).await;
    check(&door, good().path("/mcp?access_token=alpha-token-0123456789"), 401).await;
    check(&door, good().path("/mcp?token=alpha-token-0123456789"), 401).await;
    check(&door, HttpRequest::get("/mcp"), 401).await;
    // The token is looked at before the body is read.
    check(&door, HttpRequest::post("x".repeat(2 * BODY_BYTES_MAX)), 401).await;
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let door = open_with_tokens().await;
    let guess = HttpRequest::message(&answerable()).with("authorization", "Bearer guess");
    let mut last = door.send(&guess).await;
    for _ in 0..30 {
        last = door.send(&guess).await;
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").is_some());
    check(&door, guess, 429).await;
}

#[tokio::test]
async fn a_stolen_session_is_no_session() {
    let door = open_with_tokens().await;
    let session = door.session(Some("alpha-token-0123456789")).await;
    let asked = in_session(&call(1, "obey", json!({ "order": "answer" })), &session);
    for method in ["POST", "GET", "DELETE"] {
        let stolen = with_token(asked.clone().method(method), Some("beta-token-0123456789"));
        check(&door, stolen, 404).await;
    }
    let answer = door.send(&with_token(asked, Some("alpha-token-0123456789"))).await;
    assert_eq!(answer.message()["result"]["structuredContent"]["caller"], "alpha");
    let unknown = in_session(&call(1, "obey", json!({})), "00000000-0000-0000-0000-000000000000");
    check(&door, with_token(unknown, Some("alpha-token-0123456789")), 404).await;
}

#[tokio::test]
async fn sessions_have_a_limit_and_come_back() {
    let door = open().await;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS_MAX {
        sessions.push(door.session(None).await);
    }
    let hello = HttpRequest::message(&initialize(0, "2025-11-25"));
    let refused = door.send(&hello).await;
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    // The new era needs no session.
    check(&door, HttpRequest::message(&answerable()), 200).await;
    door.send(&in_session(&json!({}), &sessions[0]).method("DELETE")).await;
    for _ in 0..200 {
        if door.send(&hello).await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the place of an ended session never came back");
}

#[tokio::test]
async fn bodies_that_are_too_long() {
    let door = open().await;
    let long = modern_call(1, "obey", json!({ "order": "answer", "text": "x".repeat(BODY_BYTES_MAX) }));
    let request = HttpRequest::message(&long);
    check(&door, request.clone(), 413).await;
    let chunk = format!("{BODY_BYTES_MAX:x}\r\n{}\r\n1\r\nx\r\n0\r\n\r\n", "x".repeat(BODY_BYTES_MAX));
    let chunked = HttpRequest::post(chunk).without("content-length").with("transfer-encoding", "chunked");
    check(&door, chunked, 413).await;
}

#[tokio::test]
async fn bodies_that_are_no_message() {
    let door = open().await;
    for (body, code) in [
        (&b"hello"[..], -32700),
        (b"", -32700),
        (b"\xff", -32700),
        (br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#, -32600),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#, -32600),
        (br#"{"jsonrpc":"2.0","id":1}"#, -32600),
    ] {
        let answer = door.send(&HttpRequest::post(body)).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(answer.message()["error"]["code"], code, "{answer:?}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = door.send(&HttpRequest::post(deep)).await;
    assert_eq!(answer.message()["error"]["code"], -32600);
    let good = || HttpRequest::message(&answerable());
    check(&door, good().with("content-type", "text/plain"), 415).await;
    check(&door, good().without("content-type"), 415).await;
    check(&door, good().with("accept", "application/json"), 406).await;
    check(&door, good().method("PUT"), 405).await;
    check(&door, good().method("OPTIONS"), 405).await;
    check(&door, good().path("/"), 404).await;
    check(&door, good().path("/mcp/../etc"), 404).await;
}

#[tokio::test]
async fn headers_that_contradict_the_body() {
    let door = open().await;
    let good = || HttpRequest::message(&answerable());
    check(&door, good().with("mcp-protocol-version", "2025-11-25"), 400).await;
    check(&door, good().with("mcp-protocol-version", "2099-01-01"), 400).await;
    check(&door, good().with("mcp-method", "tools/list"), 400).await;
    check(&door, good().with("mcp-name", "hidden"), 400).await;
    check(&door, good().without("mcp-protocol-version"), 400).await;
}

#[tokio::test]
async fn without_a_token_only_this_machine_is_served() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        let error = open_on(address, &[]).await.err().expect("the door opened");
        assert!(error.is_setting(), "{error}");
        assert!(error.to_string().contains("bearer token"), "{error}");
    }
    let error = open_on("192.0.2.1:0", &[grant("a", "a-token-0123456789")]).await.err().unwrap();
    assert!(!error.is_setting(), "{error}");
    let open_to_all = open_on("0.0.0.0:0", &[grant("a", "alpha-token-0123456789")]).await.unwrap();
    let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], open_to_all.address.port()));
    assert_eq!(HttpRequest::message(&answerable()).send(loopback).await.status, 401);
}
