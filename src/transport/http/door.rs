//! What every HTTP request passes before the protocol sees it: name, token, session, body.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use rmcp::model::JsonRpcError;
use serde::Deserialize;

use super::{
    origin::{Foreign, Names},
    sessions::{Full, Sessions, Use},
};
use crate::{
    config::PublicUrl,
    facts::{Caller, JsonObject, Scope, Scopes},
    identity::{Gate, Refused},
    metrics::AuthFailure,
    pipeline::Corridor,
    transport::frame::{self, Frame, Outline},
};

/// The header of sessions, in the revisions that have them.
const SESSION_HEADER: &str = "mcp-session-id";
/// A body that is not complete by then is not read further.
pub(super) const BODY_READ_MS_MAX: u64 = 30_000;
/// When to come back after a refused session.
const RETRY_SECONDS: u64 = 30;

/// Where RFC 9728 puts the description of `/mcp`.
const METADATA_PATH: &str = "/.well-known/oauth-protected-resource/mcp";
/// What a client is told to ask for as long as nobody knows what it will call.
const USUAL_SCOPES: Scopes = Scopes::NONE.with(Scope::Read).with(Scope::Write);

/// The part of a call that says what it needs.
#[derive(Deserialize)]
struct Called {
    params: CalledTool,
}

#[derive(Deserialize)]
struct CalledTool {
    name: String,
    #[serde(default)]
    arguments: JsonObject,
}

/// The other end of the connection, put into each request by the listener.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerAddress(pub(super) SocketAddr);

#[derive(Debug)]
pub(super) struct Door {
    gate: Arc<Gate>,
    corridor: Arc<Corridor>,
    /// Where clients read how to get a token, where they can get one by themselves.
    metadata: Option<String>,
    names: Names,
    sessions: Arc<Sessions>,
    body_bytes_max: usize,
}

impl Door {
    pub(super) fn new(
        gate: Arc<Gate>,
        corridor: Arc<Corridor>,
        public: Option<&PublicUrl>,
        names: Names,
        sessions: Arc<Sessions>,
        body_bytes_max: usize,
    ) -> Self {
        let metadata = public.filter(|_| gate.accepts_others()).map(|public| public.join(METADATA_PATH));
        Self { gate, corridor, metadata, names, sessions, body_bytes_max }
    }
}

/// Refuses what a foreign web page sent, whatever it asks for.
pub(super) async fn guard_names(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let checked = door.names.check(request.method(), request.uri(), request.headers());
    if checked.is_err() {
        door.corridor.numbers().auth_failed(AuthFailure::Foreign);
    }
    match checked {
        Ok(()) => next.run(request).await,
        Err(Foreign::Host) => plain(StatusCode::FORBIDDEN, "this server does not go by that `Host` name"),
        Err(Foreign::Origin) => {
            plain(StatusCode::FORBIDDEN, "pages of that `Origin` may not call this server")
        }
    }
}

/// Everything else that must hold before `/mcp` answers.
pub(super) async fn guard_mcp(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let caller = match door.caller(request.headers(), request.extensions()).await {
        Ok(caller) => caller,
        Err(refused) => return door.unauthorized(refused),
    };
    let session = match session_id(request.headers()) {
        Ok(session) => session,
        Err(response) => return *response,
    };
    let in_use = match &session {
        None => None,
        Some(id) => match door.sessions.enter(id, &caller) {
            Some(in_use) => Some(in_use),
            None => return plain(StatusCode::NOT_FOUND, "no such session; begin a new one"),
        },
    };
    let mut opening = None;
    if request.method() == Method::POST {
        request = match door.read_body(request).await {
            Ok((whole, outline, bytes)) => {
                if let Some(needed) = door.lacking_scope(&caller, &outline, &bytes) {
                    return door.insufficient_scope(&caller, needed);
                }
                if session.is_none() && outline.method.as_deref() == Some("initialize") {
                    match door.sessions.open(&caller) {
                        Ok(place) => opening = Some(place),
                        Err(full) => return too_many_sessions(full),
                    }
                }
                whole
            }
            Err(response) => return *response,
        };
    }
    request.extensions_mut().insert(caller);
    let ends_session = request.method() == Method::DELETE;
    let mut response = match (&opening, in_use) {
        (Some(opening), _) => opening.run(next.run(request)).await,
        (None, Some(in_use)) => answer_in_session(in_use, request, next).await,
        (None, None) => next.run(request).await,
    };
    if ends_session && response.status() == StatusCode::ACCEPTED {
        // The session is gone by now; some clients report an answer of "accepted" as a failure.
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    if let Some(opening) = opening.filter(|_| response.headers().contains_key(SESSION_HEADER)) {
        opening.told();
    }
    response
}

/// The session stays awake for as long as the request, the call it makes, or its answer is under way.
async fn answer_in_session(in_use: Arc<Use>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Arc::clone(&in_use));
    let waking = if request.method() == Method::DELETE { None } else { in_use.waking().await };
    let response = next.run(request).await;
    drop(waking);
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _ = &in_use;
            frame
        }))
    })
}

