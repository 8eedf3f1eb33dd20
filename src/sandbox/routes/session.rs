//! `/web/session/*`: logging in with a password, and what a session knows of itself.

use http::{StatusCode, header};
use serde_json::{Value, json};

use super::envelope::{self, Envelope};
use crate::sandbox::{
    access,
    errors::{OdooError, Result},
    field::SandboxVersion,
    server::{Request, Response},
    world::{DATABASE, World, random_text},
};

pub(super) fn answer(world: &World, request: &Request, path: &str) -> Response {
    if path == "/web/session/logout" {
        return Response::html(StatusCode::SEE_OTHER, "").with(header::LOCATION, "/web/login");
    }
    let envelope = match envelope::open(world, request) {
        Ok(envelope) => envelope,
        Err(response) => return response,
    };
    match path {
        "/web/session/authenticate" => authenticate(world, request, &envelope),
        "/web/session/destroy" => destroy(world, request, &envelope),
        "/web/session/get_session_info" => match user(world, request) {
            Ok(uid) => envelope::succeeded(world.version, &envelope.id, Some(info(world, uid))),
            Err(error) => envelope::failed(world.version, &envelope.id, &error),
        },
        _ => match user(world, request) {
            Ok(_) => envelope::succeeded(world.version, &envelope.id, None),
            Err(error) => envelope::failed(world.version, &envelope.id, &error),
        },
    }
}

/// The user of the session that the cookie names.
pub(super) fn user(world: &World, request: &Request) -> Result<i64> {
    request.session_cookie().and_then(|id| world.session(id)).ok_or_else(OdooError::session_expired)
}

fn cookie(version: SandboxVersion, id: &str) -> String {
    let max_age = match version {
        SandboxVersion::V14 => 90 * 24 * 60 * 60,
        SandboxVersion::V19 => 7 * 24 * 60 * 60,
    };
    format!("session_id={id}; Max-Age={max_age}; HttpOnly; Path=/")
}

fn authenticate(world: &World, request: &Request, envelope: &Envelope) -> Response {
    let text = |name: &str| envelope.params.get(name).and_then(Value::as_str).unwrap_or_default();
    let version = world.version;
    if text("db") != DATABASE {
        let error = match version {
            SandboxVersion::V14 => OdooError::sql(
                "psycopg2.OperationalError",
                format!("FATAL:  database \"{}\" does not exist\n", text("db")),
            ),
            SandboxVersion::V19 => OdooError::access("Database not found."),
        };
        return envelope::failed(version, &envelope.id, &error);
    }
    let absent: Vec<&str> = [("login", "'login'"), ("password", "'password'")]
        .into_iter()
        .filter_map(|(name, shown)| (!envelope.params.contains_key(name)).then_some(shown))
        .collect();
    if !absent.is_empty() {
        let name = if version == SandboxVersion::V14 { "authenticate" } else { "Session.authenticate" };
        return envelope::failed(version, &envelope.id, &envelope::missing_arguments(name, &absent));
    }
    // An API key is no password here, in both versions.
    let uid = world.authenticate(text("login"), text("password"), false).filter(|_| !request.refuse_login);
    let Some(uid) = uid else {
        return envelope::failed(version, &envelope.id, &OdooError::access_denied())
            .with(header::SET_COOKIE, cookie(version, &random_text(20)));
    };
    let id = world.open_session(uid);
    envelope::succeeded(version, &envelope.id, Some(info(world, uid)))
        .with(header::SET_COOKIE, cookie(version, &id))
}

fn destroy(world: &World, request: &Request, envelope: &Envelope) -> Response {
    if let Err(error) = user(world, request) {
        return envelope::failed(world.version, &envelope.id, &error);
    }
    if let Some(id) = request.session_cookie() {
        world.close_session(id);
    }
    let response = envelope::succeeded(world.version, &envelope.id, None)
        .with(header::SET_COOKIE, cookie(world.version, &random_text(20)));
    match world.version {
        SandboxVersion::V14 => response,
        SandboxVersion::V19 => response
            .with(header::SET_COOKIE, "cids=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"),
    }
}

fn info(world: &World, uid: i64) -> Value {
    let version = super::jsonrpc::version_info(world.version);
    let is_19 = world.version == SandboxVersion::V19;
    world.look(uid, |env| {
        let user = |field: &str| env.value("res.users", uid, field);
        let companies: Vec<i64> = env.ids("res.users", uid, "company_ids");
        let company = env.link("res.users", uid, "company_id").unwrap_or(1);
        let internal = uid != access::PORTAL;
        let allowed: Value = if is_19 {
            let named = companies.iter().map(|id| {
                let company = json!({"id": id, "name": env.display_name("res.company", *id), "sequence": 10, "child_ids": [], "parent_id": false,
                    "currency_id": env.value("res.company", *id, "currency_id")});
                (id.to_string(), company)
            });
            Value::Object(named.collect())
        } else {
            Value::Array(companies.iter().map(|id| json!([id, env.display_name("res.company", *id)])).collect())
        };
        let current = if is_19 { json!(company) } else { json!([company, env.display_name("res.company", company)]) };
        let mut info = json!({
            "uid": uid,
            "is_system": uid == crate::sandbox::env::ADMIN,
            "is_admin": uid == crate::sandbox::env::ADMIN,
            "user_context": {"lang": user("lang"), "tz": user("tz"), "uid": uid},
            "db": DATABASE,
            "server_version": version.get("server_version"),
            "server_version_info": version.get("server_version_info"),
            "name": user("name"),
            "username": user("login"),
            "partner_display_name": env.display_name("res.partner", env.link("res.users", uid, "partner_id").unwrap_or(1)),
            "partner_id": user("partner_id"),
            "company_id": company,
            "web.base.url": env.db.ids("ir.config_parameter").into_iter()
                .find(|id| env.text("ir.config_parameter", *id, "key") == "web.base.url")
                .map(|id| env.text("ir.config_parameter", id, "value")),
            "user_companies": {"current_company": current, "allowed_companies": allowed},
            "currencies": {"1": {"symbol": "€", "position": "after", "digits": [69, 2]}},
            "show_effect": true,
        });
        if let (true, Some(members)) = (is_19, info.as_object_mut()) {
            members.insert("is_internal_user".to_owned(), json!(internal));
            members.insert("is_public".to_owned(), json!(false));
            members.insert("registry_hash".to_owned(), json!("5a6d3a7f"));
            members.insert("groups".to_owned(), json!({"base.group_allow_export": internal}));
        }
        info
    })
}
