//! The HTTP door as it is meant to be used: both eras, sessions, callers, closing.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use odoo_mcp::{
    config::{GrantSettings, HttpSettings},
    facts::{GrantName, Role, Scopes, Secret, SecretSource, UserName},
    identity::Gate,
    pipeline::Corridor,
    transport::{BoundHttp, TransportError, serve_http},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    call, corridor, initialize, modern, modern_call, policy, request,
    tools::{Stage, reached},
    wire::{HttpAnswer, HttpRequest, in_time},
};

pub(super) const BODY_BYTES_MAX: usize = 256 * 1024;
pub(super) const SESSIONS_MAX: usize = 3;

/// A door on a port of its own. Dropping it leaves the server to the runtime's end.
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) corridor: Arc<Corridor>,
    pub(super) stop: CancellationToken,
    bound: Option<BoundHttp>,
    _folder: tempfile::TempDir,
}

pub(super) fn settings(listen: &str) -> HttpSettings {
    HttpSettings {
        listen: Some(listen.parse().unwrap()),
        public_url: None,
        allowed_hosts: vec!["mcp.example.com".to_owned()],
        allowed_origins: vec!["https://app.example.com".to_owned()],
        body_bytes_max: BODY_BYTES_MAX,
        sessions_max: SESSIONS_MAX,
        session_idle_ms: 1_000,
        ..HttpSettings::default()
    }
}

pub(super) fn grant(name: &str, token: &str) -> GrantSettings {
    GrantSettings {
        grant: GrantName::parse(name).unwrap(),
        user: UserName::parse(name).unwrap(),
        token: SecretSource::Inline(Secret::new(token.to_owned())),
        scopes: Scopes::ALL,
        role: Role::Member,
    }
}

pub(super) async fn open_on(listen: &str, grants: &[GrantSettings]) -> Result<Door, TransportError> {
    let (corridor, folder) = corridor();
    open_for(corridor, folder, listen, grants).await
}

pub(super) async fn open_for(
    corridor: Arc<Corridor>,
    folder: tempfile::TempDir,
    listen: &str,
    grants: &[GrantSettings],
) -> Result<Door, TransportError> {
    let stop = CancellationToken::new();
    let gate = Arc::new(Gate::new(grants).await.unwrap());
    let drain = Duration::from_millis(super::DRAIN_MS);
    let bound = serve_http(Arc::clone(&corridor), &settings(listen), gate, stop.clone(), drain).await?;
    Ok(Door { address: bound.address(), corridor, stop, bound: Some(bound), _folder: folder })
}

pub(super) async fn open() -> Door {
    open_on("127.0.0.1:0", &[]).await.unwrap()
}

pub(super) async fn open_with_tokens() -> Door {
    let grants = [grant("alpha", "alpha-token-0123456789"), grant("beta", "beta-token-0123456789")];
    open_on("127.0.0.1:0", &grants).await.unwrap()
}

impl Door {
    pub(super) async fn send(&self, request: &HttpRequest) -> HttpAnswer {
        request.send(self.address).await
    }

    /// Opens an old-style session and returns its id.
    pub(super) async fn session(&self, token: Option<&str>) -> String {
        let answer = self.send(&with_token(HttpRequest::message(&initialize(0, "2025-11-25")), token)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("mcp-session-id").unwrap().to_owned()
    }

    async fn closed(&mut self) {
        in_time(self.bound.take().unwrap().closed()).await.unwrap();
    }
}

pub(super) fn with_token(request: HttpRequest, token: Option<&str>) -> HttpRequest {
    match token {
        Some(token) => request.with("authorization", &format!("Bearer {token}")),
        None => request,
    }
}

pub(crate) fn in_session(message: &Value, session: &str) -> HttpRequest {
    HttpRequest::message(message).with("mcp-session-id", session).with("mcp-protocol-version", "2025-11-25")
}

#[tokio::test]
async fn the_new_era_is_plain_json() {
    let door = open().await;
    let listed =
        door.send(&HttpRequest::message(&request(1, "tools/list", json!({ "_meta": modern() })))).await;
    assert_eq!((listed.status, listed.header("content-type")), (200, Some("application/json")));
    assert!(listed.header("mcp-session-id").is_none());
    assert_eq!(listed.message()["result"]["tools"][0]["name"], "obey");
    assert_eq!(listed.message()["result"]["cacheScope"], "private");

    let answer =
        door.send(&HttpRequest::message(&modern_call(2, "obey", json!({ "order": "answer" })))).await;
    assert_eq!(answer.message()["result"]["structuredContent"]["caller"], "local");
    let discover = request(3, "server/discover", json!({ "_meta": modern() }));
    assert_eq!(door.send(&HttpRequest::message(&discover)).await.status, 200);
}

#[tokio::test]
async fn the_old_era_has_sessions() {
    let door = open().await;
    for revision in ["2025-11-25", "2025-06-18"] {
        let hello = door.send(&HttpRequest::message(&initialize(0, revision))).await;
        assert_eq!(hello.message()["result"]["protocolVersion"], revision);
        let session = hello.header("mcp-session-id").unwrap().to_owned();
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(door.send(&in_session(&initialized, &session)).await.status, 202);
        let answer = door.send(&in_session(&call(1, "obey", json!({ "order": "answer" })), &session)).await;
        assert_eq!(answer.message()["result"]["structuredContent"]["client"], "test");
        let ended = door.send(&in_session(&json!({}), &session).method("DELETE")).await;
        assert_eq!(ended.status, 204, "{ended:?}");
        assert_eq!(door.send(&in_session(&call(2, "obey", json!({})), &session)).await.status, 404);
    }
}

#[tokio::test]
async fn progress_makes_an_event_stream() {
    let door = open().await;
    let mut counting = modern_call(1, "obey", json!({ "order": "count" }));
    counting["params"]["_meta"]["progressToken"] = json!(7);
    let messages = door.send(&HttpRequest::message(&counting)).await.messages();
    let progress: Vec<_> =
        messages.iter().filter_map(|message| message["params"]["progress"].as_f64()).collect();
    assert_eq!(progress, [1.0, 2.0, 3.0]);
    assert_eq!(messages.last().unwrap()["result"]["isError"], false);
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_server_lives_on() {
    let door = open().await;
    let session = door.session(None).await;
    for _ in 0..2 {
        let panics = json!({ "order": "panic" });
        for request in [
            HttpRequest::message(&modern_call(1, "obey", panics.clone())),
            in_session(&call(1, "obey", panics), &session),
        ] {
            let answer = door.send(&request).await.message();
            assert_eq!(answer["result"]["structuredContent"]["code"], "internal", "{answer}");
        }
    }
}

#[tokio::test]
async fn hanging_up_cancels_the_call() {
    let door = open().await;
    let waiting = modern_call(1, "obey", json!({ "order": "wait", "text": "http-new" }));
    let connection = HttpRequest::message(&waiting).open(door.address).await;
    reached("http-new", Stage::Started).await;
    drop(connection);
    reached("http-new", Stage::Dropped).await;

    // In the old era a lost connection is no cancel: the notification is.
    let session = door.session(None).await;
    let waiting = call(5, "obey", json!({ "order": "wait", "text": "http-old" }));
    let _connection = in_session(&waiting, &session).open(door.address).await;
    reached("http-old", Stage::Started).await;
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 5 } });
    assert_eq!(door.send(&in_session(&cancel, &session)).await.status, 202);
    reached("http-old", Stage::Dropped).await;
}

