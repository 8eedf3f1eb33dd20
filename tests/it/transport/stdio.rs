//! Lines in, lines out: both eras, cancelling, progress, draining.

use serde_json::{Value, json};

use super::{
    call, initialize, modern, modern_call, policy, request, stdio_server,
    tools::{Stage, reached},
    wire::in_time,
};

#[tokio::test]
async fn the_old_era_is_served() {
    for revision in ["2025-11-25", "2025-06-18", "2025-03-26"] {
        let (mut client, _, _server) = stdio_server();
        let hello = client.initialize(revision).await;
        assert_eq!(hello["result"]["protocolVersion"], revision);
        assert_eq!(hello["result"]["serverInfo"]["name"], "odoo-mcp");
        assert_eq!(hello["result"]["capabilities"]["tools"]["listChanged"], true);
        for declared in ["prompts", "resources", "completions"] {
            assert!(hello["result"]["capabilities"].get(declared).is_some(), "{declared}: {hello}");
        }
        assert!(hello["result"]["capabilities"].get("logging").is_none());

        let list = client.ask(&request(1, "tools/list", json!({}))).await;
        let names: Vec<&Value> =
            list["result"]["tools"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
        assert_eq!(names, ["obey"]);
        assert!(list["result"].get("resultType").is_none());

        let answer = client.ask(&call(2, "obey", json!({ "order": "answer", "text": "four" }))).await;
        assert_eq!(
            answer["result"]["structuredContent"],
            json!({ "length": 4, "caller": "local", "client": "test" })
        );
        assert_eq!(answer["result"]["content"][0]["text"], "length: 4\ncaller: local\nclient: test");
        assert_eq!(answer["result"]["isError"], false);
    }
}

#[tokio::test]
async fn the_new_era_is_served() {
    let (mut client, _, _server) = stdio_server();
    let discovered = client.ask(&request(1, "server/discover", json!({ "_meta": modern() }))).await;
    let versions = discovered["result"]["supportedVersions"].as_array().unwrap();
    assert!(
        versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-06-18")),
        "{versions:?}"
    );

    let list = client.ask(&request(2, "tools/list", json!({ "_meta": modern() }))).await;
    assert_eq!(list["result"]["cacheScope"], "private");
    assert!(list["result"]["ttlMs"].is_u64());
    let tool = &list["result"]["tools"][0];
    assert_eq!(tool["title"], "Obey");
    assert_eq!(tool["annotations"]["readOnlyHint"], true);
    assert_eq!(tool["inputSchema"]["additionalProperties"], false);
    assert_eq!(tool["outputSchema"]["type"], "object");

    let answer = client.ask(&modern_call(3, "obey", json!({ "order": "answer" }))).await;
    assert_eq!(answer["result"]["resultType"], "complete");
    assert_eq!(answer["result"]["structuredContent"]["client"], "test");
}

#[tokio::test]
async fn whatever_precedes_the_first_request_ends_nothing() {
    let (mut client, _, _server) = stdio_server();
    client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    client.send(&json!({ "jsonrpc": "2.0", "id": 9, "result": {} })).await;
    client.send_raw(b"hello\n").await;
    assert_eq!(client.next().await.unwrap()["error"]["code"], -32700);
    assert_eq!(client.ask(&request(1, "ping", json!({}))).await["result"], json!({}));
    client
        .send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } }))
        .await;
    assert!(client.ask(&request(2, "tools/list", json!({}))).await["error"]["code"].is_i64());
    client.initialize("2025-11-25").await;
    assert!(client.ask(&request(3, "tools/list", json!({}))).await["result"]["tools"].is_array());
}

#[tokio::test]
async fn hidden_and_unknown_tools_are_the_same() {
    let (mut client, _, _server) = stdio_server();
    client.initialize("2025-11-25").await;
    for name in ["hidden", "no_such_tool", "", "obey "] {
        let answer = client.ask(&call(1, name, json!({}))).await;
        assert_eq!(answer["error"], json!({ "code": -32602, "message": format!("unknown tool: {name}") }));
    }
    let long = client.ask(&call(1, &"x".repeat(100_000), json!({}))).await;
    assert!(long["error"]["message"].as_str().unwrap().len() < 100);
}

#[tokio::test]
async fn families_that_are_not_declared_do_not_exist() {
    let (mut client, _, _server) = stdio_server();
    client.initialize("2025-11-25").await;
    for method in
        ["resources/subscribe", "resources/unsubscribe", "logging/setLevel", "tasks/get", "no/such/method"]
    {
        let params = match method {
            "resources/subscribe" | "resources/unsubscribe" => json!({ "uri": "x:y" }),
            "logging/setLevel" => json!({ "level": "debug" }),
            "tasks/get" => json!({ "taskId": "x" }),
            _ => json!({}),
        };
        let answer = client.ask(&request(1, method, params)).await;
        assert_eq!(answer["error"]["code"], -32601, "{method}: {answer}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_server_lives_on() {
    let (mut client, _, _server) = stdio_server();
    client.initialize("2025-11-25").await;
    for id in 1..=3 {
        let answer = client.ask(&call(id, "obey", json!({ "order": "panic" }))).await;
        assert_eq!(answer["result"]["isError"], true);
        assert_eq!(answer["result"]["structuredContent"]["code"], "internal");
        assert!(answer["result"]["structuredContent"]["reference"].is_string());
        assert!(!answer.to_string().contains("canary"), "{answer}");
    }
    let answer = client.ask(&call(9, "obey", json!({ "order": "answer" }))).await;
    assert_eq!(answer["result"]["isError"], false);
}

#[tokio::test]
async fn a_cancelled_call_stops_its_work_and_gets_no_answer() {
    for (era, mark) in [("old", "stdio-old"), ("new", "stdio-new")] {
        let (mut client, _, _server) = stdio_server();
        let arguments = json!({ "order": "wait", "text": mark });
        let (waiting, next) = if era == "old" {
            client.initialize("2025-11-25").await;
            (call(5, "obey", arguments), call(6, "obey", json!({ "order": "answer" })))
        } else {
            (modern_call(5, "obey", arguments), modern_call(6, "obey", json!({ "order": "answer" })))
        };
        client.send(&waiting).await;
        reached(mark, Stage::Started).await;
        let cancel =
            json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 5 } });
        client.send(&cancel).await;
        reached(mark, Stage::Dropped).await;
        // `ask` fails on an answer to anything but its own request.
        assert_eq!(client.ask(&next).await["result"]["isError"], false);
    }
}

