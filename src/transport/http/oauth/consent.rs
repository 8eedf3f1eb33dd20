//! The consent page: which program, back to which host, for what, as whom; allow or deny.
//!
//! Nobody is asked before they are signed in, so nothing is fetched for a stranger. The answer names a
//! question that belongs to this very session, and nothing that was checked comes back from the form.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, HeaderName, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use super::{body_of, is_of_type};
use crate::{
    facts::{Scope, Scopes},
    identity::{
        SignedIn,
        oauth::{AuthorizationRequest, AuthorizationServer, OauthError, Parameters, RequestRefused},
    },
    transport::http::sign_in::{Pages, escaped, go_on, page, page_leading_to, unavailable},
};

const FORM: &str = "application/x-www-form-urlencoded";

/// What the consent page needs: who decides, and who is signed in.
#[derive(Debug)]
pub(super) struct OauthPages {
    pub(super) server: Arc<AuthorizationServer>,
    pub(super) pages: Arc<Pages>,
}

/// A line of the log: which program somebody let in, or not.
#[derive(Debug, Serialize)]
struct Consent<'a> {
    at: Timestamp,
    user: &'a str,
    client: &'a str,
    name: &'a str,
    scopes: Scopes,
}

impl OauthPages {
    fn note(&self, kind: &'static str, by: &SignedIn, asked: &AuthorizationRequest, scopes: Scopes) {
        let consent = Consent {
            at: Timestamp::now(),
            user: by.account.name.as_str(),
            client: asked.client_id(),
            name: asked.client_name(),
            scopes,
        };
        if let Err(error) = self.pages.corridor.audit().note_event(kind, &consent) {
            tracing::error!(%error, kind, "a consent is not in the log");
        }
    }
}

/// `GET /oauth/authorize`.
pub(super) async fn show(State(oauth): State<Arc<OauthPages>>, request: Request) -> Response {
    let headers = request.headers();
    let query = request.uri().query().unwrap_or_default();
    let server = &oauth.server;
    let by = match oauth.pages.signed_in(headers).await {
        Ok(Some(by)) => by,
        Ok(None) if comes_from_elsewhere(headers) => return once_more(query),
        Ok(None) => return to_sign_in(query),
        Err(error) => return unavailable(&error),
    };
    match server.read_request(&Parameters::read(query.as_bytes())).await {
        Ok(asked) => match server.ask(&asked, &by, Timestamp::now()).await {
            Ok(ticket) => question_page(StatusCode::OK, &asked, &by, &ticket, ""),
            Err(error) => told(&error),
        },
        Err(RequestRefused::Person(error)) => told(&error),
        Err(RequestRefused::Client(back)) if follows_a_form(headers) => led_on(&back),
        Err(RequestRefused::Client(back)) => go_on(&back),
    }
}

/// `POST /oauth/authorize`.
pub(super) async fn answer(State(oauth): State<Arc<OauthPages>>, request: Request) -> Response {
    let is_form = is_of_type(&request, FORM);
    let headers = request.headers().clone();
    let form = match body_of(request).await {
        Ok(body) if is_form => Parameters::read(&body),
        Ok(_) => return told(&OauthError::request("this is not the form of this page")),
        Err(error) => return told(&error),
    };
    let by = match oauth.pages.signed_in(&headers).await {
        Ok(Some(by)) => by,
        Ok(None) => {
            return told(&OauthError::request("you are not signed in any more; begin again in the program"));
        }
        Err(error) => return unavailable(&error),
    };
    match answered(&oauth, &by, &form).await {
        Ok(response) => response,
        Err(error) => told(&error),
    }
}

async fn answered(oauth: &OauthPages, by: &SignedIn, form: &Parameters) -> Result<Response, OauthError> {
    let server = &oauth.server;
    if !by.csrf_fits(form.required("csrf")?) {
        return Err(OauthError::request(
            "this form does not belong to your session; begin again in the program",
        ));
    }
    let ticket = form.required("ticket")?;
    match form.required("answer")? {
        "deny" => {
            let asked = server.question(ticket, by).await?;
            let back = server.deny(ticket, by).await?;
            oauth.note("client_denied", by, &asked, Scopes::NONE);
            Ok(go_on(&back))
        }
        "allow" => {
            let scopes: Scopes = form.all("scope").filter_map(Scope::parse).collect();
            if scopes.is_empty() {
                let asked = server.question(ticket, by).await?;
                let problem = "Choose what the program may do, or deny.";
                return Ok(question_page(StatusCode::BAD_REQUEST, &asked, by, ticket, problem));
            }
            let asked = server.question(ticket, by).await?;
            let back = server.allow(ticket, by, scopes, Timestamp::now()).await?;
            oauth.note("client_allowed", by, &asked, scopes.within(asked.scopes()));
            Ok(go_on(&back))
        }
        _ => Err(OauthError::request("choose one of the two buttons")),
    }
}

