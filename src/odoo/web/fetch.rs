//! Asking for pages and files: tokens, redirects, and sessions that ran out.

use std::{sync::Arc, time::Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, header};

use super::{
    OdooError, PageAnswer, PagePath, PageRequest, PermittedWeb, Reserved,
    answer::{Body, page_error},
    line::expired_before_a_change,
    login::{self, refusal},
    redirect::{Leads, is_same_page, leads},
    sessions::{RunGuard, WebSession},
    token,
};
use crate::{
    facts::Secret,
    odoo::{
        Failure,
        client::lock,
        http::{Http, Outgoing},
    },
};

/// Redirects of one request. Odoo makes two or three: a language, a name behind an id, a start page.
const REDIRECTS_MAX: usize = 5;
/// How much of a page is read to see whether it is the login page.
const LOOKED_AT_BYTES: usize = 32 * 1024;
/// Names the database where no session does; from 19 on.
const DATABASE_HEADER: HeaderName = HeaderName::from_static("x-odoo-database");

/// How one attempt ended.
enum Outcome {
    Answered(Box<PageAnswer>),
    /// There is no session any more. `certain` where nothing can have been done.
    Gone {
        certain: bool,
    },
}

impl PermittedWeb<'_> {
    /// Asks for a page or a file. Nothing leaves that the permit does not cover; redirects are
    /// followed on the own origin and to pages that are covered as well.
    ///
    /// An answer of any status comes back as it is; the login page never does.
    pub async fn fetch(&self, request: PageRequest) -> Result<PageAnswer, OdooError> {
        Reserved::check(&request.path)?;
        let http_method = request.http_method();
        let reads = self.check(http_method, &request.path, request.body.as_ref()).await?;
        // Until the answer begins: Odoo has printed before it says anything.
        let client = Arc::clone(&self.odoo.client);
        let _turn = if prints(&request.path) { Some(client.print_turn().await?) } else { None };
        self.fetch_checked(request, reads).await
    }

    /// The same for a request whose effect on records was checked by whoever makes it.
    pub(in crate::odoo) async fn fetch_checked(
        &self,
        mut request: PageRequest,
        reads: bool,
    ) -> Result<PageAnswer, OdooError> {
        let repeatable =
            reads && self.line.renews && request.body.as_ref().is_none_or(super::PageBody::is_repeatable);
        let result = match self.attempt(&mut request, reads).await {
            Ok(Outcome::Gone { .. }) if repeatable => match self.attempt(&mut request, reads).await {
                Ok(Outcome::Gone { .. }) => Err(self.no_such_page_for_us(&request)),
                Ok(Outcome::Answered(answer)) => Ok(*answer),
                Err(error) => Err(error),
            },
            Ok(Outcome::Gone { certain: true }) => Err(expired_before_a_change()),
            Ok(Outcome::Gone { certain: false }) => {
                let why = "Odoo answered with its login page".to_owned();
                Err(page_error(&self.odoo.client, Failure::Strange { why, maybe_done: true }, !reads))
            }
            Ok(Outcome::Answered(answer)) => Ok(*answer),
            Err(error) => Err(error),
        };
        self.odoo.client.note(result.as_ref().err());
        result
    }

    /// Twice the login page with a new session in between: this user may not see the page.
    fn no_such_page_for_us(&self, request: &PageRequest) -> OdooError {
        let (why, hint) = if request.anonymous {
            ("the page is there for signed-in users only", "ask for it with a web session: `odoo_web_login`")
        } else {
            ("Odoo asks for a login although it was just made", "the user may not have access to this page")
        };
        OdooError::Web {
            code: "login_required",
            why: why.to_owned(),
            hint: Some(hint.to_owned()),
            sent: true,
        }
    }

    async fn attempt(&self, request: &mut PageRequest, reads: bool) -> Result<Outcome, OdooError> {
        let slot = self.odoo.client.own_slot().await?;
        let http = self.odoo.client.http()?;
        let http_method = request.http_method();
        let run = (!request.anonymous).then(|| {
            RunGuard::enter(self.place(), self.line.tool, format!("{http_method} {}", request.path.path()))
        });
        let session = if request.anonymous { None } else { Some(self.line.session().await?) };
        let since = Instant::now();
        let failed = |failure: Failure| page_error(&self.odoo.client, failure, !reads);
        let going = async {
            // Some versions fail at a form of a session that is over. Asking first makes it certain that
            // nothing was done.
            if let (Some(session), false) = (&session, reads)
                && !login::is_alive(&self.odoo.client, session).await?
            {
                return Ok(None);
            }
            let token = match (&session, &request.body) {
                (Some(session), Some(body)) if body.wants_token() => {
                    match self.token(&http, session).await? {
                        Some(token) => Some(token),
                        None => return Ok(None),
                    }
                }
                _ => None,
            };
            let body = request.body.as_mut().map(|body| body.outgoing(token.as_ref())).transpose();
            let body = body.map_err(failed)?;
            self.follow(&http, session.as_ref(), &request.path, body, reads).await
        };
        let gone = |certain: bool| {
            if let Some(session) = &session {
                self.place().lost(session);
            }
            Ok(Outcome::Gone { certain })
        };
        let limit = self.odoo.client.total_timeout();
        let followed = match tokio::time::timeout(limit, going).await {
            Ok(followed) => followed?,
            Err(_) => return Err(failed(Failure::TimedOut)),
        };
        let Some((path, mut response)) = followed else { return gone(true) };
        let mut seen = None;
        if session.is_some() && is_html(&response) && response.status().is_success() {
            let looking = beginning(&http, &mut response);
            let looked = tokio::time::timeout(limit, looking).await.unwrap_or(Err(Failure::TimedOut));
            let start = looked.map_err(failed)?;
            if is_login_page(&start) {
                // Odoo shows it before it looks at the request, other servers may not.
                return gone(reads);
            }
            seen = Some(start).filter(|start| !start.is_empty());
        }
        let limit_bytes = self.odoo.client.limits.response_bytes_max as u64;
        let body = Body {
            client: Arc::clone(&self.odoo.client),
            http,
            response,
            received: seen.as_ref().map_or(0, |start| start.len() as u64),
            seen,
            bytes_max: request.bytes_max.unwrap_or(limit_bytes),
            since,
            changes: !reads,
            _slot: slot,
            _run: run,
        };
        PageAnswer::new(path, body).map(|answer| Outcome::Answered(Box::new(answer)))
    }

    /// Sends the request and follows where it leads. `None` is the login page.
    async fn follow(
        &self,
        http: &Http,
        session: Option<&Arc<WebSession>>,
        asked: &PagePath,
        mut body: Option<Outgoing>,
        reads: bool,
    ) -> Result<Option<(String, reqwest::Response)>, OdooError> {
        let mut path = asked.clone();
        let was_post = body.is_some();
        for hop in 0..=REDIRECTS_MAX {
            let changes = !reads && hop == 0;
            let response = http
                .open(&path.sent(), body.take(), self.headers(session), changes)
                .await
                .map_err(|failure| page_error(&self.odoo.client, failure, changes))?;
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let location = location.filter(|_| response.status().is_redirection()).map(str::to_owned);
            let Some(location) = location else {
                if let Some(session) = session {
                    lock(&session.jar).take(response.headers(), response.status().is_success());
                }
                return Ok(Some((path.path().to_owned(), response)));
            };
            let next = match leads(http.base(), &path, &location) {
                Leads::ToLogin => return Ok(None),
                Leads::Away(place) => return Err(self.redirected("redirected_away", &place, was_post)),
                Leads::To(next) => next,
            };
            if let Some(session) = session {
                lock(&session.jar).take(response.headers(), true);
            }
            // These ask for the same request again, which is not sent twice.
            if was_post && matches!(response.status().as_u16(), 307 | 308) {
                return Err(self.redirected("redirected", &format!("`{}`", next.path()), was_post));
            }
            if Reserved::check(&next).is_err() || !self.may_follow(asked, &next).await {
                return Err(self.redirected("redirected", &format!("`{}`", next.path()), was_post));
            }
            path = next;
        }
        Err(self.redirected("redirected", "one page after the other without an end", was_post))
    }

    async fn may_follow(&self, asked: &PagePath, next: &PagePath) -> bool {
        is_same_page(asked, next) || self.check("GET", next, None).await.is_ok()
    }

    fn redirected(&self, code: &'static str, place: &str, was_post: bool) -> OdooError {
        let what =
            if was_post { "the request was sent, and Odoo leads on to" } else { "the page leads on to" };
        let hint = if code == "redirected" {
            "ask for that path by itself, so that the policy can look at it"
        } else {
            "nothing was sent there; check the page, and the address of the connection"
        };
        OdooError::Web { code, why: format!("{what} {place}"), hint: Some(hint.to_owned()), sent: true }
    }

    fn headers(&self, session: Option<&Arc<WebSession>>) -> Vec<(HeaderName, HeaderValue)> {
        match session {
            Some(session) => {
                lock(&session.jar).header().map(|value| (header::COOKIE, value)).into_iter().collect()
            }
            None => HeaderValue::from_str(&self.odoo.client.definition().db)
                .map(|database| (DATABASE_HEADER, database))
                .into_iter()
                .collect(),
        }
    }

    /// The token for forms of this session; `None` where the session is over.
    async fn token(&self, http: &Http, session: &Arc<WebSession>) -> Result<Option<Secret>, OdooError> {
        if let Some(token) = token::kept(session) {
            return Ok(Some(token));
        }
        let failed = |failure: Failure| page_error(&self.odoo.client, failure, false);
        let mut path = PagePath::parse(token::TOKEN_PAGE)?;
        for _ in 0..=REDIRECTS_MAX {
            let mut response =
                http.open(&path.sent(), None, self.headers(Some(session)), false).await.map_err(failed)?;
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            if let Some(location) = location.filter(|_| response.status().is_redirection()) {
                match leads(http.base(), &path, location) {
                    Leads::To(next) if Reserved::check(&next).is_ok() => path = next,
                    Leads::ToLogin => return Ok(None),
                    Leads::To(_) | Leads::Away(_) => break,
                }
                lock(&session.jar).take(response.headers(), true);
                continue;
            }
            lock(&session.jar).take(response.headers(), response.status().is_success());
            let mut page = Vec::new();
            while let Some(piece) = http.piece(&mut response).await.map_err(failed)? {
                page.extend_from_slice(&piece);
                if page.len() > token::TOKEN_PAGE_BYTES_MAX {
                    break;
                }
            }
            if is_login_page(&page) {
                return Ok(None);
            }
            if let Some(token) = token::in_page(&page) {
                token::keep(session, &token);
                return Ok(Some(token));
            }
            break;
        }
        Err(refusal(
            "no_form_token",
            "Odoo's start page holds no token for forms; nothing was sent".to_owned(),
            Some("the user may have no page that shows one"),
        ))
    }
}

/// Does Odoo make a PDF for this?
fn prints(path: &PagePath) -> bool {
    matches!(path.segments().as_slice(), ["report", "pdf" | "download", ..])
        || url::form_urlencoded::parse(path.query().as_bytes())
            .any(|(name, value)| name == "report_type" && value == "pdf")
}

fn is_html(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// The first bytes of a body.
async fn beginning(http: &Http, response: &mut reqwest::Response) -> Result<Bytes, Failure> {
    let mut start = BytesMut::new();
    while start.len() < LOOKED_AT_BYTES {
        match http.piece(response).await? {
            Some(piece) => start.extend_from_slice(&piece),
            None => break,
        }
    }
    Ok(start.freeze())
}

/// The form that asks for login and password stands on the login page alone.
fn is_login_page(page: &[u8]) -> bool {
    let has = |wanted: &[u8]| page.windows(wanted.len()).any(|window| window == wanted);
    has(b"oe_login_form") && has(b"type=\"password\"")
}
