//! Questions that are answered on a page, and client libraries that answer them in forms.

use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt as _, ErrorData, RoleClient,
    model::{
        CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
        ElicitationAction, ProtocolVersion,
    },
    service::RequestContext,
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};

use super::{
    approvals::asking_corridor,
    http::{Door, grant, open_for, with_token},
    request,
    wire::{HttpAnswer, HttpRequest, in_time},
};

const ALPHA: &str = "alpha-token-0123456789";
const BETA: &str = "beta-token-0123456789";

async fn door(grants: usize) -> Door {
    let (corridor, folder) = asking_corridor();
    let grants = [grant("alpha", ALPHA), grant("beta", BETA)].into_iter().take(grants).collect::<Vec<_>>();
    open_for(corridor, folder, "127.0.0.1:0", &grants).await.unwrap()
}

async fn order(door: &Door, text: &str, back: Value) -> Value {
    order_of(ALPHA, door, text, back).await
}

async fn order_of(token: &str, door: &Door, text: &str, back: Value) -> Value {
    let mut meta = super::modern();
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": { "url": {} } });
    let mut params =
        json!({ "name": "obey", "arguments": { "order": "answer", "text": text }, "_meta": meta });
    for (key, value) in back.as_object().into_iter().flatten() {
        params[key] = value.clone();
    }
    let message = request(1, "tools/call", params);
    door.send(&with_token(HttpRequest::message(&message), Some(token))).await.message()["result"].clone()
}

/// Opens a question; its page's path and the state to bring back.
async fn ask(door: &Door, text: &str) -> (String, Value) {
    let asked = order(door, text, json!({})).await;
    let params = &asked["inputRequests"]["approval"]["params"];
    assert_eq!(params["mode"], "url", "{asked}");
    let url = params["url"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{}", door.address)).unwrap();
    (path.to_owned(), asked["requestState"].clone())
}

async fn say(door: &Door, path: &str, body: &str) -> HttpAnswer {
    let form = HttpRequest::post(body.as_bytes()).path(path);
    door.send(&form.with("content-type", "application/x-www-form-urlencoded")).await
}

#[tokio::test]
async fn a_page_is_answered_with_the_token_of_another_grant() {
    let door = door(2).await;
    let (path, state) = ask(&door, "x").await;
    let page = door.send(&HttpRequest::get(&path)).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.body.contains("May `obey` go ahead") && page.body.contains("Look first."), "{page:?}");
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"), "{page:?}");
    assert_eq!(page.header("cache-control"), Some("no-store"));

    for (body, status) in [
        ("", 400),
        ("answer=maybe&token=x", 400),
        ("answer=approve", 401),
        ("answer=approve&token=wrong-token-0123456789", 401),
        (&format!("answer=approve&token={BETA}&token={BETA}"), 401),
        (&format!("answer=approve&answer=approve&token={BETA}"), 400),
        (&format!("answer=approve&token={ALPHA}"), 403),
    ] {
        assert_eq!(say(&door, &path, body).await.status, status, "{body}");
    }
    let foreign = HttpRequest::post(format!("answer=approve&token={BETA}")).path(&path);
    assert_eq!(door.send(&foreign.with("origin", "https://evil.example")).await.status, 403);
    let elsewhere = format!("{path}0");
    assert_eq!(door.send(&HttpRequest::get(&elsewhere)).await.status, 404);

    let done = say(&door, &path, &format!("answer=approve&token={BETA}")).await;
    assert!(done.status == 200 && done.body.contains("Granted"), "{done:?}");
    assert_eq!(door.send(&HttpRequest::get(&path)).await.status, 404, "an answered question is no page");
    assert_eq!(say(&door, &path, &format!("answer=refuse&token={BETA}")).await.status, 404);

    let opened = json!({ "requestState": state, "inputResponses": { "approval": { "action": "accept" } } });
    assert_eq!(order(&door, "x", opened.clone()).await["structuredContent"]["length"], 1);
    let again = order(&door, "x", opened).await;
    assert_eq!(again["structuredContent"]["code"], "needs_approval", "{again}");
}

