//! The addresses of OAuth: what this server says of itself, the consent page, and tokens.
//!
//! What is decided is decided in `identity::oauth`; here are addresses, forms and status codes. Answers
//! of these addresses are never kept, never shown inside another page, and readable by no foreign page:
//! there are no CORS headers.

mod consent;
mod endpoints;
mod metadata;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderName, HeaderValue, StatusCode, header};

use self::consent::OauthPages;
use super::sign_in::Pages;
use crate::identity::{Issuers, oauth::OauthError};

/// A registration or a form; the longest has a few kilobytes.
const BODY_BYTES_MAX: usize = 32 * 1024;
const BODY_READ_MAX: Duration = Duration::from_secs(10);
/// When to come back after "try again later".
const RETRY_SECONDS: u64 = 30;

/// All addresses. Where nobody issues tokens for us there is nothing to say.
pub(super) fn routes(issuers: &Issuers, pages: Option<&Arc<Pages>>) -> Router {
    let mut router = Router::new();
    if let Some(resource) = issuers.resource_metadata() {
        router = router
            .route("/.well-known/oauth-protected-resource", get(metadata::serve(&resource)))
            .route("/.well-known/oauth-protected-resource/mcp", get(metadata::serve(&resource)));
    }
    let Some(server) = &issuers.server else { return router };
    if let Some(pages) = pages {
        let pages = OauthPages { server: Arc::clone(server), pages: Arc::clone(pages) };
        router = router.merge(
            Router::new()
                .route("/oauth/authorize", get(consent::show).post(consent::answer))
                .with_state(Arc::new(pages)),
        );
    }
    router.route("/.well-known/oauth-authorization-server", get(metadata::serve(&server.metadata()))).merge(
        Router::new()
            .route("/oauth/token", post(endpoints::token))
            .route("/oauth/revoke", post(endpoints::revoke))
            .route("/oauth/register", post(endpoints::register))
            .with_state(Arc::clone(server)),
    )
}

/// The whole body, if it is short and comes soon.
async fn body_of(request: Request) -> Result<Bytes, OauthError> {
    let reading = to_bytes(request.into_body(), BODY_BYTES_MAX);
    match tokio::time::timeout(BODY_READ_MAX, reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) | Err(_) => Err(OauthError::request("the body is too long or did not arrive")),
    }
}

/// True where the body is of this type, whatever its parameters.
fn is_of_type(request: &Request, wanted: &str) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.and_then(|kind| kind.split(';').next()).is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
}

/// An answer that nobody keeps.
fn private_json(status: StatusCode, value: &serde_json::Value) -> Response {
    (status, not_kept(), axum::Json(value)).into_response()
}

fn not_kept() -> [(HeaderName, HeaderValue); 3] {
    [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}
