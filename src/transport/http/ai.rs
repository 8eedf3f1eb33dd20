//! Two addresses for programs that want one document read: `/api/ai/extract-raw` for bills and
//! `/api/ai/customs/extract-raw` for customs declarations.
//!
//! Each is a call of one tool of the catalogue: the same token, the same policy, budget and log. What
//! goes wrong is a problem document (RFC 9457) with a stable code.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::post,
};
use futures_util::StreamExt as _;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::door::{BODY_READ_MS_MAX, Door, is_json};
use crate::{
    facts::{JsonObject, check_strict_json},
    identity::Refused,
    reply::Reply,
    transport::{
        frame::DEPTH_MAX,
        server::{NotWalked, Shared},
    },
};

/// Largest body: a document of eighteen megabytes in base64.
const BODY_BYTES_MAX: usize = 24 * 1024 * 1024;
/// A body that is longer than this is not even read to its end.
const BODY_BYTES_PASSED_OVER_MAX: usize = 64 * 1024 * 1024;
/// Bodies that are held at once; more are asked to come back.
const BODIES_AT_ONCE_MAX: usize = 8;
/// When to come back where the answer itself does not say.
const RETRY_SECONDS: u64 = 5;
/// What older clients send where they mean the connection's own tenant.
const USUAL_TENANT: &str = "default";

const BILL_TOOL: &str = "ai_extract_document";
const CUSTOMS_TOOL: &str = "ai_extract_customs_declaration";

#[derive(Debug)]
struct Programs {
    door: Arc<Door>,
    shared: Arc<Shared>,
    bodies: tokio::sync::Semaphore,
}

pub(super) fn routes(door: Arc<Door>, shared: Arc<Shared>) -> Router {
    let programs =
        Arc::new(Programs { door, shared, bodies: tokio::sync::Semaphore::new(BODIES_AT_ONCE_MAX) });
    Router::new()
        .route(
            "/api/ai/extract-raw",
            post(|State(programs): State<Arc<Programs>>, request: Request| async move {
                programs.answer(BILL_TOOL, request).await
            }),
        )
        .route(
            "/api/ai/customs/extract-raw",
            post(|State(programs): State<Arc<Programs>>, request: Request| async move {
                programs.answer(CUSTOMS_TOOL, request).await
            }),
        )
        .with_state(programs)
}

/// What is told instead of a result.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    code: String,
    detail: String,
    hint: Option<String>,
    retry_after_seconds: Option<u64>,
}

impl Programs {
    async fn answer(&self, tool: &str, request: Request) -> Response {
        match self.walk(tool, request).await {
            Ok(result) => json_response(StatusCode::OK, "application/json", &result),
            Err(problem) => problem.into_response(),
        }
    }

    async fn walk(&self, tool: &str, request: Request) -> Result<Value, Problem> {
        let caller = self.door.caller(request.headers(), request.extensions()).await.map_err(unauthorized)?;
        let Ok(_room) = self.bodies.try_acquire() else {
            return Err(busy());
        };
        let arguments = arguments(tool, self.read(request).await?);
        match self.shared.call_once(tool, arguments, caller).await {
            Ok(reply) if reply.is_error => Err(problem_of(&reply)),
            Ok(reply) => Ok(reply.structured),
            // A tool that is hidden from this caller does not exist for it.
            Err(NotWalked::UnknownTool) => {
                Err(Problem::new(StatusCode::FORBIDDEN, "denied", "this token may not have documents read"))
            }
            Err(NotWalked::TooMany) => Err(busy()),
            Err(NotWalked::Failed) => Err(Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "something failed inside odoo-mcp",
            )),
        }
    }

    async fn read(&self, request: Request) -> Result<JsonObject, Problem> {
        let bad = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, "invalid_body", detail);
        if !is_json(request.headers()) {
            return Err(bad("the body has to be JSON, and its content type `application/json`"));
        }
        let too_large = || {
            let detail = format!("a body may have at most {BODY_BYTES_MAX} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &detail)
        };
        let collecting = collect(request.into_body());
        let bytes = match tokio::time::timeout(Duration::from_millis(BODY_READ_MS_MAX), collecting).await {
            Ok(Collected::Whole(bytes)) => bytes,
            Ok(Collected::TooLong) => return Err(too_large()),
            Ok(Collected::Broken) => return Err(bad("the body did not arrive")),
            Err(_) => return Err(bad("the body took too long")),
        };
        if check_strict_json(&bytes, DEPTH_MAX).is_err() {
            return Err(bad("the body is not JSON that can be read in one way only"));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(body)) => Ok(body),
            _ => Err(bad("the body has to be one JSON object")),
        }
    }
}

/// What arrived of a body.
enum Collected {
    Whole(Vec<u8>),
    TooLong,
    Broken,
}

/// Keeps a body up to its limit. What is a little longer is read to its end without being kept: most
/// clients listen for an answer only when they have sent everything.
async fn collect(body: Body) -> Collected {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut arrived) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else { return Collected::Broken };
        arrived = arrived.saturating_add(chunk.len());
        if arrived <= BODY_BYTES_MAX {
            kept.extend_from_slice(&chunk);
        } else if arrived <= BODY_BYTES_PASSED_OVER_MAX {
            kept = Vec::new();
        } else {
            return Collected::TooLong;
        }
    }
    if arrived <= BODY_BYTES_MAX { Collected::Whole(kept) } else { Collected::TooLong }
}

