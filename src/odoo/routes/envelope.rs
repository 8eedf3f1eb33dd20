//! What JSON-RPC wraps around every call and answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::odoo::{Failure, failure::ServerFault, http::Answer};

/// The request around `params`.
#[derive(Debug, Serialize)]
pub(in crate::odoo) struct Envelope<P> {
    jsonrpc: &'static str,
    method: &'static str,
    id: u8,
    params: P,
}

impl<P> Envelope<P> {
    /// Answers are matched by connection, so every id is the same.
    pub(in crate::odoo) fn new(params: P) -> Self {
        Self { jsonrpc: "2.0", method: "call", id: 1, params }
    }
}

#[derive(Debug, Deserialize)]
struct Reply {
    /// Odoo leaves it out where a method returns nothing.
    #[serde(default)]
    result: Value,
    error: Option<RpcError>,
}

#[derive(Debug, Deserialize)]
struct RpcError {
    #[serde(default)]
    code: Value,
    #[serde(default)]
    message: String,
    data: Option<FaultData>,
}

/// The error members we use; the traceback in `debug` is skipped while reading.
#[derive(Debug, Default, Deserialize)]
pub(in crate::odoo) struct FaultData {
    #[serde(default)]
    pub(in crate::odoo) name: String,
    #[serde(default)]
    pub(in crate::odoo) message: Value,
}

impl FaultData {
    /// A message is text, or now and then a list or nothing.
    pub(in crate::odoo) fn into_fault(self, status: u16) -> ServerFault {
        let message = match self.message {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        ServerFault { exception: self.name, message, status }
    }
}

/// Odoo's code for a session that it does not know any more.
const SESSION_EXPIRED: i64 = 100;
/// Odoo 14's code for an address that it does not have.
const NOT_FOUND: i64 = 404;

/// The result inside an answer of `/jsonrpc` or `/web/*`.
pub(in crate::odoo) fn read(answer: &Answer) -> Result<Value, Failure> {
    if answer.status.is_redirection() {
        return Err(redirected(answer));
    }
    let Ok(reply) = serde_json::from_slice::<Reply>(&answer.body) else {
        return Err(page(answer));
    };
    match reply.error {
        None if answer.status.is_success() => Ok(reply.result),
        None => Err(page(answer)),
        Some(error) => Err(read_error(error)),
    }
}

fn read_error(error: RpcError) -> Failure {
    let data = error.data.unwrap_or_default();
    match error.code.as_i64() {
        Some(SESSION_EXPIRED) => return Failure::SessionGone,
        Some(NOT_FOUND) => return Failure::NoRoute,
        _ => {}
    }
    let mut fault = data.into_fault(200);
    if fault.exception.ends_with("SessionExpiredException") {
        return Failure::SessionGone;
    }
    if fault.message.is_empty() {
        fault.message = error.message;
    }
    Failure::Fault(fault)
}

/// A redirect to the login page means that there is no session; any other one means a wrong URL.
pub(in crate::odoo) fn redirected(answer: &Answer) -> Failure {
    let location = answer.location.as_deref().unwrap_or_default();
    let target = location.split(['?', '#']).next().unwrap_or_default();
    if target.ends_with("/web/login") {
        return Failure::SessionGone;
    }
    let to = match url::Url::parse(target) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "another page".to_owned(),
    };
    Failure::Strange {
        why: format!("it redirects to {to}, which is never followed; give the final URL"),
        maybe_done: false,
    }
}

/// An answer that is no JSON of Odoo's: a web page of Odoo, of a proxy, of something else.
pub(in crate::odoo) fn page(answer: &Answer) -> Failure {
    let kind = if answer.content_type.starts_with("text/html") || looks_like_html(&answer.body) {
        "a web page"
    } else {
        "something that is not JSON of Odoo"
    };
    let status = answer.status.as_u16();
    let strange = |why: String, maybe_done: bool| Failure::Strange { why, maybe_done };
    match status {
        404 | 405 => Failure::NoRoute,
        401 | 403 => {
            strange(format!("it answered {kind} (HTTP {status}): something before Odoo refuses us"), false)
        }
        400 | 411..=417 | 429 | 431 => strange(format!("it answered {kind} (HTTP {status})"), false),
        // Whoever answers 5xx may have passed the request on before.
        502..=504 => strange(format!("the proxy before Odoo got no answer (HTTP {status})"), true),
        _ => strange(format!("it answered {kind} (HTTP {status})"), true),
    }
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or_default();
    body.get(start) == Some(&b'<')
}
