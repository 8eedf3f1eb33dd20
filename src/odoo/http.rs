//! Bytes to one Odoo and back: time-outs, size limits, one origin.
//!
//! Deliberately absent: redirects are never followed, proxies of the environment are not used, and
//! cookies are kept by the session alone, so that a credential goes to the connection's own origin
//! and nowhere else.

use std::{error::Error as _, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::{
    Failure, OdooError,
    address::{self, GuardedResolver},
    tls,
};
use crate::{
    facts::{Definition, Limits, Operation, Origin},
    metrics::{self, OdooRequest},
    traces::TRACEPARENT,
};

/// How Odoo's log sees us.
const USER_AGENT: &str = concat!("odoo-mcp/", env!("CARGO_PKG_VERSION"));
/// An idle connection is given up before the usual front ends do it: the shortest common keep-alive
/// of theirs is five seconds.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Memory that an announced length may reserve before any byte has come.
const RESERVED_BYTES_MAX: usize = 256 * 1024;

/// The operation of a request that is no call of a method.
const WEB: &str = "web";

/// What the client library says of a head that goes beyond its bounds.
const HEAD_TOO_LARGE: &str = "message head is too large";

/// A request, complete but for the origin.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) path: String,
    /// `None` is a GET.
    pub(super) body: Option<Body>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// May this request change something?
    pub(super) changes: bool,
    /// Model and operation of a call, for the numbers.
    pub(super) about: Option<(String, &'static str)>,
}

#[derive(Debug)]
pub(super) struct Body {
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Request {
    pub(super) fn get(path: &str) -> Self {
        Self { path: path.to_owned(), body: None, headers: Vec::new(), changes: false, about: None }
    }

    pub(super) fn post_json(path: String, body: &impl serde::Serialize) -> Result<Self, Failure> {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| Failure::NotSent { why: format!("the call cannot be written: {error}") })?;
        Ok(Self {
            path,
            body: Some(Body { content_type: "application/json", bytes }),
            headers: Vec::new(),
            changes: false,
            about: None,
        })
    }

    #[must_use]
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    #[must_use]
    pub(super) fn about(mut self, model: &str, operation: Operation) -> Self {
        self.about = Some((model.to_owned(), operation.as_str()));
        self
    }

    #[must_use]
    pub(super) fn changing(mut self, changes: bool) -> Self {
        self.changes = changes;
        self
    }
}

/// A body on its way, read to its end by nobody but the peer.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) content_type: String,
    pub(super) length: u64,
    pub(super) content: reqwest::Body,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: String,
    pub(super) location: Option<String>,
    /// The value of a `session_id` cookie that came with it.
    pub(super) session_cookie: Option<String>,
    pub(super) body: Vec<u8>,
}

/// The HTTP clients of one connection.
#[derive(Debug)]
pub(super) struct Http {
    definition: Arc<Definition>,
    base: String,
    reads: reqwest::Client,
    /// Without kept connections: one that the peer closes the moment we use it would leave it open
    /// whether a change has happened. A read in the same place is simply repeated.
    changes: reqwest::Client,
    /// The same for large bodies: how long such a one may take on its way is watched by who sends it.
    uploads: reqwest::Client,
    response_bytes_max: usize,
}

impl Http {
    pub(super) fn new(definition: &Arc<Definition>, limits: &Limits) -> Result<Self, OdooError> {
        if address::leads_to_forbidden(&definition.url) {
            return Err(OdooError::Setup {
                why: format!("the URL of `{}` is a link-local address, where no Odoo is", definition.alias),
                hint: None,
            });
        }
        let mut tls = tls::client_config(definition)?;
        // One request per connection at a time, so that dropping a call closes its connection.
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let client = |idle_max: usize, read_timeout: Option<Duration>| {
            let builder = reqwest::Client::builder()
                .user_agent(USER_AGENT)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .dns_resolver(GuardedResolver)
                .http1_only()
                .tcp_nodelay(true)
                .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(idle_max)
                .tls_backend_preconfigured(tls.clone());
            let builder = match read_timeout {
                Some(timeout) => builder.read_timeout(timeout),
                None => builder,
            };
            builder.build().map_err(|error| OdooError::Setup {
                why: format!("no HTTP client for `{}`: {}", definition.alias, cause(&error)),
                hint: None,
            })
        };
        let silence = Some(Duration::from_millis(limits.read_timeout_ms));
        Ok(Self {
            definition: definition.clone(),
            base: definition.url.as_str().trim_end_matches('/').to_owned(),
            reads: client(limits.parallel_requests, silence)?,
            changes: client(0, silence)?,
            uploads: client(0, None)?,
            response_bytes_max: limits.response_bytes_max,
        })
    }

