//! `/sign-in` and `/sign-out`: who somebody is, for the pages that have to know.
//!
//! Without scripts, and with nothing from elsewhere. Every form is bound to the browser that got it;
//! what was wrong with a name or a password is not told.

mod forms;
mod look;

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use self::forms::{Frame, next_of};
pub(super) use self::{
    forms::Fields,
    look::{escaped, page, page_leading_to},
};
use super::{
    cookies::{Cookie, Cookies, SameSite},
    door::PeerAddress,
};
use crate::{
    facts::{ConnectionAlias, Secret},
    identity::{
        NotSignedIn, People, PeopleError, Place, SignedIn, Step, Visitor, browser_secret, form_token,
        form_token_fits, local_name,
    },
    pipeline::Corridor,
};

/// Longer than anybody leaves a form open.
const FORM_SECONDS: u64 = 24 * 60 * 60;
/// As long as a browser is known.
const KNOWN_SECONDS: u64 = 90 * 24 * 60 * 60;
const AGENT_BYTES_MAX: usize = 512;

/// What pages for people need: who they are, and the cookies that say so.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) people: People,
    pub(super) cookies: Cookies,
    pub(super) corridor: Arc<Corridor>,
}

pub(super) fn routes(pages: Arc<Pages>) -> Router {
    Router::new()
        .route("/sign-in", get(show).post(answer))
        .route("/sign-out", get(show_sign_out).post(sign_out))
        .with_state(pages)
}

#[derive(Debug, Deserialize)]
struct Wanted {
    next: Option<String>,
}

/// A line of the log: who came and went.
#[derive(Debug, Serialize)]
struct Visit<'a> {
    at: jiff::Timestamp,
    user: &'a str,
    address: Option<IpAddr>,
}

impl Pages {
    /// Who is signed in with this browser.
    pub(super) async fn signed_in(&self, headers: &HeaderMap) -> Result<Option<SignedIn>, PeopleError> {
        match self.cookies.read(headers, Cookie::Session) {
            Some(shown) => self.people.sessions().find(&shown).await,
            None => Ok(None),
        }
    }

    fn note(&self, kind: &'static str, user: &str, address: Option<IpAddr>) {
        let visit = Visit { at: jiff::Timestamp::now(), user, address };
        if let Err(error) = self.corridor.audit().note_event(kind, &visit) {
            tracing::error!(%error, kind, "somebody came or went, and it is not in the log");
        }
    }
}

async fn show(State(pages): State<Arc<Pages>>, Query(wanted): Query<Wanted>, request: Request) -> Response {
    let next = wanted.next.as_deref().and_then(next_of).unwrap_or_default();
    match pages.signed_in(request.headers()).await {
        Ok(Some(_)) if !next.is_empty() => go_on(next),
        Ok(Some(signed_in)) => who_you_are(&signed_in),
        Ok(None) => ask(&pages, request.headers(), StatusCode::OK, next, "", "", "").await,
        Err(error) => unavailable(&error),
    }
}

async fn answer(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let visitor = visitor(&request);
    let Some(fields) = Fields::read(request.into_body()).await else {
        return page(StatusCode::BAD_REQUEST, "Sign in", "<p>The form did not arrive.</p>");
    };
    let next = next_of(fields.get("next")).unwrap_or_default();
    let browser = pages.cookies.read(&headers, Cookie::Form).unwrap_or_default();
    if !form_token_fits(&browser, fields.get("form")) {
        let problem = "The form was too old, or your browser keeps no cookies. Try again.";
        return ask(&pages, &headers, StatusCode::FORBIDDEN, next, problem, "", "").await;
    }
    let known = pages.cookies.read(&headers, Cookie::Known);
    let (login, chosen) = (fields.get("login"), fields.get("place"));
    let sign_in = pages.people.sign_in();
    let stepped = match fields.get("step") {
        "password" => match place_of(chosen) {
            Some(place) => {
                let password = fields.secret("password");
                sign_in.with_password(&place, login, &password, &visitor, known.as_deref()).await
            }
            None => Err(NotSignedIn::Wrong),
        },
        "code" => {
            sign_in.with_code(fields.get("ticket"), fields.get("code"), &visitor, known.as_deref()).await
        }
        "first" => first_owner(&pages, &fields, &visitor).await,
        _ => Err(NotSignedIn::Over),
    };
    match stepped {
        Ok(Step::Done { session, known }) => {
            end_earlier(&pages, &headers).await;
            signed_in(&pages, &session, known.as_ref(), next, &visitor).await
        }
        Ok(Step::Code { ticket }) => code_page(&browser, next, "", StatusCode::OK, &ticket),
        Err(NotSignedIn::WrongCode) => {
            tracing::warn!(address = ?visitor.address, "a wrong code");
            let ticket = fields.secret("ticket");
            code_page(&browser, next, "This code is not right.", StatusCode::FORBIDDEN, &ticket)
        }
        Err(refused) => {
            if matches!(refused, NotSignedIn::Wrong | NotSignedIn::Wait(_)) {
                tracing::warn!(address = ?visitor.address, "somebody could not sign in");
            }
            not_signed_in(&pages, &headers, &refused, next, login, chosen).await
        }
    }
}