#[tokio::test]
async fn a_page_that_says_no_is_a_no() {
    let door = door(2).await;
    let (path, state) = ask(&door, "x").await;
    assert!(say(&door, &path, &format!("answer=refuse&token={BETA}")).await.body.contains("Refused"));
    let opened = json!({ "requestState": state, "inputResponses": { "approval": { "action": "accept" } } });
    let answer = order(&door, "x", opened).await;
    assert_eq!(answer["structuredContent"]["next"], "stop", "{answer}");
}

#[tokio::test]
async fn an_approval_is_nothing_to_another_grant() {
    let door = door(2).await;
    let (path, state) = ask(&door, "x").await;
    assert_eq!(say(&door, &path, &format!("answer=approve&token={BETA}")).await.status, 200);
    let opened = json!({ "requestState": state, "inputResponses": { "approval": { "action": "accept" } } });
    let stolen = order_of(BETA, &door, "x", opened.clone()).await;
    assert_eq!(stolen["structuredContent"]["code"], "needs_approval", "{stolen}");
    assert_eq!(order_of(BETA, &door, "x", json!({})).await["resultType"], "input_required");
    assert_eq!(order(&door, "x", opened).await["structuredContent"]["length"], 1);
}

#[tokio::test]
async fn the_call_waits_while_the_person_reads() {
    let door = door(2).await;
    let (path, state) = ask(&door, "x").await;
    let opened = json!({ "requestState": state, "inputResponses": { "approval": { "action": "accept" } } });
    let later = async {
        tokio::task::yield_now().await;
        say(&door, &path, &format!("answer=approve&token={BETA}")).await
    };
    let (done, page) = tokio::join!(order(&door, "x", opened), later);
    assert_eq!((page.status, &done["structuredContent"]["length"]), (200, &json!(1)), "{done}");
}

#[tokio::test]
async fn with_one_grant_there_is_nobody_to_open_a_page() {
    let door = door(1).await;
    let answer = order(&door, "x", json!({})).await;
    assert_eq!(answer["structuredContent"]["code"], "needs_approval", "{answer}");
    assert!(answer["structuredContent"]["approval"].is_string(), "{answer}");
    assert_eq!(door.send(&HttpRequest::get("/approve/0123456789abcdef")).await.status, 404);
}

/// A client whose person always says the same.
#[derive(Debug, Clone)]
struct Says(bool);

impl ClientHandler for Says {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.capabilities = ClientCapabilities::builder().enable_elicitation().build();
        info
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        assert!(json!(request)["message"].as_str().unwrap().contains("Look first."));
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({ "approve": self.0 })))
    }
}

#[tokio::test]
async fn a_library_in_either_era_answers_over_http() {
    // The library's HTTP client wants one, also where nothing is encrypted; a second time is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let newer = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    for mode in [ClientLifecycleMode::Initialize, newer] {
        for says in [true, false] {
            let door = door(0).await;
            let config =
                StreamableHttpClientTransportConfig::with_uri(format!("http://{}/mcp", door.address));
            let transport = StreamableHttpClientTransport::from_config(config);
            let client = in_time(Says(says).serve_with_lifecycle(transport, mode.clone())).await.unwrap();
            let order = json!({ "order": "answer", "text": "xyz" });
            let asked =
                CallToolRequestParams::new("obey").with_arguments(order.as_object().cloned().unwrap());
            let result = in_time(client.call_tool(asked)).await.unwrap();
            assert_eq!(result.is_error, Some(!says), "{mode:?}: {result:?}");
            let code = &result.structured_content.unwrap()["code"];
            assert_eq!(*code == "needs_approval", !says);
            client.cancel().await.unwrap();
        }
    }
}
