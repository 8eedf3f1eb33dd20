//! The web session: `/web/session/authenticate`, then `/web/dataset/call_kw`. The fastest route.

use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::Value;

use super::{
    arguments::{Named, Positional},
    envelope::{Envelope, read},
};
use crate::{
    facts::{Definition, Secret},
    odoo::{
        Call, Failure,
        http::{Answer, Request},
    },
};

#[derive(Serialize)]
struct Params<'a> {
    model: &'a str,
    method: &'a str,
    args: Positional<'a>,
    kwargs: Named<'a>,
}

#[derive(Serialize)]
struct LoginParams<'a> {
    db: &'a str,
    login: &'a str,
    password: &'a str,
}

/// Asks for a session. Its cookie comes with the answer.
pub(in crate::odoo) fn login(definition: &Definition, password: &Secret) -> Result<Request, Failure> {
    let params = LoginParams { db: &definition.db, login: &definition.username, password: password.reveal() };
    Request::post_json("/web/session/authenticate".to_owned(), &Envelope::new(params))
        // A login makes a session; sent on a connection of its own it cannot be half done.
        .map(|request| request.changing(true))
}

/// A call within a session.
pub(in crate::odoo) fn request(cookie: &HeaderValue, call: &Call) -> Result<Request, Failure> {
    let params = Params {
        model: call.model.as_str(),
        method: call.method.as_str(),
        args: Positional(call),
        kwargs: Named(call),
    };
    let path = format!("/web/dataset/call_kw/{}/{}", call.model, call.method);
    Ok(Request::post_json(path, &Envelope::new(params))?.with(header::COOKIE, cookie.clone()))
}

/// The session information after a login, or the result of a call.
pub(in crate::odoo) fn answer(answer: &Answer) -> Result<Value, Failure> {
    read(answer)
}

/// The header that carries a session; marked so that nobody prints it.
pub(in crate::odoo) fn cookie(session: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("session_id={session}")).map_err(|_| {
        Failure::Strange { why: "its session cookie cannot be sent back".to_owned(), maybe_done: false }
    })?;
    value.set_sensitive(true);
    Ok(value)
}