/// The arguments of the tool under the names that programs use.
fn arguments(tool: &str, mut body: JsonObject) -> JsonObject {
    if tool == CUSTOMS_TOOL
        && !body.contains_key("file_b64")
        && let Some(picture) = body.remove("image_b64")
    {
        body.insert("file_b64".to_owned(), picture);
    }
    if body.get("tenant_code").and_then(Value::as_str) == Some(USUAL_TENANT) {
        body.remove("tenant_code");
    }
    for empty in ["company_vat", "mimetype", "request_id"] {
        if body.get(empty).is_some_and(|value| value.as_str() == Some("")) {
            body.remove(empty);
        }
    }
    body
}

impl Problem {
    fn new(status: StatusCode, code: &str, detail: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.to_owned(),
            hint: None,
            retry_after_seconds: None,
        }
    }

    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
            "hint": self.hint,
        });
        let mut response = json_response(self.status, "application/problem+json", &body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn problem_of(reply: &Reply) -> Problem {
    let text = |name: &str| reply.structured.get(name).and_then(Value::as_str).map(str::to_owned);
    let code = text("code").unwrap_or_else(|| "internal".to_owned());
    let wait_ms = reply.structured.get("retry_after_ms").and_then(Value::as_u64);
    let status = status_of(&code, wait_ms.is_some());
    let retry_after_seconds = match (wait_ms, status) {
        (Some(wait_ms), _) => Some(wait_ms.div_ceil(1_000).max(1)),
        _ if matches!(code.as_str(), "language_model_overloaded" | "tenant_busy") => Some(RETRY_SECONDS),
        _ => None,
    };
    Problem {
        status,
        detail: text("message").unwrap_or_default(),
        hint: text("hint"),
        code,
        retry_after_seconds,
    }
}

/// Statuses by code: 4xx where the caller can do something, 502 where the model failed, 503 where
/// something is not set up or not there.
fn status_of(code: &str, has_to_wait: bool) -> StatusCode {
    match code {
        "invalid_arguments" => StatusCode::BAD_REQUEST,
        "denied" if has_to_wait => StatusCode::TOO_MANY_REQUESTS,
        "over_budget" | "tenant_busy" => StatusCode::TOO_MANY_REQUESTS,
        "denied" | "no_grant" | "needs_approval" | "insufficient_scope" | "tenant_not_yours" | "access"
        | "closed" | "not_permitted" => StatusCode::FORBIDDEN,
        "too_large" | "bomb" | "language_model_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "internal" => StatusCode::INTERNAL_SERVER_ERROR,
        "language_model_not_allowed" | "language_model_no_documents" => StatusCode::UNPROCESSABLE_ENTITY,
        "language_model_not_set_up"
        | "language_model_no_key"
        | "language_model_key"
        | "language_model_overloaded"
        | "usage_ledger"
        | "price_unknown"
        | "budget_unreadable"
        | "audit_unavailable"
        | "store_unreachable"
        | "paused"
        | "unreachable"
        | "cancelled"
        | "interrupted" => StatusCode::SERVICE_UNAVAILABLE,
        code if code.starts_with("language_model_") => StatusCode::BAD_GATEWAY,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn unauthorized(refused: Refused) -> Problem {
    match refused {
        Refused::Missing => {
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "a bearer token is needed")
        }
        Refused::Wrong => {
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "the bearer token is not valid")
        }
        Refused::TooMany { wait } => Problem {
            retry_after_seconds: Some(wait.as_secs().max(1)),
            ..Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "unauthorized",
                "too many wrong tokens from this address",
            )
        },
        Refused::Unavailable => Problem {
            retry_after_seconds: Some(RETRY_SECONDS),
            ..Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "tokens cannot be checked at the moment",
            )
        },
    }
}

fn busy() -> Problem {
    Problem {
        retry_after_seconds: Some(RETRY_SECONDS),
        ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many documents at once")
    }
}

fn json_response(status: StatusCode, kind: &'static str, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_statuses() {
        let check = |code: &str, waits: bool, expected: u16| {
            assert_eq!(status_of(code, waits).as_u16(), expected, "{code}");
        };
        check("invalid_arguments", false, 400);
        check("denied", false, 403);
        check("denied", true, 429);
        check("over_budget", false, 429);
        check("tenant_not_yours", false, 403);
        check("too_large", false, 413);
        check("encrypted", false, 422);
        check("request_id_reused", false, 422);
        check("language_model_no_key", false, 503);
        check("language_model_not_set_up", false, 503);
        check("language_model_overloaded", false, 503);
        check("language_model_bad_answer", false, 502);
        check("language_model_declined", false, 502);
        check("language_model_timeout", false, 502);
        check("something_new", false, 422);
    }

    #[test]
    fn names_of_older_clients_are_understood() {
        let body = |value: Value| value.as_object().cloned().unwrap();
        let given = body(json!({"image_b64": "aGk=", "tenant_code": "default", "mimetype": ""}));
        assert_eq!(arguments(CUSTOMS_TOOL, given.clone()), body(json!({"file_b64": "aGk="})));
        assert!(
            arguments(BILL_TOOL, given).contains_key("image_b64"),
            "only customs have pictures by that name"
        );
        let own = body(json!({"file_b64": "aGk=", "tenant_code": "acme"}));
        assert_eq!(arguments(BILL_TOOL, own.clone()), own);
    }
}
