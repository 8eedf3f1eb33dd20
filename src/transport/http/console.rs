//! `/console`: who looks is found by the session's cookie, what a form sends is believed only with the
//! token of that session, and a browser may do nothing with a page but show it.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};

use super::sign_in::{self, go_on, unavailable};
use crate::{
    console::{self, Answer, Assets, Console, Fields, Page, Refusal, Visit, framed},
    facts::hex,
};

/// A policy with everything escaped that a form escapes.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
const BODY_READ_MAX: Duration = Duration::from_secs(20);
/// Letters of a digest that tell one asset from the next one of the same name.
const HASH_LETTERS: usize = 16;
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| asset("console", console::STYLE, "css"));
static EDITOR_PATH: LazyLock<String> = LazyLock::new(|| asset("editor", console::EDITOR_SCRIPT, "js"));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| asset("console", console::SCRIPT, "js"));

fn asset(name: &str, content: &str, kind: &str) -> String {
    let digest = hex(ring::digest::digest(&ring::digest::SHA256, content.as_bytes()).as_ref());
    let hash = digest.get(..HASH_LETTERS).unwrap_or(&digest);
    format!("/console/assets/{name}-{hash}.{kind}")
}

/// What the routes share.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) console: Console,
    pub(super) pages: Arc<sign_in::Pages>,
}

pub(super) fn routes(site: Site) -> Router {
    Router::new()
        .route(&STYLE_PATH, get(|| async { served("text/css; charset=utf-8", console::STYLE) }))
        .route(&SCRIPT_PATH, get(|| async { served("text/javascript; charset=utf-8", console::SCRIPT) }))
        .route(
            &EDITOR_PATH,
            get(|| async { served("text/javascript; charset=utf-8", console::EDITOR_SCRIPT) }),
        )
        .route("/console", get(show).post(act))
        .route("/console/{*rest}", get(show).post(act))
        .with_state(Arc::new(site))
}

async fn show(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let visit = match site.visit(&parts.headers).await {
        Ok(Some(visit)) => visit,
        Ok(None) => return to_sign_in(&parts.uri),
        Err(response) => return *response,
    };
    let query = Fields::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let answer = site.console.show(&visit, &path, &query).await;
    worded(answer, &visit, &path)
}

async fn act(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let visit = match site.visit(&parts.headers).await {
        Ok(Some(visit)) => visit,
        // What was sent is not kept for after signing in.
        Ok(None) => return go_on("/sign-in?next=/console"),
        Err(response) => return *response,
    };
    let reading = to_bytes(body, BODY_BYTES_MAX);
    let Ok(Ok(body)) = tokio::time::timeout(BODY_READ_MAX, reading).await else {
        return refused(StatusCode::BAD_REQUEST, "The form did not arrive.");
    };
    let fields = Fields::parse(&body);
    if !visit.csrf_fits(fields.get("csrf")) {
        return refused(StatusCode::FORBIDDEN, "This form is not of this session. Go back and try again.");
    }
    let answer = site.console.act(&visit, &path, &fields).await;
    worded(answer, &visit, &path)
}

impl Site {
    async fn visit(&self, headers: &HeaderMap) -> Result<Option<Visit>, Box<Response>> {
        match self.pages.signed_in(headers).await {
            Ok(signed_in) => Ok(signed_in.map(|signed_in| Visit::new(signed_in, self.console.people()))),
            Err(error) => Err(Box::new(unavailable(&error))),
        }
    }
}

fn to_sign_in(uri: &Uri) -> Response {
    let wanted = uri.path_and_query().map_or("/console", |wanted| wanted.as_str());
    let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    go_on(&format!("/sign-in?next={next}"))
}

fn worded(answer: Answer, visit: &Visit, path: &str) -> Response {
    match answer {
        Answer::Page(page) => {
            let status = if page.is_problem { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            sent(status, &page, visit, path)
        }
        Answer::GoTo(place) => go_on(&place),
        Answer::Data(value) => data(StatusCode::OK, &value),
        Answer::TooMany => data(StatusCode::TOO_MANY_REQUESTS, &serde_json::Value::Null),
        Answer::Refused(Refusal::Nothing) => refused(StatusCode::NOT_FOUND, "There is no such page."),
        Answer::Refused(Refusal::Role) => {
            refused(StatusCode::FORBIDDEN, "Your role does not reach so far; an owner can change it.")
        }
    }
}

fn sent(status: StatusCode, page: &Page, visit: &Visit, path: &str) -> Response {
    let assets = Assets { style: &STYLE_PATH, script: &SCRIPT_PATH, editor_script: &EDITOR_PATH };
    let html = framed(page, visit, path, assets);
    let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let headers = [
        fixed(header::CONTENT_TYPE, "text/html; charset=utf-8"),
        fixed(header::CONTENT_SECURITY_POLICY, POLICY),
        fixed(header::CACHE_CONTROL, "no-store"),
        fixed(header::REFERRER_POLICY, "same-origin"),
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(header::X_FRAME_OPTIONS, "DENY"),
        fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        fixed(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        fixed(
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    (status, headers, html).into_response()
}

/// For our own scripts; nobody else's page can read it.
fn data(status: StatusCode, value: &serde_json::Value) -> Response {
    let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let headers = [
        fixed(header::CONTENT_TYPE, "application/json"),
        fixed(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        fixed(header::CACHE_CONTROL, "no-store"),
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    (status, headers, value.to_string()).into_response()
}

fn refused(status: StatusCode, why: &str) -> Response {
    let body = format!("<p>{}</p><p><a href=\"/console\">To the console</a></p>", sign_in::escaped(why));
    sign_in::page(status, "Console", &body)
}

/// An asset never changes under its name.
fn served(kind: &'static str, content: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    (headers, content).into_response()
}
