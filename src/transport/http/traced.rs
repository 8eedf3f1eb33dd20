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

use crate::{
    facts::hex,
    metrics::{self, Registry, RouteGroup},
    traces::{self, Kind, Span, SpanContext, TRACEPARENT, Word},
};

/// The name of a request, for the log of whoever is in front of us and ours.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer one is not taken over.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Counts the request and gives it a name: the one it brought, if that can stand in a log.
pub(super) async fn traced(
    State(numbers): State<Arc<Registry>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = brought(&request).unwrap_or_else(new_id);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let named = tracing::info_span!("request", id = %id.to_str().unwrap_or_default());
    let span = span_of(&numbers, &request);
    if let Some(span) = &span {
        request.extensions_mut().insert(span.place());
    }
    let mut response = traces::within(span.clone(), next.run(request)).instrument(named).await;
    if let Some(span) = span {
        let status = response.status();
        span.note("http.response.status_code", Word::Number(status.as_u16().into()));
        if status.is_server_error() {
            span.failed();
        }
    }
    numbers.http_answered(method.as_str(), &path, response.status().as_u16());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The span of a request, below the one it names. Probes and collectors come too often to be of interest.
fn span_of(numbers: &Registry, request: &Request) -> Option<Arc<Span>> {
    let tracer = numbers.tracer()?;
    let group = RouteGroup::of(request.uri().path());
    if matches!(group, RouteGroup::Health | RouteGroup::Metrics) {
        return None;
    }
    let mut named = request.headers().get_all(TRACEPARENT).iter();
    let parent = match (named.next(), named.next()) {
        (Some(only), None) => only.to_str().ok().and_then(SpanContext::parse),
        // None, or two that contradict each other.
        _ => None,
    };
    let span = tracer.begin(parent, group.as_str(), Kind::Server)?;
    span.note("http.request.method", Word::Known(metrics::method_word(request.method().as_str())));
    span.note("http.route", Word::Known(group.as_str()));
    Some(Arc::new(span))
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