#[tokio::test]
async fn progress_goes_to_whoever_asked_for_it() {
    let (mut client, _, _server) = stdio_server();
    client.initialize("2025-11-25").await;
    let mut counting = call(1, "obey", json!({ "order": "count" }));
    client.send(&counting).await;
    assert_eq!(client.next().await.unwrap()["id"], 1, "no progress without a token");

    counting["params"]["_meta"] = json!({ "progressToken": "mine" });
    client.send(&counting).await;
    for step in 1..=3 {
        let notice = client.next().await.unwrap();
        assert_eq!(notice["method"], "notifications/progress");
        assert_eq!(
            notice["params"],
            json!({ "progressToken": "mine", "progress": f64::from(step), "total": 3.0, "message": "counting" })
        );
    }
    assert_eq!(client.next().await.unwrap()["id"], 1, "the answer comes last");
}

#[tokio::test]
async fn the_end_of_the_input_waits_for_answers() {
    let (mut client, _, server) = stdio_server();
    client.initialize("2025-11-25").await;
    for id in 1..=20 {
        client.send(&call(id, "obey", json!({ "order": "linger", "text": "eof" }))).await;
    }
    client.hang_up().await;
    let mut answered = Vec::new();
    while let Some(message) = client.next().await {
        answered.push(message["id"].as_i64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..=20).collect::<Vec<i64>>());
    in_time(server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_last_line_without_its_end_counts() {
    let (mut client, _, server) = stdio_server();
    client.send_raw(initialize(1, "2025-11-25").to_string().as_bytes()).await;
    client.hang_up().await;
    assert_eq!(client.next().await.unwrap()["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(client.next().await, None);
    in_time(server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_at_all_is_a_clean_end() {
    let (mut client, _, server) = stdio_server();
    client.hang_up().await;
    assert_eq!(client.next().await, None);
    in_time(server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn stopping_lets_calls_finish_and_cancels_what_takes_too_long() {
    let (mut client, _, server) = stdio_server();
    let listen = json!({ "_meta": modern(), "notifications": { "toolsListChanged": true } });
    client.send(&request(1, "subscriptions/listen", listen)).await;
    assert_eq!(client.next().await.unwrap()["method"], "notifications/subscriptions/acknowledged");
    client.send(&modern_call(2, "obey", json!({ "order": "linger", "text": "stop-short" }))).await;
    client.send(&modern_call(3, "obey", json!({ "order": "wait", "text": "stop-long" }))).await;
    reached("stop-short", Stage::Started).await;
    reached("stop-long", Stage::Started).await;
    server.stop.cancel();

    let mut answers = std::collections::BTreeMap::new();
    while let Some(message) = client.next().await {
        answers.insert(message["id"].as_i64().unwrap(), message);
    }
    assert_eq!(answers[&1]["result"]["resultType"], "complete");
    assert_eq!(answers[&2]["result"]["isError"], false);
    assert_eq!(answers[&3]["result"]["structuredContent"]["code"], "cancelled");
    reached("stop-long", Stage::Dropped).await;
    in_time(server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_change_of_the_list_is_told_to_both_eras() {
    let denied = json!({ "version": "1", "default": "deny" });

    let (mut old, corridor, _server) = stdio_server();
    old.initialize("2025-11-25").await;
    // `initialized` is a notification: the answer to a later request says that it was read.
    old.ask(&request(1, "tools/list", json!({}))).await;
    tokio::task::yield_now().await;
    corridor.replace_policy(policy(&denied));
    assert_eq!(old.next().await.unwrap()["method"], "notifications/tools/list_changed");
    assert_eq!(old.ask(&request(2, "tools/list", json!({}))).await["result"]["tools"], json!([]));

    let (mut new, corridor, _server) = stdio_server();
    let listen = json!({ "_meta": modern(), "notifications": { "toolsListChanged": true } });
    new.send(&request(1, "subscriptions/listen", listen)).await;
    assert_eq!(new.next().await.unwrap()["method"], "notifications/subscriptions/acknowledged");
    new.ask(&request(2, "tools/list", json!({ "_meta": modern() }))).await;
    corridor.replace_policy(policy(&denied));
    let notice = new.next().await.unwrap();
    assert_eq!(notice["method"], "notifications/tools/list_changed");
    assert_eq!(notice["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 1);
}

#[tokio::test]
async fn an_id_that_is_in_use_is_refused() {
    let (mut client, _, _server) = stdio_server();
    client.initialize("2025-11-25").await;
    client.send(&call(4, "obey", json!({ "order": "linger", "text": "twice" }))).await;
    client.send(&call(4, "obey", json!({ "order": "answer" }))).await;
    assert_eq!(client.next().await.unwrap()["error"]["code"], -32600);
    assert_eq!(client.next().await.unwrap()["result"]["isError"], false);
}