async fn first_owner(pages: &Pages, fields: &Fields, visitor: &Visitor) -> Result<Step, NotSignedIn> {
    let sign_in = pages.people.sign_in();
    sign_in.try_code_of_first_owner(visitor)?;
    let name = local_name(fields.get("login")).map_err(PeopleError::Refused)?;
    let password = fields.secret("password");
    match pages.people.accounts().add_first_owner(fields.get("code"), &name, &password).await? {
        Some(account) => sign_in.first_owner(&account, visitor).await,
        None => Err(NotSignedIn::WrongCode),
    }
}

async fn signed_in(
    pages: &Pages,
    session: &Secret,
    known: Option<&Secret>,
    next: &str,
    visitor: &Visitor,
) -> Response {
    match pages.people.sessions().find(session.reveal()).await {
        Ok(Some(found)) => pages.note("signed_in", found.account.name.as_str(), visitor.address),
        Ok(None) => {}
        Err(error) => return unavailable(&error),
    }
    let mut response = go_on(if next.is_empty() { "/sign-in" } else { next });
    // Clients send people here from their own pages, and then they have to be recognised.
    let same_site = if next.starts_with("/oauth/") { SameSite::Lax } else { SameSite::Strict };
    let cookies = pages.cookies;
    let kept = [
        cookies.keep(Cookie::Session, session.reveal(), same_site, None),
        known.and_then(|known| {
            cookies.keep(Cookie::Known, known.reveal(), SameSite::Strict, Some(KNOWN_SECONDS))
        }),
        cookies.forget(Cookie::Form),
    ];
    for cookie in kept.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A browser has one session: the one before is over.
async fn end_earlier(pages: &Pages, headers: &HeaderMap) {
    let Some(earlier) = pages.cookies.read(headers, Cookie::Session) else { return };
    if let Err(error) = pages.people.sessions().end(&earlier).await {
        tracing::warn!(%error, "an earlier session could not be ended");
    }
}

async fn not_signed_in(
    pages: &Pages,
    headers: &HeaderMap,
    refused: &NotSignedIn,
    next: &str,
    login: &str,
    chosen: &str,
) -> Response {
    let (status, problem, wait) = match refused {
        NotSignedIn::Wrong => (StatusCode::FORBIDDEN, "The name or the password is wrong.".to_owned(), None),
        NotSignedIn::WrongCode => (StatusCode::FORBIDDEN, "This code is not right.".to_owned(), None),
        NotSignedIn::Over => {
            let text = "It took too long, or there were too many wrong codes. Begin again.";
            (StatusCode::FORBIDDEN, text.to_owned(), None)
        }
        NotSignedIn::Wait(wait) => {
            let seconds = wait.as_secs().saturating_add(1);
            let text = format!("There were too many tries. Wait {seconds} seconds.");
            (StatusCode::TOO_MANY_REQUESTS, text, Some(*wait))
        }
        NotSignedIn::Failed(PeopleError::Refused(why)) => {
            (StatusCode::FORBIDDEN, format!("Not possible: {why}."), None)
        }
        NotSignedIn::Failed(PeopleError::Busy) => {
            let text = "Too many people sign in at this moment. Try again.".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, text, Some(Duration::from_secs(2)))
        }
        NotSignedIn::Failed(error) => return unavailable(error),
    };
    let mut response = ask(pages, headers, status, next, &problem, login, chosen).await;
    if let Some(wait) = wait {
        let seconds = wait.as_secs().saturating_add(1);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The form that somebody sees first, bound to their browser.
async fn ask(
    pages: &Pages,
    headers: &HeaderMap,
    status: StatusCode,
    next: &str,
    problem: &str,
    login: &str,
    chosen: &str,
) -> Response {
    let count = match pages.people.accounts().count().await {
        Ok(count) => count,
        Err(error) => return unavailable(&error),
    };
    let (browser, is_new) = match pages.cookies.read(headers, Cookie::Form) {
        Some(browser) => (Secret::new(browser), false),
        None => match browser_secret() {
            Ok(new) => (new, true),
            Err(error) => return unavailable(&error),
        },
    };
    let token = form_token(browser.reveal());
    let frame = Frame { token: &token, next, problem };
    let odoos = pages.people.sign_in().odoo_connections();
    let mut response = if count == 0 && odoos.is_empty() {
        page(status, "The first account", &forms::first_owner(&frame, login))
    } else {
        page(status, "Sign in", &forms::password(&frame, count > 0, odoos, login, chosen))
    };
    if is_new
        && let Some(cookie) =
            pages.cookies.keep(Cookie::Form, browser.reveal(), SameSite::Lax, Some(FORM_SECONDS))
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn code_page(browser: &str, next: &str, problem: &str, status: StatusCode, ticket: &Secret) -> Response {
    let token = form_token(browser);
    page(status, "Second step", &forms::code(&Frame { token: &token, next, problem }, ticket))
}

fn who_you_are(signed_in: &SignedIn) -> Response {
    let body = format!(
        "<p>You are signed in as <strong>{}</strong> ({}).</p>{}",
        escaped(signed_in.account.name.as_str()),
        signed_in.account.role.as_str(),
        sign_out_form(&signed_in.csrf),
    );
    page(StatusCode::OK, "Signed in", &body)
}

fn sign_out_form(csrf: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/sign-out\"><input type=\"hidden\" name=\"csrf\" value=\"{}\"><button \
         class=\"second\">Sign out</button></form>",
        escaped(csrf)
    )
}

async fn show_sign_out(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    match pages.signed_in(request.headers()).await {
        Ok(Some(signed_in)) => who_you_are(&signed_in),
        Ok(None) => signed_out(),
        Err(error) => unavailable(&error),
    }
}

async fn sign_out(State(pages): State<Arc<Pages>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let address = visitor(&request).address;
    let fields = Fields::read(request.into_body()).await;
    let signed_in = match pages.signed_in(&headers).await {
        Ok(Some(signed_in)) => signed_in,
        Ok(None) => return signed_out(),
        Err(error) => return unavailable(&error),
    };
    if !fields.is_some_and(|fields| signed_in.csrf_fits(fields.get("csrf"))) {
        return page(StatusCode::FORBIDDEN, "Sign out", "<p>This form is not of this session.</p>");
    }
    let shown = pages.cookies.read(&headers, Cookie::Session).unwrap_or_default();
    if let Err(error) = pages.people.sessions().end(&shown).await {
        return unavailable(&error);
    }
    pages.note("signed_out", signed_in.account.name.as_str(), address);
    let mut response = signed_out();
    if let Some(cookie) = pages.cookies.forget(Cookie::Session) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn signed_out() -> Response {
    page(StatusCode::OK, "Signed out", "<p>You are signed out.</p><p><a href=\"/sign-in\">Sign in</a></p>")
}

/// To another page of ours; the browser asks for it anew, so that a form is not sent twice.
pub(super) fn go_on(place: &str) -> Response {
    match HeaderValue::from_str(place) {
        Ok(place) => (
            StatusCode::SEE_OTHER,
            [
                (header::LOCATION, place),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            ],
        )
            .into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Nothing is known, so nobody is let in. The log says why.
pub(super) fn unavailable(error: &PeopleError) -> Response {
    tracing::error!(%error, "a page for people could not be made");
    let body = "<p>Accounts cannot be looked up at the moment. Try again later.</p>";
    page(StatusCode::SERVICE_UNAVAILABLE, "Not available", body)
}

fn place_of(chosen: &str) -> Option<Place> {
    match chosen {
        "" => Some(Place::Here),
        alias => ConnectionAlias::parse(alias).ok().map(Place::Odoo),
    }
}

fn visitor(request: &Request) -> Visitor {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or_default();
    Visitor {
        address: request.extensions().get::<PeerAddress>().map(|peer| peer.0.ip()),
        agent: agent.get(..agent.len().min(AGENT_BYTES_MAX)).unwrap_or_default().to_owned(),
    }
}
