//! Around every request: a name for the log, and its place in the numbers.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue};
use ring::rand::SecureRandom as _;
use tracing::Instrument as _;

use crate::{facts::hex, metrics::Registry};

/// The name of a request, for the log of whoever is in front of us and ours.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer one is not taken over.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Counts the request and gives it a name: the one it brought, if that can stand in a log.
pub(super) async fn traced(State(numbers): State<Arc<Registry>>, request: Request, next: Next) -> Response {
    let id = brought(&request).unwrap_or_else(new_id);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("request", id = %id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span).await;
    numbers.http_answered(method.as_str(), &path, response.status().as_u16());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn brought(request: &Request) -> Option<HeaderValue> {
    let value = request.headers().get(REQUEST_ID)?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&value.len()) && value.as_bytes().iter().all(plain);
    fits.then(|| value.clone())
}

fn new_id() -> HeaderValue {
    let mut random = [0_u8; 12];
    // Without randomness requests share a name, which is only less handy.
    let _ = ring::rand::SystemRandom::new().fill(&mut random);
    HeaderValue::from_str(&hex(&random)).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}