/// The answer leads the browser back to the client, which its policy has to allow.
fn question_page(
    status: StatusCode,
    asked: &AuthorizationRequest,
    by: &SignedIn,
    ticket: &str,
    problem: &str,
) -> Response {
    let title = "May this program use Odoo for you?";
    page_leading_to(status, title, &question(asked, by, ticket, problem), &[&asked.form_target()])
}

fn question(asked: &AuthorizationRequest, by: &SignedIn, ticket: &str, problem: &str) -> String {
    let name = escaped(asked.client_name());
    let destination = escaped(&asked.destination());
    let user = escaped(by.account.name.as_str());
    let to = if asked.stays_local() {
        format!("a program on the computer of this browser (<strong>{destination}</strong>)")
    } else {
        format!("<strong>{destination}</strong>")
    };
    let mut html = format!(
        "<p>A program that calls itself <strong>{name}</strong> asks for access. Nobody checked that name.</p>\
         <dl><dt>Your browser goes back to</dt><dd>{to}</dd>\
         <dt>You are signed in as</dt><dd><strong>{user}</strong></dd></dl>\
         <p>Allow only if you have just asked for this yourself, in a program that you trust.</p>"
    );
    if !problem.is_empty() {
        // Writing to a text cannot fail.
        let _ = write!(html, "<p class=\"problem\" role=\"alert\">{}</p>", escaped(problem));
    }
    let _ = write!(
        html,
        "<form method=\"post\" action=\"/oauth/authorize\" autocomplete=\"off\">\
         <input type=\"hidden\" name=\"csrf\" value=\"{}\">\
         <input type=\"hidden\" name=\"ticket\" value=\"{}\">\
         <fieldset><legend>It may, as far as the rules of this server allow it to you</legend>",
        escaped(&by.csrf),
        escaped(ticket)
    );
    for scope in asked.scopes().within(by.account.role.scopes_max()).iter() {
        // What destroys is never on by itself.
        let checked = if scope == Scope::Admin { "" } else { " checked" };
        let _ = write!(
            html,
            "<label class=\"choice\"><input type=\"checkbox\" name=\"scope\" value=\"{scope}\"{checked}>{words}</label>",
            scope = scope.as_str(),
            words = in_words(scope)
        );
    }
    html.push_str(
        "</fieldset><button name=\"answer\" value=\"deny\" class=\"second\">Deny</button>\
         <button name=\"answer\" value=\"allow\">Allow</button></form>",
    );
    html
}

fn in_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "look: search and read records, files and reports",
        Scope::Write => "change: create and edit records, run actions, send messages, book",
        Scope::Admin => {
            "destroy: delete records; change connections, certificates and plugins of this server"
        }
    }
}

/// What went wrong, for the person alone: nothing here is sent to an address that is not proven.
fn told(error: &OauthError) -> Response {
    let status =
        if error.is_unavailable() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_REQUEST };
    let html = format!("<p>{}.</p>", escaped(&sentence(&error.description)));
    page(status, "This does not work", &html)
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A browser that another site sent shows no strict cookie. Sent once more by ourselves, it does.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let elsewhere = HeaderName::from_static("sec-fetch-site");
    headers.get(elsewhere).is_some_and(|value| value == "cross-site")
}

/// Does a browser come here from a page of ours, such as the sign-in form? Whatever follows from sending
/// a form has to stay where that page's policy lets forms go, which is here.
fn follows_a_form(headers: &HeaderMap) -> bool {
    headers.get(HeaderName::from_static("sec-fetch-site")).is_some_and(|value| value == "same-origin")
}

/// Back to the program by a page, which a form's way cannot go on to by itself.
fn led_on(back: &str) -> Response {
    let address = escaped(back);
    let html = format!(
        "<meta http-equiv=\"refresh\" content=\"0;url={address}\"><p>The program asked for something that cannot be.</p>\
         <p><a href=\"{address}\">Back to the program</a></p>"
    );
    page(StatusCode::OK, "Back to the program", &html)
}

fn once_more(query: &str) -> Response {
    let address = escaped(&format!("/oauth/authorize?{query}"));
    let html = format!(
        "<meta http-equiv=\"refresh\" content=\"0;url={address}\"><p><a href=\"{address}\">Go on</a></p>"
    );
    page(StatusCode::OK, "Go on", &html)
}

/// To the sign-in page, which leads back here.
fn to_sign_in(query: &str) -> Response {
    let mut next = url::form_urlencoded::Serializer::new(String::new());
    next.append_pair("next", &format!("/oauth/authorize?{query}"));
    go_on(&format!("/sign-in?{}", next.finish()))
}
