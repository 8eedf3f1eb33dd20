//! Input that no client should send. Each gets an answer, and the next call works.

use serde_json::{Value, json};

use super::{call, modern, request, stdio_server, wire::Lines};

async fn client() -> (Lines, super::Server) {
    let (mut client, _, server) = stdio_server();
    client.initialize("2025-11-25").await;
    (client, server)
}

async fn still_works(client: &mut Lines) {
    let answer = client.ask(&call(999, "obey", json!({ "order": "answer" }))).await;
    assert_eq!(answer["result"]["isError"], false);
}

/// Sends one line and expects one JSON-RPC error.
async fn check_line(line: &[u8], id: Option<i64>, code: i64) {
    let (mut client, _server) = client().await;
    client.send_raw(line).await;
    client.send_raw(b"\n").await;
    let answer = client.next().await.unwrap();
    let shown = String::from_utf8_lossy(line.get(..line.len().min(120)).unwrap()).into_owned();
    assert_eq!(answer.get("id").and_then(Value::as_i64), id, "{shown}: {answer}");
    assert_eq!(answer["error"]["code"], code, "{shown}: {answer}");
    still_works(&mut client).await;
}

/// Calls with wrong arguments and expects an answer that a model can read.
async fn check_arguments(arguments: Value, says: &str) {
    let (mut client, _server) = client().await;
    let answer = client.ask(&call(1, "obey", arguments)).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert_eq!(answer["result"]["structuredContent"]["code"], "invalid_arguments", "{answer}");
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains(says), "{text}");
    still_works(&mut client).await;
}

#[tokio::test]
async fn lines_that_are_no_request() {
    check_line(b"hello", None, -32700).await;
    check_line(b"{", None, -32700).await;
    check_line(b"\xff\xfe\x00", None, -32700).await;
    check_line(b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"\xff\"}", Some(3), -32700).await;
    check_line(b"null", None, -32600).await;
    check_line(b"[]", None, -32600).await;
    check_line(b"\"tools/list\"", None, -32600).await;
    check_line(br#"[{"jsonrpc":"2.0","id":3,"method":"tools/list"}]"#, None, -32600).await;
    check_line(br#"{"jsonrpc":"1.0","id":3,"method":"tools/list"}"#, Some(3), -32600).await;
    check_line(br#"{"id":3,"method":"tools/list"}"#, Some(3), -32600).await;
    check_line(br#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#, None, -32600).await;
    check_line(br#"{"jsonrpc":"2.0","id":{"a":1},"method":"tools/list"}"#, None, -32600).await;
    check_line(br#"{"jsonrpc":"2.0","id":3,"method":7}"#, Some(3), -32600).await;
    check_line("\u{feff}{}".as_bytes(), None, -32700).await;
}

#[tokio::test]
async fn keys_that_stand_twice() {
    check_line(br#"{"jsonrpc":"2.0","id":3,"method":"tools/list","method":"tools/call"}"#, Some(3), -32600)
        .await;
    let arguments = r#"{"order":"answer","order":"panic"}"#;
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{{"name":"obey","arguments":{arguments}}}}}"#
    );
    check_line(line.as_bytes(), Some(3), -32600).await;
    check_line(&line.replace("\"order\":\"panic\"", "\"\\u006frder\":1").into_bytes(), Some(3), -32600).await;
}

#[tokio::test]
async fn numbers_that_cannot_be_held_exactly() {
    for number in ["1e300", "1e999", "18446744073709551616", "0.1000000000000000055"] {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{{"name":"obey","arguments":{{"order":{number}}}}}}}"#
        );
        check_line(line.as_bytes(), Some(3), -32600).await;
    }
}

#[tokio::test]
async fn parameters_that_are_not_the_methods() {
    for params in ["null", "[]", "7", "\"x\"", "{}", r#"{"name":7}"#, r#"{"name":"obey","arguments":[]}"#] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{params}}}"#);
        check_line(line.as_bytes(), Some(3), -32602).await;
    }
    check_line(br#"{"jsonrpc":"2.0","id":3,"method":"tools/call"}"#, Some(3), -32602).await;
    check_line(br#"{"jsonrpc":"2.0","id":3,"method":"tools/list","params":7}"#, Some(3), -32602).await;
}

#[tokio::test]
async fn nesting_without_end() {
    for depth in [121, 1_000, 100_000] {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{{"name":"obey","arguments":{{"order":{value}}}}}}}"#
        );
        check_line(line.as_bytes(), Some(3), -32600).await;
    }
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    check_arguments(json!({ "order": deep }), "order").await;
}

#[tokio::test]
async fn arguments_that_are_not_the_tools() {
    check_arguments(json!({}), "order").await;
    check_arguments(json!({ "order": null }), "order").await;
    check_arguments(json!({ "order": 7 }), "order").await;
    check_arguments(json!({ "order": "explode" }), "explode").await;
    check_arguments(json!({ "order": "answer", "txt": "x" }), "`text`").await;
    check_arguments(json!({ "order": "answer", "text": ["x"] }), "text").await;
    check_arguments(json!({ "order": "x".repeat(1_000_000) }), "order").await;
    check_arguments(json!({ "x".repeat(100_000): 1, "order": "answer" }), "unknown argument").await;
}

#[tokio::test]
async fn ten_megabytes_are_a_text_like_any_other() {
    let (mut client, _server) = client().await;
    let text = "é".repeat(5 * 1024 * 1024);
    let answer = client.ask(&call(1, "obey", json!({ "order": "answer", "text": text }))).await;
    assert_eq!(answer["result"]["structuredContent"]["length"], 10 * 1024 * 1024);
    still_works(&mut client).await;
}

#[tokio::test]
async fn a_line_beyond_the_limit_is_answered_and_skipped() {
    let (mut client, _server) = client().await;
    let mut line = call(7, "obey", json!({ "order": "answer" })).to_string();
    line.insert_str(line.len() - 3, &format!(",\"text\":\"{}\"", "x".repeat(17 * 1024 * 1024)));
    client.send_raw(line.as_bytes()).await;
    client.send_raw(b"\n").await;
    let answer = client.next().await.unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32600)), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("16777216 bytes"), "{answer}");
    still_works(&mut client).await;
}

#[tokio::test]
async fn odd_text_comes_back_counted() {
    let (mut client, _server) = client().await;
    for text in ["\u{0}\u{1}\u{7f}", "\u{202e}abc", "💥\u{fe0f}\u{200d}", "\r\n\t", "\\\"{}"] {
        let answer = client.ask(&call(1, "obey", json!({ "order": "answer", "text": text }))).await;
        assert_eq!(answer["result"]["structuredContent"]["length"], text.len());
    }
}

#[tokio::test]
async fn modern_requests_say_who_they_are() {
    let (mut client, _, _server) = stdio_server();
    let mut meta = modern();
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let answer = client.ask(&request(1, "tools/list", json!({ "_meta": meta }))).await;
    assert_eq!(answer["error"]["code"], -32022, "{answer}");
    let mut meta = modern();
    meta.as_object_mut().unwrap().remove("io.modelcontextprotocol/clientCapabilities");
    let answer = client.ask(&request(2, "tools/list", json!({ "_meta": meta }))).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    // A notification now must not end the conversation that has not begun.
    client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    let answer = client.ask(&request(3, "tools/list", json!({ "_meta": modern() }))).await;
    assert!(answer["result"]["tools"].is_array(), "{answer}");
}
