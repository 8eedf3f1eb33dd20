//! JSON-RPC 2.0 as Odoo speaks it: what is accepted, and what results and errors look like.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    facts::JsonObject,
    sandbox::{
        errors::{OdooError, Result},
        field::SandboxVersion,
        methods::Answer,
        server::{Request, Response},
        world::World,
    },
};

/// The parts of a JSON-RPC request that matter.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) id: Value,
    pub(super) params: JsonObject,
}

/// Reads the envelope, or gives the answer that a malformed one gets.
pub(super) fn open(world: &World, request: &Request) -> std::result::Result<Envelope, Response> {
    let version = world.version;
    if !super::is_json_post(request) {
        return Err(wrong_type(version, request));
    }
    let Some(body) = &request.json else {
        return Err(match version {
            SandboxVersion::V14 => {
                let shown = crate::sandbox::errors::quoted(&String::from_utf8_lossy(&request.body));
                bad_request(&format!("Invalid JSON data: {}", escape(&shown)))
            }
            SandboxVersion::V19 => Response::html(StatusCode::BAD_REQUEST, "Invalid JSON data"),
        });
    };
    let Some(members) = body.as_object() else {
        return Err(match version {
            SandboxVersion::V14 => server_error(),
            SandboxVersion::V19 => Response::html(StatusCode::BAD_REQUEST, "Invalid JSON-RPC data"),
        });
    };
    let id = members.get("id").cloned().unwrap_or(Value::Null);
    match members.get("params") {
        None | Some(Value::Null) => Ok(Envelope { id, params: JsonObject::new() }),
        Some(Value::Object(params)) => Ok(Envelope { id, params: params.clone() }),
        // An empty list becomes an empty dict in Python.
        Some(Value::Array(items)) if items.is_empty() => Ok(Envelope { id, params: JsonObject::new() }),
        Some(_) if version == SandboxVersion::V14 => Err(server_error()),
        Some(_) => {
            let error =
                OdooError::type_error("cannot convert dictionary update sequence element #0 to a sequence");
            Err(failed(version, &id, &error))
        }
    }
}

/// Python's complaint about arguments that were left out.
pub(super) fn missing_arguments(function: &str, missing: &[&str]) -> OdooError {
    let noun = if missing.len() == 1 { "argument" } else { "arguments" };
    let listed = match missing {
        [first, second] => format!("{first} and {second}"),
        [init @ .., last] if !init.is_empty() => format!("{}, and {last}", init.join(", ")),
        other => other.concat(),
    };
    OdooError::type_error(format!(
        "{function}() missing {} required positional {noun}: {listed}",
        missing.len()
    ))
}

/// A path that leads nowhere, as JSON-RPC; 19 answers so for a model it cannot route to, with status 200.
pub(super) fn not_found(version: SandboxVersion, id: &Value, status: StatusCode) -> Response {
    let long = "404 Not Found: The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.";
    let mut error = json!({
        "code": 404,
        "message": "404: Not Found",
        "data": {
            "name": "werkzeug.exceptions.NotFound",
            "message": long,
            "arguments": [],
            "context": {},
            "debug": "Traceback (most recent call last):\n",
        },
    });
    if let (SandboxVersion::V14, Some(members)) = (version, error.as_object_mut()) {
        members.insert("http_status".to_owned(), json!(404));
    }
    let body = json!({"jsonrpc": "2.0", "id": id, "error": error});
    Response::new(status, content_type(version), body.to_string())
}

/// A body of another type, or another method than POST.
fn wrong_type(version: SandboxVersion, request: &Request) -> Response {
    match version {
        SandboxVersion::V14 => bad_request("Session expired (invalid CSRF token)"),
        SandboxVersion::V19 => Response::html(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "<!doctype html>\n<html lang=en>\n<title>415 Unsupported Media Type</title>\n<h1>Unsupported Media Type</h1>\n<p>Request inferred type is compatible with [&#39;http&#39;] but &#39;{}&#39; is type=&#39;jsonrpc&#39;.<br><br>Please verify the Content-Type request header and try again.</p>\n",
                escape(&request.path)
            ),
        )
        .with(http::header::ACCEPT, "application/json, application/json-rpc"),
    }
}

pub(super) fn bad_request(message: &str) -> Response {
    Response::html(
        StatusCode::BAD_REQUEST,
        format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>{message}</p>\n"
        ),
    )
}

fn server_error() -> Response {
    Response::html(
        StatusCode::INTERNAL_SERVER_ERROR,
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n<p>The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.</p>\n",
    )
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

pub(super) fn content_type(version: SandboxVersion) -> &'static str {
    match version {
        SandboxVersion::V14 => "application/json",
        SandboxVersion::V19 => "application/json; charset=utf-8",
    }
}

fn reply(version: SandboxVersion, body: &Value) -> Response {
    Response::new(StatusCode::OK, content_type(version), body.to_string())
}

/// The answer to a call that went through; `None` has no `result` member.
pub(super) fn succeeded(version: SandboxVersion, id: &Value, result: Option<Value>) -> Response {
    let mut body = json!({"jsonrpc": "2.0", "id": id});
    if let (Some(result), Some(members)) = (result, body.as_object_mut()) {
        members.insert("result".to_owned(), result);
    }
    reply(version, &body)
}

/// The answer to a call that ended in an exception.
pub(super) fn failed(version: SandboxVersion, id: &Value, error: &OdooError) -> Response {
    let expired = error.class == "odoo.http.SessionExpiredException";
    let code = match version {
        _ if expired => 100,
        SandboxVersion::V14 => 200,
        SandboxVersion::V19 => 0,
    };
    // 19 has forgotten the request by the time it finds the session gone.
    let id = if expired && version == SandboxVersion::V19 { &Value::Null } else { id };
    let message = if expired { "Odoo Session Expired" } else { "Odoo Server Error" };
    let mut data = error.data();
    let short = version == SandboxVersion::V19 && error.class == "odoo.exceptions.AccessDenied";
    if let (true, Some(members)) = (short, data.as_object_mut()) {
        members.insert("debug".to_owned(), json!(format!("{}: {}", error.class, error.message)));
    }
    reply(
        version,
        &json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message, "data": data}}),
    )
}

pub(super) fn outcome(world: &World, id: &Value, outcome: Result<Answer>) -> Response {
    match outcome {
        Ok(answer) => succeeded(world.version, id, answer.into_result(world.version)),
        Err(error) => failed(world.version, id, &error),
    }
}
