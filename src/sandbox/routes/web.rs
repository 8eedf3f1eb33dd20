//! Pages and small routes of the web client: version, health, database list, the login page, and what is not there.

use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{envelope, jsonrpc, session};
use crate::sandbox::{
    field::SandboxVersion,
    server::{Request, Response},
    world::{DATABASE, World},
};

pub(crate) const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>Login | Sandbox</title></head>\n<body>\n<form class=\"oe_login_form\" role=\"form\" method=\"post\" action=\"/web/login\">\n<input type=\"text\" name=\"login\" required=\"required\"/>\n<input type=\"password\" name=\"password\" required=\"required\"/>\n<button type=\"submit\">Log in</button>\n</form>\n</body>\n</html>\n";

pub(super) fn version(world: &World) -> Response {
    let info = jsonrpc::version_info(world.version);
    let body =
        json!({"version_info": info.get("server_version_info"), "version": info.get("server_version")});
    Response::new(StatusCode::OK, envelope::content_type(world.version), body.to_string())
}

/// Routes that answer JSON-RPC without a session.
pub(super) fn json_routes(world: &World, request: &Request, path: &str) -> Response {
    let envelope = match envelope::open(world, request) {
        Ok(envelope) => envelope,
        Err(response) => return response,
    };
    let result =
        if path == "/web/database/list" { json!([DATABASE]) } else { jsonrpc::version_info(world.version) };
    envelope::succeeded(world.version, &envelope.id, Some(result))
}

/// A page of the back office or the portal: the login comes first.
pub(super) fn page(world: &World, request: &Request, path: &str) -> Response {
    if world.version == SandboxVersion::V14 && path == "/odoo" {
        return not_found(world, request);
    }
    if session::user(world, request).is_ok() {
        let token = "csrf_token: \"0000000000000000000000000000000000000000o0\"";
        return Response::html(
            StatusCode::OK,
            format!(
                "<!DOCTYPE html>\n<html><head><script>odoo = {{{token}}};</script></head><body></body></html>\n"
            ),
        );
    }
    let mut asked = path.to_owned();
    asked.push('?');
    asked.push_str(&request.query);
    let target = format!(
        "/web/login?redirect={}",
        asked.replace('/', "%2F").replace('?', "%3F").replace('=', "%3D").replace('&', "%26")
    );
    let (status, location) = match world.version {
        SandboxVersion::V14 => {
            let host = request.header("host").unwrap_or("127.0.0.1");
            let status = if path == "/web" { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
            (status, format!("http://{host}{target}"))
        }
        SandboxVersion::V19 => (StatusCode::SEE_OTHER, target),
    };
    Response::html(status, format!("<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You should be redirected automatically to target URL: <a href=\"{0}\">{0}</a>.", envelope::escape(&location)))
        .with(header::LOCATION, location)
}

pub(super) fn not_found(world: &World, request: &Request) -> Response {
    let is_rpc = super::is_json_post(request);
    if is_rpc && world.version == SandboxVersion::V14 {
        let id = request.json.as_ref().and_then(|body| body.get("id")).cloned().unwrap_or(Value::Null);
        let message = "404: Not Found";
        let body = json!({"jsonrpc": "2.0", "id": id, "error": {
            "code": 404,
            "message": message,
            "http_status": 404,
            "data": {"name": "werkzeug.exceptions.NotFound", "message": message, "arguments": [], "context": {}, "debug": "Traceback (most recent call last):\n"},
        }});
        return Response::new(StatusCode::NOT_FOUND, envelope::content_type(world.version), body.to_string());
    }
    Response::html(
        StatusCode::NOT_FOUND,
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>Page Not Found | Sandbox</title></head>\n<body><h1>404</h1><p>The page you are looking for does not exist.</p></body>\n</html>\n",
    )
}
