//! `/jsonrpc`: any credential, from 14 until Odoo takes it away.

use serde::Serialize;
use serde_json::{Value, json};

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

const PATH: &str = "/jsonrpc";

#[derive(Serialize)]
struct Params<A> {
    service: &'static str,
    method: &'static str,
    args: A,
}

fn request_to<A: Serialize>(
    service: &'static str,
    method: &'static str,
    args: A,
) -> Result<Request, Failure> {
    Request::post_json(PATH.to_owned(), &Envelope::new(Params { service, method, args }))
}

pub(in crate::odoo) fn version() -> Result<Request, Failure> {
    request_to("common", "version", json!([]))
}

/// Asks for the user id; `false` means refused.
pub(in crate::odoo) fn login(definition: &Definition, secret: &Secret) -> Result<Request, Failure> {
    request_to("common", "authenticate", (&definition.db, &definition.username, secret.reveal(), json!({})))
        .map(|request| request.changing(true))
}

pub(in crate::odoo) fn request(db: &str, uid: i64, secret: &Secret, call: &Call) -> Result<Request, Failure> {
    let args =
        (db, uid, secret.reveal(), call.model.as_str(), call.method.as_str(), Positional(call), Named(call));
    request_to("object", "execute_kw", args)
}

pub(in crate::odoo) fn answer(answer: &Answer) -> Result<Value, Failure> {
    read(answer)
}