#[tokio::test]
async fn a_token_is_its_grant() {
    let door = open_with_tokens().await;
    for (token, name) in [("alpha-token-0123456789", "alpha"), ("beta-token-0123456789", "beta")] {
        let asked = HttpRequest::message(&modern_call(1, "obey", json!({ "order": "answer" })));
        let answer = door.send(&with_token(asked, Some(token))).await.message();
        assert_eq!(answer["result"]["structuredContent"]["caller"], name);

        let session = door.session(Some(token)).await;
        let asked = in_session(&call(1, "obey", json!({ "order": "answer" })), &session);
        let answer = door.send(&with_token(asked, Some(token))).await.message();
        assert_eq!(answer["result"]["structuredContent"]["caller"], name);
    }
}

#[tokio::test]
async fn a_change_of_the_list_is_told() {
    let door = open().await;
    let listen = json!({ "_meta": modern(), "notifications": { "toolsListChanged": true } });
    let listening = HttpRequest::message(&request(1, "subscriptions/listen", listen));
    let address = door.address;
    let told = tokio::spawn(async move { listening.send(address).await.messages() });
    let session = door.session(None).await;
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    door.send(&in_session(&initialized, &session)).await;
    let stream = in_session(&json!({}), &session).method("GET");
    let told_old = tokio::spawn(async move { stream.send(address).await.messages() });
    // Both streams must be open before the change; there is no way to ask.
    tokio::time::sleep(Duration::from_millis(200)).await;

    door.corridor.replace_policy(policy(&json!({ "version": "1", "default": "deny" })));
    tokio::time::sleep(Duration::from_millis(100)).await;
    door.stop.cancel();
    let told = in_time(told).await.unwrap();
    assert!(told.iter().any(|m| m["method"] == "notifications/tools/list_changed"), "{told:?}");
    let told_old = in_time(told_old).await.unwrap();
    assert!(told_old.iter().any(|m| m["method"] == "notifications/tools/list_changed"), "{told_old:?}");
}

#[tokio::test]
async fn closing_lets_calls_finish_and_cancels_what_takes_too_long() {
    let mut door = open().await;
    let address = door.address;
    let send = |order: &str, mark: &str| {
        let asked = HttpRequest::message(&modern_call(1, "obey", json!({ "order": order, "text": mark })));
        tokio::spawn(async move { asked.send(address).await.message() })
    };
    let short = send("linger", "close-short");
    let long = send("wait", "close-long");
    reached("close-short", Stage::Started).await;
    reached("close-long", Stage::Started).await;
    door.stop.cancel();
    assert_eq!(in_time(short).await.unwrap()["result"]["isError"], false);
    let long = in_time(long).await.unwrap();
    assert_eq!(long["result"]["structuredContent"]["code"], "cancelled", "{long}");
    door.closed().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_idle_door_closes_at_once_with_a_session_open() {
    let mut door = open().await;
    let session = door.session(None).await;
    let _stream = in_session(&json!({}), &session).method("GET").open(door.address).await;
    door.stop.cancel();
    door.closed().await;
}

#[tokio::test]
async fn the_health_says_nothing_else() {
    let door = open_with_tokens().await;
    let health = door.send(&HttpRequest::get("/health")).await;
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
}
