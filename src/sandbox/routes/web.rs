//! Pages and small routes of the web client: version, health, database list, the login page, and what is not there.

use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{envelope, jsonrpc, pages, session};
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
    if let Ok(user) = session::user(world, request) {
        let token = pages::form_token(request.session_cookie().unwrap_or_default());
        if path.starts_with("/my") {
            let name = world.look(user, |env| env.display_name("res.users", user));
            return pages::home(&name, &token);
        }
        let token = format!("csrf_token: \"{token}\"");
        return Response::html(
            StatusCode::OK,
            format!(
                "<!DOCTYPE html>\n<html><head><script>odoo = {{{token}}};</script></head><body></body></html>\n"
            ),
        );
    }
    let quoted = |text: &str| {
        [(':', "%3A"), ('/', "%2F"), ('?', "%3F"), ('=', "%3D"), ('&', "%26")]
            .into_iter()
            .fold(text.to_owned(), |text, (plain, coded)| text.replace(plain, coded))
    };
    let host = request.header("host").unwrap_or("127.0.0.1");
    let (status, location) = match (world.version, path) {
        (SandboxVersion::V14, "/web") => (StatusCode::SEE_OTHER, format!("http://{host}/web/login")),
        (SandboxVersion::V14, _) => {
            let asked = format!("http://{host}{path}");
            (StatusCode::FOUND, format!("http://{host}/web/login?redirect={}", quoted(&asked)))
        }
        (SandboxVersion::V19, _) => {
            let asked = format!("{path}?{}", request.query);
            (StatusCode::SEE_OTHER, format!("/web/login?redirect={}", quoted(&asked)))
        }
    };
    Response::html(status, format!("<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You should be redirected automatically to target URL: <a href=\"{0}\">{0}</a>.", envelope::escape(&location)))
        .with(header::LOCATION, location)
}

pub(super) fn not_found(world: &World, request: &Request) -> Response {
    let is_rpc = super::is_json_post(request);
    if is_rpc && world.version == SandboxVersion::V14 {
        let id = request.json.as_ref().and_then(|body| body.get("id")).cloned().unwrap_or(Value::Null);
        return envelope::not_found(world.version, &id, StatusCode::NOT_FOUND);
    }
    Response::new(
        StatusCode::NOT_FOUND,
        "text/html;charset=utf-8",
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>Page Not Found | Sandbox</title></head>\n<body><h1>404</h1><p>The page you are looking for does not exist.</p></body>\n</html>\n",
    )
}
