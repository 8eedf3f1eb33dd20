//! Where one-time links are redeemed: `POST /enroll` with the code, and a token comes back, once.
//!
//! A GET gives nothing away and uses nothing up, so that whoever only looks at a link does no harm.

use std::sync::Arc;

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::post,
};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::door::{PeerAddress, is_json};
use crate::{
    config::PublicUrl,
    facts::check_strict_json,
    identity::{Enrolled, Enrolments, NotEnrolled},
    pipeline::Corridor,
};

/// A code and the braces around it.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// One object.
const BODY_DEPTH_MAX: usize = 2;
const BODY_READ_MAX: std::time::Duration = std::time::Duration::from_secs(10);

/// What redeeming needs.
#[derive(Debug)]
pub(super) struct Enrolling {
    pub(super) enrolments: Enrolments,
    pub(super) corridor: Arc<Corridor>,
    pub(super) public: PublicUrl,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    code: String,
}

/// A line of the log: who was let in by whom. No secret.
#[derive(Debug, Serialize)]
struct LetIn<'a> {
    at: jiff::Timestamp,
    user: &'a str,
    grant: &'a str,
    tenant: &'a str,
    token: &'a str,
    issued_by: &'a str,
}

pub(super) fn routes(enrolling: Arc<Enrolling>) -> Router {
    Router::new().route("/enroll", post(redeem)).with_state(enrolling)
}

async fn redeem(State(enrolling): State<Arc<Enrolling>>, request: Request) -> Response {
    let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip());
    if !is_json(request.headers()) {
        return told(StatusCode::UNSUPPORTED_MEDIA_TYPE, &problem("send JSON"));
    }
    let reading = to_bytes(request.into_body(), BODY_BYTES_MAX);
    let Ok(Ok(body)) = tokio::time::timeout(BODY_READ_MAX, reading).await else {
        return told(StatusCode::BAD_REQUEST, &problem("the body did not arrive"));
    };
    let shown = check_strict_json(&body, BODY_DEPTH_MAX).ok();
    let shown = shown.and_then(|()| serde_json::from_slice::<Shown>(&body).ok());
    let Some(shown) = shown else {
        return told(StatusCode::BAD_REQUEST, &problem("send an object with the member `code`"));
    };
    match enrolling.enrolments.redeem(&shown.code, peer).await {
        Ok(enrolled) => enrolling.hand_over(&enrolled).await,
        Err(NotEnrolled::Nothing) => {
            tracing::warn!(address = ?peer, "a wrong enrolment code");
            told(StatusCode::FORBIDDEN, &problem("the code is wrong, was used, or ran out"))
        }
        Err(NotEnrolled::Wait(wait)) => {
            let mut response = told(StatusCode::TOO_MANY_REQUESTS, &problem("too many wrong codes; wait"));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
            response
        }
        Err(NotEnrolled::Failed(error)) => {
            tracing::error!(%error, "a code could not be redeemed");
            told(StatusCode::SERVICE_UNAVAILABLE, &problem("it could not be done; ask for another link"))
        }
    }
}

impl Enrolling {
    /// No line in the log, no token: it is revoked again.
    async fn hand_over(&self, enrolled: &Enrolled) -> Response {
        let token = &enrolled.token;
        let line = LetIn {
            at: jiff::Timestamp::now(),
            user: token.user.as_str(),
            grant: token.grant.as_str(),
            tenant: &enrolled.tenant,
            token: &token.id,
            issued_by: enrolled.issued_by.as_str(),
        };
        if let Err(error) = self.corridor.audit().note_event("enrolled", &line) {
            tracing::error!(%error, "somebody was let in, and it is not in the log");
            if let Err(error) = self.enrolments.take_back(token).await {
                tracing::error!(%error, "a token could not be taken back");
            }
            return told(
                StatusCode::SERVICE_UNAVAILABLE,
                &problem("it could not be done; ask for another link"),
            );
        }
        told(
            StatusCode::OK,
            &json!({
                "tenant_code": enrolled.tenant,
                "mcp_url": self.public.join("/mcp"),
                "token": enrolled.secret.reveal(),
                "token_id": token.id,
                "grant": token.grant.as_str(),
                "scopes": token.scopes.to_string(),
                "expires_at": format!("{:.0}", token.expires_at),
            }),
        )
    }
}

fn problem(why: &str) -> Value {
    json!({ "error": why })
}

fn told(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, format!("{body}\n")).into_response()
}
