//! Sessions asleep, awake, over and refused, under a clock of the test.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full as Whole};
use rmcp::{
    RoleServer, ServerHandler,
    service::NotificationContext,
    transport::{
        StreamableHttpServerConfig, StreamableHttpService,
        streamable_http_server::session::SessionManager as _,
    },
};
use serde_json::{Value, json};

use super::*;
use crate::{facts::Arrival, tools::Catalog};

const IDLE: Duration = Duration::from_secs(600);

/// Says how often a session began, and what it missed while it slept.
#[derive(Clone, Default)]
struct Greeter(Arc<Mutex<Vec<bool>>>);

impl ServerHandler for Greeter {
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let parts = context.extensions.get::<http::request::Parts>();
        let in_use = parts.and_then(|parts| parts.extensions.get::<Arc<Use>>().cloned());
        let slept = in_use.is_some_and(|in_use| in_use.slept_under().is_some());
        self.0.lock().unwrap().push(slept);
    }
}

struct Place {
    sessions: Arc<Sessions>,
    service: StreamableHttpService<Greeter, Sessions>,
    greeter: Greeter,
}

type Answer = Response<http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>>;

fn place(sessions_max: usize, per_caller_max: usize) -> Place {
    let policy = br#"{"version":"1","default":"deny"}"#;
    let policy = Arc::new(Policy::load(policy, &Catalog::new()).unwrap());
    let limits = SessionLimits { sessions_max, per_caller_max, idle: IDLE };
    let sessions = Sessions::new(limits, move || Arc::clone(&policy));
    let greeter = Greeter::default();
    let mut config = StreamableHttpServerConfig::default();
    config.session_store = Some(Arc::new(Hellos(Arc::clone(&sessions))));
    let made = greeter.clone();
    let service = StreamableHttpService::new(move || Ok(made.clone()), Arc::clone(&sessions), config);
    Place { sessions, service, greeter }
}

fn caller(user: &str) -> Caller {
    Caller { user: UserName::parse(user).unwrap(), ..Caller::local(Arrival::Http) }
}

fn message(body: &Value) -> Request<Whole<Bytes>> {
    Request::builder()
        .method(Method::POST)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .body(Whole::new(Bytes::from(body.to_string())))
        .unwrap()
}

impl Place {
    async fn open(&self, user: &str) -> SessionId {
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } });
        let opening = self.sessions.open(&caller(user)).unwrap();
        let answer = opening.run(self.service.handle(message(&hello))).await;
        opening.told();
        let id = answer.headers().get("mcp-session-id").unwrap().to_str().unwrap().into();
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.ask(&id, user, &ready).await.unwrap().0, StatusCode::ACCEPTED);
        self.until_greeted(1).await;
        id
    }

    /// As the door does it; the answer is read to its end.
    async fn ask(&self, id: &SessionId, user: &str, body: &Value) -> Option<(StatusCode, String)> {
        let in_use = self.sessions.enter(id, &caller(user))?;
        let answer = self.answer(&in_use, body).await;
        let status = answer.status();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        Some((status, String::from_utf8(text.to_vec()).unwrap()))
    }

    async fn answer(&self, in_use: &Arc<Use>, body: &Value) -> Answer {
        let mut request = message(body);
        let id = HeaderValue::from_str(&in_use.id).unwrap();
        request.headers_mut().insert("mcp-session-id", id);
        request.extensions_mut().insert(Arc::clone(in_use));
        let waking = in_use.waking().await;
        let answer = self.service.handle(request).await;
        drop(waking);
        answer
    }

    async fn until_greeted(&self, times: usize) {
        while self.greeter.0.lock().unwrap().len() < times {
            tokio::task::yield_now().await;
        }
    }

    /// The call of the last request may hold the session a moment longer than its answer.
    async fn until_it_rests(&self, id: &SessionId) {
        while self.sessions.book().sessions[id].rest.is_none() {
            tokio::task::yield_now().await;
        }
    }

    async fn put_to_sleep(&self, id: &SessionId) {
        self.until_it_rests(id).await;
        self.sessions.look(Instant::now() + AWAKE_FOR);
        assert!(!self.sessions.is_awake(id));
    }
}

fn ping(id: usize) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

#[tokio::test]
async fn a_session_that_rests_sleeps_and_the_next_request_wakes_it() {
    let place = place(4, 4);
    let id = place.open("anna").await;
    assert!(place.sessions.is_awake(&id));
    for round in 1..=3 {
        place.put_to_sleep(&id).await;
        assert_eq!(place.sessions.count(), 1, "it is still there");
        let (status, text) = place.ask(&id, "anna", &ping(round)).await.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains(&format!("\"id\":{round},\"result\"")), "{text}");
        place.until_greeted(round + 1).await;
        assert_eq!(place.greeter.0.lock().unwrap().last(), Some(&true), "what it missed can be told");
    }
}