    /// Sends a request and reads the whole answer. Dropping the future closes the connection.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let body = request.body.map(|body| Outgoing {
            content_type: body.content_type.into(),
            length: body.bytes.len() as u64,
            content: body.bytes.into(),
        });
        let measured = OdooRequest::begin();
        let answered = async {
            let client = if request.changes { &self.changes } else { &self.reads };
            let headers = told(measured.as_ref(), request.headers);
            let response = self.open_over(client, &request.path, body, headers).await?;
            self.read(response).await
        };
        let answered = answered.await;
        self.count(measured, request.about.as_ref(), answered.as_ref().err());
        answered
    }

    /// What became of a request, for the numbers.
    fn count(
        &self,
        measured: Option<OdooRequest>,
        about: Option<&(String, &'static str)>,
        failure: Option<&Failure>,
    ) {
        let Some(measured) = measured else { return };
        let (model, operation) = about.map_or(("", WEB), |(model, operation)| (model.as_str(), *operation));
        let reached = !matches!(
            failure,
            Some(
                Failure::NotSent { .. }
                    | Failure::Untrusted { .. }
                    | Failure::NoAnswer { .. }
                    | Failure::TimedOut
            )
        );
        // How somebody calls a connection of theirs is nobody else's business.
        let is_own = self.definition.origin == Origin::Own;
        let connection = if is_own { metrics::OWN } else { self.definition.alias.as_str() };
        measured.end(connection, model, operation, reached);
    }

    /// Sends a request and reads the head of the answer. What the client library takes of a head is
    /// bounded: a hundred headers, less than half a megabyte in all.
    pub(super) async fn open(
        &self,
        path: &str,
        body: Option<Outgoing>,
        headers: Vec<(HeaderName, HeaderValue)>,
        changes: bool,
    ) -> Result<reqwest::Response, Failure> {
        let client = if changes { &self.changes } else { &self.reads };
        let measured = OdooRequest::begin();
        let headers = told(measured.as_ref(), headers);
        let opened = self.open_over(client, path, body, headers).await;
        self.count(measured, None, opened.as_ref().err());
        opened
    }

    /// Sends a large body and reads the whole answer, however long that takes.
    pub(super) async fn upload(
        &self,
        path: &str,
        body: Outgoing,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Answer, Failure> {
        let measured = OdooRequest::begin();
        let answered = async {
            let headers = told(measured.as_ref(), headers);
            let response = self.open_over(&self.uploads, path, Some(body), headers).await?;
            self.read(response).await
        };
        let answered = answered.await;
        self.count(measured, None, answered.as_ref().err());
        answered
    }

    async fn open_over(
        &self,
        client: &reqwest::Client,
        path: &str,
        body: Option<Outgoing>,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<reqwest::Response, Failure> {
        let url = format!("{}{path}", self.base);
        let mut sending = match body {
            None => client.get(url),
            // The length is told, because older servers of Odoo read no chunks.
            Some(body) => client
                .post(url)
                .header(header::CONTENT_TYPE, body.content_type)
                .header(header::CONTENT_LENGTH, body.length)
                .body(body.content),
        };
        for (name, value) in headers {
            sending = sending.header(name, value);
        }
        sending.send().await.map_err(|error| self.failure(&error))
    }

    /// The next piece of a body; `None` at its end.
    pub(super) async fn piece(&self, response: &mut reqwest::Response) -> Result<Option<Bytes>, Failure> {
        response.chunk().await.map_err(|error| self.failure(&error))
    }

    /// Scheme, host, port and prefix of every request, without a slash at the end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Answer, Failure> {
        let text = |name: HeaderName| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut answer = Answer {
            status: response.status(),
            content_type: text(header::CONTENT_TYPE).unwrap_or_default(),
            location: text(header::LOCATION),
            session_cookie: session_cookie(response.headers()),
            body: Vec::new(),
        };
        if announced.is_some_and(|length| length > self.response_bytes_max) {
            return Err(Failure::TooLarge { limit_bytes: self.response_bytes_max });
        }
        answer.body.reserve(announced.unwrap_or_default().min(RESERVED_BYTES_MAX));
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(&error))? {
            if answer.body.len() + chunk.len() > self.response_bytes_max {
                return Err(Failure::TooLarge { limit_bytes: self.response_bytes_max });
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    fn failure(&self, error: &reqwest::Error) -> Failure {
        match tls::tls_failure(error, &self.definition) {
            // A peer is trusted or not before the first byte of a request leaves.
            Some(OdooError::Untrusted { why, .. }) => return Failure::Untrusted { why },
            Some(OdooError::Unreachable { why, .. }) if error.is_connect() => {
                return Failure::NotSent { why };
            }
            _ => {}
        }
        if error.is_connect() {
            let why = if error.is_timeout() { "no connection in time".to_owned() } else { cause(error) };
            Failure::NotSent { why }
        } else if error.is_builder() {
            Failure::NotSent { why: cause(error) }
        } else if error.is_timeout() {
            Failure::TimedOut
        } else {
            match cause(error) {
                why if why == HEAD_TOO_LARGE => Failure::Strange {
                    why: "the head of its answer is larger than any that Odoo sends".to_owned(),
                    maybe_done: true,
                },
                why => Failure::NoAnswer { why },
            }
        }
    }
}

/// The headers of a request, with its place in a trace where the operator wants Odoo to know it.
fn told(
    measured: Option<&OdooRequest>,
    mut headers: Vec<(HeaderName, HeaderValue)>,
) -> Vec<(HeaderName, HeaderValue)> {
    let context = measured.and_then(OdooRequest::trace);
    if let Some(value) = context.and_then(|context| HeaderValue::try_from(context.to_string()).ok()) {
        headers.push((HeaderName::from_static(TRACEPARENT), value));
    }
    headers
}

/// The last `session_id` that an answer sets; Odoo 19 sometimes sends it twice.
fn session_cookie(headers: &http::HeaderMap) -> Option<String> {
    headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.strip_prefix("session_id="))
        .filter_map(|rest| rest.split(';').next())
        .rfind(|value| !value.is_empty())
        .map(str::to_owned)
}

/// The innermost reason: the outer ones only repeat the address.
fn cause(error: &reqwest::Error) -> String {
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        why = inner.to_string();
        source = inner.source();
    }
    why
}
