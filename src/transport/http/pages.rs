//! The page on which a question is answered, for clients that can open one.
//!
//! Its address holds a secret that is good for one question. Whoever opens it sees the question; to
//! answer takes the token of a grant, and not of the grant that asks, because its client could answer
//! by itself; or being signed in with the browser. Deliberately absent: scripts.

use std::{fmt::Write as _, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::to_bytes,
    extract::{Path, Request, State},
    response::Response,
    routing::get,
};
use http::StatusCode;

use super::{
    door::PeerAddress,
    sign_in::{self, escaped},
};
use crate::{
    approvals::Entry,
    facts::{Caller, Scopes},
    identity::{Gate, Refused, SignedIn},
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
    /// Who may be signed in.
    pub(super) people: Option<Arc<sign_in::Pages>>,
}

/// How somebody may answer.
enum Answerer {
    SignedIn(Box<SignedIn>),
    /// With a token, or after signing in where there are accounts.
    Anybody {
        sign_in_first: Option<String>,
    },
}

pub(super) fn routes(pages: Pages) -> Router {
    Router::new().route("/approve/{secret}", get(show).post(answer)).with_state(Arc::new(pages))
}

async fn show(State(pages): State<Arc<Pages>>, Path(secret): Path<String>, request: Request) -> Response {
    let answerer = match pages.answerer(request.headers(), &secret).await {
        Ok(answerer) => answerer,
        Err(response) => return *response,
    };
    match pages.corridor.question_of_page(&secret).await {
        Some(entry) => page(StatusCode::OK, &form(&entry, "", &answerer)),
        None => gone(),
    }
}

impl Pages {
    async fn answerer(&self, headers: &http::HeaderMap, secret: &str) -> Result<Answerer, Box<Response>> {
        let Some(people) = &self.people else { return Ok(Answerer::Anybody { sign_in_first: None }) };
        match people.signed_in(headers).await {
            Ok(Some(signed_in)) => Ok(Answerer::SignedIn(Box::new(signed_in))),
            Ok(None) => {
                let next: String =
                    url::form_urlencoded::byte_serialize(format!("/approve/{secret}").as_bytes()).collect();
                Ok(Answerer::Anybody { sign_in_first: Some(format!("/sign-in?next={next}")) })
            }
            Err(error) => Err(Box::new(sign_in::unavailable(&error))),
        }
    }

    /// Who answers with this form, and whether they are signed in.
    async fn caller(
        &self,
        answerer: &Answerer,
        csrf: &str,
        token: &str,
        peer: std::net::IpAddr,
    ) -> Result<(Caller, bool), (StatusCode, &'static str)> {
        if let (Answerer::SignedIn(signed_in), Some(people)) = (answerer, &self.people) {
            return if signed_in.csrf_fits(csrf) {
                Ok((people.people.caller_of(&signed_in.account, Scopes::ALL), true))
            } else {
                Err((StatusCode::FORBIDDEN, "This form is not of this session; try again."))
            };
        }
        let shown = format!("Bearer {}", token.trim());
        match self.gate.admit(Some(shown.as_bytes()), peer).await {
            Ok(caller) => Ok((caller, false)),
            Err(Refused::TooMany { .. }) => {
                Err((StatusCode::TOO_MANY_REQUESTS, "Too many wrong tokens; try again later."))
            }
            Err(Refused::Unavailable) => Err((
                StatusCode::SERVICE_UNAVAILABLE,
                "Tokens cannot be checked at the moment; try again later.",
            )),
            Err(Refused::Missing | Refused::Wrong) => {
                Err((StatusCode::UNAUTHORIZED, "This token is not valid."))
            }
        }
    }
}

async fn answer(State(pages): State<Arc<Pages>>, Path(secret): Path<String>, request: Request) -> Response {
    let Some(entry) = pages.corridor.question_of_page(&secret).await else { return gone() };
    let answerer = match pages.answerer(request.headers(), &secret).await {
        Ok(answerer) => answerer,
        Err(response) => return *response,
    };
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
        _ => {
            let problem = "Choose one of the two buttons.";
            return page(StatusCode::BAD_REQUEST, &form(&entry, problem, &answerer));
        }
    };
    let (csrf, token) = (member("csrf").unwrap_or_default(), member("token").unwrap_or_default());
    let peer = peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    let (caller, signed_in) = match pages.caller(&answerer, &csrf, &token, peer).await {
        Ok(caller) => caller,
        Err((status, problem)) => return page(status, &form(&entry, problem, &answerer)),
    };
    match pages.corridor.answer_on_page(&secret, &caller, signed_in, yes).await {
        Ok(entry) => {
            let done = if yes {
                "Granted: the call may go ahead once."
            } else {
                "Refused: the call will not happen."
            };
            page(StatusCode::OK, &format!("<p>{done}</p><pre>{}</pre>", escaped(&entry.text)))
        }
        Err(PageError::Gone) => gone(),
        Err(error @ (PageError::OwnGrant | PageError::Scope | PageError::Refused(_))) => {
            page(StatusCode::FORBIDDEN, &form(&entry, &format!("Not possible: {error}."), &answerer))
        }
        Err(error @ PageError::Failed) => {
            page(StatusCode::INTERNAL_SERVER_ERROR, &escaped(&error.to_string()))
        }
    }
}

fn form(entry: &Entry, problem: &str, answerer: &Answerer) -> String {
    let mut html = format!("<pre>{}</pre>", escaped(&entry.text));
    if !problem.is_empty() {
        // Writing to a text cannot fail.
        let _ = write!(html, "<p class=\"problem\" role=\"alert\"><strong>{}</strong></p>", escaped(problem));
    }
    let who = match answerer {
        Answerer::SignedIn(signed_in) => format!(
            "<p>You answer as <strong>{}</strong>.</p><input type=\"hidden\" name=\"csrf\" value=\"{}\">",
            escaped(signed_in.account.name.as_str()),
            escaped(&signed_in.csrf),
        ),
        Answerer::Anybody { sign_in_first } => {
            if let Some(address) = sign_in_first {
                let _ = write!(html, "<p><a href=\"{}\">Sign in to answer</a></p>", escaped(address));
            }
            "<p><label>Your token <input type=\"password\" name=\"token\" required autocomplete=\"off\"></label></p>"
                .to_owned()
        }
    };
    let _ = write!(
        html,
        "<form method=\"post\" autocomplete=\"off\">{who}<p><button class=\"second\" name=\"answer\" \
         value=\"refuse\">Refuse</button> <button name=\"answer\" value=\"approve\">Approve exactly this, \
         once</button></p></form>"
    );
    html
}

fn gone() -> Response {
    page(StatusCode::NOT_FOUND, "<p>There is no open question here. It was answered, or it is over.</p>")
}

fn page(status: StatusCode, body: &str) -> Response {
    sign_in::page(status, "Approval", body)
}