#[tokio::test]
async fn requests_that_come_together_wake_it_once() {
    let place = place(4, 4);
    let id = place.open("anna").await;
    place.put_to_sleep(&id).await;
    let bodies: Vec<Value> = (1..=20).map(ping).collect();
    let answers =
        futures_util::future::join_all(bodies.iter().map(|body| place.ask(&id, "anna", body))).await;
    for (answer, number) in answers.into_iter().zip(1..) {
        let (status, text) = answer.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains(&format!("\"id\":{number},\"result\"")), "{text}");
    }
    assert_eq!(place.greeter.0.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_wakening_that_was_broken_off_is_begun_anew() {
    let place = place(4, 4);
    let id = place.open("anna").await;
    place.put_to_sleep(&id).await;
    let broken_off = place.sessions.restore_session(Arc::clone(&id)).await.unwrap();
    let (status, _) = place.ask(&id, "anna", &ping(1)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    drop(broken_off);
}

#[tokio::test]
async fn what_is_in_use_neither_sleeps_nor_ends() {
    let place = place(4, 4);
    let id = place.open("anna").await;
    place.until_it_rests(&id).await;
    let in_use = place.sessions.enter(&id, &caller("anna")).unwrap();
    place.sessions.look(Instant::now() + 2 * IDLE);
    assert!(place.sessions.is_awake(&id));
    drop(in_use);
    place.sessions.look(Instant::now() + 2 * IDLE);
    assert_eq!(place.sessions.count(), 0);
    assert!(place.sessions.enter(&id, &caller("anna")).is_none());
}

#[tokio::test]
async fn an_idle_session_ends_asleep_too_and_gives_its_place_back() {
    let place = place(1, 1);
    let id = place.open("anna").await;
    assert_eq!(place.sessions.open(&caller("anna")).unwrap_err(), Full::Server);
    place.put_to_sleep(&id).await;
    place.sessions.look(Instant::now() + IDLE);
    assert_eq!(place.sessions.count(), 0);
    assert!(place.sessions.book().of_user.is_empty());
    place.open("anna").await;
}

#[tokio::test]
async fn one_caller_cannot_take_all_places() {
    let place = place(4, 2);
    let first = place.open("anna").await;
    place.open("anna").await;
    assert_eq!(place.sessions.open(&caller("anna")).unwrap_err(), Full::Caller);
    // Another name of the same user's token is no way around it.
    let other_grant = Caller { grant: GrantName::parse("other").unwrap(), ..caller("anna") };
    assert_eq!(place.sessions.open(&other_grant).unwrap_err(), Full::Caller);
    place.open("bert").await;
    let held = place.sessions.open(&caller("bert")).unwrap();
    assert_eq!(place.sessions.open(&caller("carl")).unwrap_err(), Full::Server, "a place is taken at once");
    drop(held);
    place.sessions.end(&first);
    place.open("anna").await;
}

#[tokio::test]
async fn a_session_that_its_client_never_heard_of_is_gone() {
    let place = place(1, 1);
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } });
    let opening = place.sessions.open(&caller("anna")).unwrap();
    drop(opening.run(place.service.handle(message(&hello))).await);
    assert_eq!(place.sessions.count(), 1);
    drop(opening);
    assert_eq!(place.sessions.count(), 0);
    place.open("anna").await;
}

#[tokio::test]
async fn a_session_is_its_owners_alone_asleep_or_awake() {
    let place = place(4, 4);
    let id = place.open("anna").await;
    assert!(place.ask(&id, "bert", &ping(1)).await.is_none());
    place.put_to_sleep(&id).await;
    assert!(place.ask(&id, "bert", &ping(1)).await.is_none());
    assert!(!place.sessions.is_awake(&id));
}

#[tokio::test]
async fn of_many_that_rest_those_that_rest_longest_sleep() {
    let place = place(RESTING_AWAKE_MAX + 8, usize::MAX);
    let mut ids = Vec::new();
    for _ in 0..RESTING_AWAKE_MAX + 8 {
        let id = place.open("anna").await;
        place.until_it_rests(&id).await;
        ids.push(id);
    }
    place.sessions.look(Instant::now() + REST_BEFORE_SLEEP);
    let (old, young) = ids.split_at(8);
    assert!(old.iter().all(|id| !place.sessions.is_awake(id)));
    assert!(young.iter().all(|id| place.sessions.is_awake(id)));
}
