//! Headers that every answer has, whichever part of the door it comes from.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, header};

/// A year, as browsers want it before they keep it in mind for good.
const ONLY_HTTPS: HeaderValue = HeaderValue::from_static("max-age=31536000");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// Nothing here is a picture or a script for pages of others.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// What the public address of this server asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Always {
    pub(super) is_https: bool,
}

pub(super) async fn said(State(always): State<Always>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.entry(RESOURCE_POLICY).or_insert(SAME_ORIGIN);
    if always.is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_HTTPS);
    }
    response
}
