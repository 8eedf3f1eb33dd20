//! The page on which a question is answered, for clients that can open one.
//!
//! Its address holds a secret that is good for one question. Whoever opens it sees the question; to
//! answer takes the token of a grant, and not of the grant that asks, because its client could answer
//! by itself. Deliberately absent: scripts, cookies, and any sign-in that outlives the answer.

use std::{fmt::Write as _, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::to_bytes,
    extract::{Path, Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::door::PeerAddress;
use crate::{
    approvals::Entry,
    identity::{Gate, Refused},
    pipeline::{Corridor, PageError},
};

/// A form with a token and a word.
const BODY_BYTES_MAX: usize = 8 * 1024;
const BODY_READ_MAX: Duration = Duration::from_secs(10);

/// What the pages need: where questions are, and who may answer.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) corridor: Arc<Corridor>,
    pub(super) gate: Arc<Gate>,
}

pub(super) fn routes(pages: Pages) -> Router {
    Router::new().route("/approve/{secret}", get(show).post(answer)).with_state(Arc::new(pages))
}

async fn show(State(pages): State<Arc<Pages>>, Path(secret): Path<String>) -> Response {
    match pages.corridor.question_of_page(&secret).await {
        Some(entry) => page(StatusCode::OK, &form(&entry, "")),
        None => gone(),
    }
}

async fn answer(State(pages): State<Arc<Pages>>, Path(secret): Path<String>, request: Request) -> Response {
    let Some(entry) = pages.corridor.question_of_page(&secret).await else { return gone() };
    let peer = request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip());
    let reading = to_bytes(request.into_body(), BODY_BYTES_MAX);
    let Ok(Ok(body)) = tokio::time::timeout(BODY_READ_MAX, reading).await else {
        return page(StatusCode::BAD_REQUEST, "<p>The answer did not arrive.</p>");
    };
    let member = |wanted: &str| {
        let mut members = url::form_urlencoded::parse(&body).filter(|(name, _)| name == wanted);
        // Twice is no answer: nobody can say which one counts.
        let only = members.next();
        only.filter(|_| members.next().is_none()).map(|(_, value)| value.into_owned())
    };
    let yes = match member("answer").as_deref() {
        Some("approve") => true,
        Some("refuse") => false,
        _ => return page(StatusCode::BAD_REQUEST, &form(&entry, "Choose one of the two buttons.")),
    };
    let shown = format!("Bearer {}", member("token").unwrap_or_default().trim());
    let peer = peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    let caller = match pages.gate.admit(Some(shown.as_bytes()), peer).await {
        Ok(caller) => caller,
        Err(Refused::TooMany { .. }) => {
            return page(
                StatusCode::TOO_MANY_REQUESTS,
                &form(&entry, "Too many wrong tokens; try again later."),
            );
        }
        Err(Refused::Unavailable) => {
            let problem = "Tokens cannot be checked at the moment; try again later.";
            return page(StatusCode::SERVICE_UNAVAILABLE, &form(&entry, problem));
        }
        Err(Refused::Missing | Refused::Wrong) => {
            return page(StatusCode::UNAUTHORIZED, &form(&entry, "This token is not valid."));
        }
    };
    match pages.corridor.answer_on_page(&secret, &caller, yes).await {
        Ok(entry) => {
            let done = if yes {
                "Granted: the call may go ahead once."
            } else {
                "Refused: the call will not happen."
            };
            page(StatusCode::OK, &format!("<p>{done}</p><pre>{}</pre>", escaped(&entry.text)))
        }
        Err(PageError::Gone) => gone(),
        Err(error @ (PageError::OwnGrant | PageError::Refused(_))) => {
            page(StatusCode::FORBIDDEN, &form(&entry, &format!("Not possible: {error}.")))
        }
        Err(error @ PageError::Failed) => {
            page(StatusCode::INTERNAL_SERVER_ERROR, &escaped(&error.to_string()))
        }
    }
}

fn form(entry: &Entry, problem: &str) -> String {
    let mut html = format!("<pre>{}</pre>", escaped(&entry.text));
    if !problem.is_empty() {
        // Writing to a text cannot fail.
        let _ = write!(html, "<p role=\"alert\"><strong>{}</strong></p>", escaped(problem));
    }
    html.push_str(
        "<form method=\"post\" autocomplete=\"off\">\
         <p><label>Your token <input type=\"password\" name=\"token\" required autocomplete=\"off\"></label></p>\
         <p><button name=\"answer\" value=\"refuse\">Refuse</button> \
         <button name=\"answer\" value=\"approve\">Approve exactly this, once</button></p></form>",
    );
    html
}

fn gone() -> Response {
    page(StatusCode::NOT_FOUND, "<p>There is no open question here. It was answered, or it is over.</p>")
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>odoo-mcp: approval</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head><body><h1>Approval</h1>{body}</body></html>\n"
    );
    let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let headers = [
        fixed(header::CONTENT_TYPE, "text/html; charset=utf-8"),
        fixed(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        fixed(header::CACHE_CONTROL, "no-store"),
        // With no referrer at all the browser would not say where the form was either.
        fixed(header::REFERRER_POLICY, "same-origin"),
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(header::X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, html).into_response()
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}