impl Door {
    pub(super) async fn caller(
        &self,
        headers: &HeaderMap,
        extensions: &http::Extensions,
    ) -> Result<Caller, Refused> {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let token = match (shown.next(), shown.next()) {
            (Some(only), None) => Some(only.as_bytes()),
            // None, or two of which one could be anybody's.
            _ => None,
        };
        // Without a peer address nothing is counted apart; the listener always gives one.
        let peer = extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
        let admitted = self.gate.admit(token, peer.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into())).await;
        if let Err(refused) = &admitted {
            self.corridor.numbers().auth_failed(match refused {
                Refused::Missing => AuthFailure::Missing,
                Refused::Wrong => AuthFailure::Wrong,
                Refused::TooMany { .. } => AuthFailure::TooMany,
                Refused::Unavailable => AuthFailure::Unavailable,
            });
        }
        admitted
    }

    /// Reads the whole body and refuses one that could be understood in two ways.
    async fn read_body(&self, request: Request) -> Result<(Request, Outline, Bytes), Box<Response>> {
        let (parts, body) = request.into_parts();
        let reading = to_bytes(body, self.body_bytes_max);
        let bytes = match tokio::time::timeout(Duration::from_millis(BODY_READ_MS_MAX), reading).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Err(Box::new(self.unread(&error))),
            Err(_) => return Err(plain_box(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
        };
        match frame::read(&bytes) {
            Frame::Refused(error) if is_json(&parts.headers) => {
                return Err(Box::new(json_rpc_error(StatusCode::BAD_REQUEST, &error)));
            }
            // rmcp answers other content types with the right status.
            Frame::Refused(_) | Frame::Message(_) | Frame::Ignored => {}
        }
        let outline = Outline::of(&bytes);
        Ok((Request::from_parts(parts, Body::from(bytes.clone())), outline, bytes))
    }

    /// The scope that a call needs and its caller does not have. Whoever has all is not looked at, and
    /// what cannot be read here is answered behind the door.
    fn lacking_scope(&self, caller: &Caller, outline: &Outline, bytes: &[u8]) -> Option<Scope> {
        if caller.scopes == Scopes::ALL || outline.method.as_deref() != Some("tools/call") {
            return None;
        }
        let called: Called = serde_json::from_slice(bytes).ok()?;
        let CalledTool { name, arguments } = called.params;
        self.corridor.refused_for_scope(caller, &name, &arguments)
    }

    /// A token for more is wanted: for what this one is good for, and for this call.
    fn insufficient_scope(&self, caller: &Caller, needed: Scope) -> Response {
        self.corridor.numbers().auth_failed(AuthFailure::Scope);
        let wanted = caller.scopes.with(needed);
        let challenge = self.challenge(Some("insufficient_scope"), wanted);
        let text = format!("this token is not for `{}`, which the call needs\n", needed.as_str());
        (StatusCode::FORBIDDEN, [(header::WWW_AUTHENTICATE, challenge)], text).into_response()
    }

    /// What a client has to show, and where it reads how to get it.
    fn challenge(&self, error: Option<&str>, scopes: Scopes) -> HeaderValue {
        let mut parts = Vec::new();
        parts.extend(error.map(|error| format!("error=\"{error}\"")));
        if self.metadata.is_some() || error == Some("insufficient_scope") {
            parts.push(format!("scope=\"{scopes}\""));
        }
        parts.extend(self.metadata.as_ref().map(|url| format!("resource_metadata=\"{url}\"")));
        let challenge = format!("Bearer {}", parts.join(", "));
        HeaderValue::from_str(challenge.trim_end()).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
    }

    pub(super) fn unauthorized(&self, refused: Refused) -> Response {
        let challenged = |error, text| {
            let challenge = self.challenge(error, USUAL_SCOPES);
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], text).into_response()
        };
        match refused {
            Refused::Missing => challenged(None, "a bearer token is needed\n"),
            Refused::Wrong => challenged(Some("invalid_token"), "the bearer token is not valid\n"),
            Refused::TooMany { wait } => {
                let seconds = wait.as_secs().max(1);
                let retry = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
                (StatusCode::TOO_MANY_REQUESTS, retry, "too many wrong tokens from this address\n")
                    .into_response()
            }
            Refused::Unavailable => {
                let retry = [(header::RETRY_AFTER, HeaderValue::from(RETRY_SECONDS))];
                let text = "tokens cannot be checked at the moment\n";
                (StatusCode::SERVICE_UNAVAILABLE, retry, text).into_response()
            }
        }
    }

    fn unread(&self, error: &axum::Error) -> Response {
        if is_too_long(error) {
            let text = format!("a body may have at most {} bytes", self.body_bytes_max);
            (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
        } else {
            plain(StatusCode::BAD_REQUEST, "the body did not arrive")
        }
    }
}

/// The limit is the only error of ours; anything else means that the client went away.
fn is_too_long(error: &axum::Error) -> bool {
    use std::error::Error as _;
    error.source().is_some_and(|source| source.to_string().contains("limit"))
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn session_id(headers: &HeaderMap) -> Result<Option<String>, Box<Response>> {
    let mut values = headers.get_all(SESSION_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => match one.to_str() {
            Ok(id) => Ok(Some(id.to_owned())),
            Err(_) => Err(plain_box(StatusCode::BAD_REQUEST, "the session id is not text")),
        },
        (Some(_), Some(_)) => Err(plain_box(StatusCode::BAD_REQUEST, "more than one session id")),
    }
}

fn too_many_sessions(full: Full) -> Response {
    let retry = [(header::RETRY_AFTER, HeaderValue::from(RETRY_SECONDS))];
    match full {
        Full::Server => {
            (StatusCode::SERVICE_UNAVAILABLE, retry, "too many sessions are open\n").into_response()
        }
        Full::Caller => {
            let text = "you have too many sessions open; end one, or wait until idle ones end\n";
            (StatusCode::TOO_MANY_REQUESTS, retry, text).into_response()
        }
    }
}

fn json_rpc_error(status: StatusCode, error: &JsonRpcError) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    match serde_json::to_vec(error) {
        Ok(body) => (status, kind, body).into_response(),
        Err(_) => status.into_response(),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, format!("{text}\n")).into_response()
}

fn plain_box(status: StatusCode, text: &'static str) -> Box<Response> {
    Box::new(plain(status, text))
}
