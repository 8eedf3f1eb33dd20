//! `/json/2`: API keys, Odoo 19 and later. Arguments travel by name only.

use http::{HeaderName, HeaderValue, header};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;

use super::{
    arguments::{CONTEXT, context},
    envelope::{FaultData, page, redirected},
};
use crate::{
    facts::Secret,
    odoo::{
        Call, Failure,
        http::{Answer, Request},
    },
};

const DATABASE_HEADER: HeaderName = HeaderName::from_static("x-odoo-database");
/// The member that names the records, reserved by the route.
pub(in crate::odoo) const IDS: &str = "ids";

struct Body<'a> {
    call: &'a Call,
    names: &'a [&'a str],
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        if let Some(ids) = &self.call.ids {
            members.serialize_entry(IDS, ids)?;
        }
        for (name, argument) in self.names.iter().zip(&self.call.positional) {
            members.serialize_entry(name, &argument.value)?;
        }
        for (name, value) in self.call.named.iter().filter(|(name, _)| *name != CONTEXT) {
            members.serialize_entry(name, value)?;
        }
        if let Some(context) = context(self.call) {
            members.serialize_entry(CONTEXT, &*context)?;
        }
        members.end()
    }
}

/// A call whose positional arguments are named by `names`, one for each.
pub(in crate::odoo) fn request(
    db: &str,
    key: &Secret,
    call: &Call,
    names: &[&str],
) -> Result<Request, Failure> {
    let path = format!("/json/2/{}/{}", call.model, call.method);
    authorised(Request::post_json(path, &Body { call, names })?, db, key)
}

/// The live description of a model and its methods; only some users may read it.
pub(in crate::odoo) fn description(db: &str, key: &Secret, model: &str) -> Result<Request, Failure> {
    authorised(Request::get(&format!("/doc-bearer/{model}.json")), db, key)
}

fn authorised(request: Request, db: &str, key: &Secret) -> Result<Request, Failure> {
    let unfit = |what: &str| Failure::NotSent { why: format!("{what} cannot stand in a header") };
    let mut bearer =
        HeaderValue::from_str(&format!("bearer {}", key.reveal())).map_err(|_| unfit("the API key"))?;
    bearer.set_sensitive(true);
    let database = HeaderValue::from_str(db).map_err(|_| unfit("the database name"))?;
    Ok(request.with(header::AUTHORIZATION, bearer).with(DATABASE_HEADER, database))
}

/// The bare result, or the bare error object with its HTTP status.
pub(in crate::odoo) fn answer(answer: &Answer) -> Result<Value, Failure> {
    if answer.status.is_redirection() {
        return Err(redirected(answer));
    }
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|_| page(answer));
    }
    let Ok(data) = serde_json::from_slice::<FaultData>(&answer.body) else {
        return Err(page(answer));
    };
    let fault = data.into_fault(answer.status.as_u16());
    if fault.status == 401 {
        return Err(Failure::KeyRefused { why: "the API key is wrong, expired or revoked".to_owned() });
    }
    Err(Failure::Fault(fault))
}
