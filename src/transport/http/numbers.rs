//! `/metrics`: the page of numbers, at the main door or at an address of its own, and the probes beside it.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{door::Door, health};
use crate::{
    config::MetricsSettings,
    facts::{Caller, Role, Secret},
    identity::People,
    pipeline::Corridor,
    transport::TransportError,
};

/// The version of the text format.
const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything the page needs.
#[derive(Debug)]
struct Numbers {
    corridor: Arc<Corridor>,
    people: Option<People>,
    token: Option<Secret>,
    /// The main door, where people show tokens of their own.
    door: Option<Arc<Door>>,
}

/// The page at the main door: for its own token, and for people who run or audit this server.
pub(super) fn routes(
    door: Arc<Door>,
    corridor: Arc<Corridor>,
    people: Option<People>,
    settings: &MetricsSettings,
) -> Router {
    let numbers = Numbers { corridor, people, token: settings.token.clone(), door: Some(door) };
    Router::new().route("/metrics", get(answer)).with_state(Arc::new(numbers))
}

/// Serves the page and the probes at an address of their own, until `stop`.
pub(in crate::transport) async fn serve(
    corridor: Arc<Corridor>,
    people: Option<People>,
    address: SocketAddr,
    token: Option<Secret>,
    stop: CancellationToken,
) -> Result<SocketAddr, TransportError> {
    if token.is_none() && !address.ip().to_canonical().is_loopback() {
        return Err(TransportError::OpenDoor { address });
    }
    let bind_failed = |source| TransportError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(bind_failed)?;
    let bound = listener.local_addr().map_err(bind_failed)?;
    let probes = health::probes(Arc::clone(&corridor), stop.clone());
    let numbers = Arc::new(Numbers { corridor, people, token, door: None });
    let router = Router::new().route("/metrics", get(answer)).with_state(numbers).merge(probes);
    tokio::spawn(async move {
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::warn!(%error, "the address of the numbers closed");
        }
    });
    Ok(bound)
}

async fn answer(State(numbers): State<Arc<Numbers>>, request: Request) -> Response {
    // Whoever asks has an address and headers; the body of a GET is of no interest.
    let (parts, _) = request.into_parts();
    if let Err(refused) = numbers.admit(&parts.headers, &parts.extensions).await {
        return *refused;
    }
    let page = numbers.corridor.numbers_page(numbers.next_expiry().await).await;
    let fixed = [(header::CONTENT_TYPE, KIND), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::OK, fixed, page).into_response()
}

impl Numbers {
    async fn admit(&self, headers: &HeaderMap, extensions: &http::Extensions) -> Result<(), Box<Response>> {
        if self.token.as_ref().is_some_and(|token| shows(headers, token)) {
            return Ok(());
        }
        let Some(door) = &self.door else {
            return if self.token.is_none() { Ok(()) } else { Err(Box::new(wrong())) };
        };
        match door.caller(headers, extensions).await {
            Ok(caller) if may_look(&caller) => Ok(()),
            Ok(_) => Err(Box::new(
                (StatusCode::FORBIDDEN, "this token may not read the numbers of this server\n")
                    .into_response(),
            )),
            Err(refused) => Err(Box::new(door.unauthorized(refused))),
        }
    }

    /// Seconds until the first of the personal tokens ends.
    async fn next_expiry(&self) -> Option<i64> {
        let tokens = self.people.as_ref()?.tokens().list().await.ok()?;
        let now = jiff::Timestamp::now();
        tokens
            .iter()
            .map(|token| token.expires_at.as_second() - now.as_second())
            .filter(|left| *left > 0)
            .min()
    }
}

/// Those who run the server and those who audit it. A caller without any token is its owner.
pub(super) fn may_look(caller: &Caller) -> bool {
    matches!(caller.role, Role::Owner | Role::Operator | Role::Auditor)
}

/// Is this token the only one that is shown?
fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (shown.next(), shown.next()) else { return false };
    let Some((scheme, given)) = only.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return false;
    };
    // Digests have one length, so the comparison tells nothing about that of the token.
    let digest = |text: &str| ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let same = digest(given.trim()).as_ref().ct_eq(digest(token.reveal()).as_ref());
    scheme.eq_ignore_ascii_case("bearer") && bool::from(same)
}

fn wrong() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
    (StatusCode::UNAUTHORIZED, challenge, "the token of the numbers is needed\n").into_response()
}
