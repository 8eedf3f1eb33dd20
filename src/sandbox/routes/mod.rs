//! From a request to the route that answers it. Each route is a file of its own.

mod content;
mod control;
mod dataset;
mod envelope;
mod json2;
mod jsonrpc;
mod pages;
mod report;
mod session;
pub(crate) mod web;
mod website;
mod xmlrpc;

use http::{Method, StatusCode};
use serde_json::Value;

use super::{
    field::SandboxVersion,
    server::{Request, Response},
    world::World,
};

pub(crate) fn answer(world: &World, request: &Request) -> Response {
    let is_19 = world.version == SandboxVersion::V19;
    let path = request.path.trim_end_matches('/');
    match path {
        "/jsonrpc" => jsonrpc::answer(world, request),
        "/xmlrpc/2/common" | "/xmlrpc/2/object" | "/xmlrpc/2/db" => xmlrpc::answer(world, request),
        "/web/session/authenticate"
        | "/web/session/destroy"
        | "/web/session/get_session_info"
        | "/web/session/check"
        | "/web/session/logout" => session::answer(world, request, path),
        "/web/webclient/version_info" | "/web/database/list" => web::json_routes(world, request, path),
        "/web/version" | "/json/version" if is_19 => web::version(world),
        "/web/health" if is_19 => Response::new(StatusCode::OK, "application/json", r#"{"status": "pass"}"#),
        "/web/dataset/search_read" if !is_19 => dataset::answer(world, request),
        "/json/2" if is_19 => json2::wrong_path(),
        "/web" | "/my" | "/odoo" | "/my/home" => web::page(world, request, path),
        "/robots.txt" => pages::robots(),
        "/web/login" => Response::html(StatusCode::OK, web::LOGIN_PAGE),
        "/web/binary/upload_attachment" => content::upload(world, request),
        _ if path.starts_with("/web/content") || path.starts_with("/web/image") => {
            content::answer(world, request, path)
        }
        _ if path.starts_with("/web/dataset/call_") => dataset::answer(world, request),
        _ if is_19 && path.starts_with("/json/2/") => json2::answer(world, request, path),
        _ if path.starts_with("/report/") => report::answer(world, request, path),
        _ if path.starts_with("/my/") => {
            report::of_portal(world, request, path).unwrap_or_else(|| web::not_found(world, request))
        }
        _ if path.starts_with("/_sandbox/") => control::answer(world, request, path),
        _ => website::page(world, request, path).unwrap_or_else(|| web::not_found(world, request)),
    }
}

/// Model and method of a request, as far as they can be seen from outside.
pub(crate) fn target(request: &Request) -> (String, String) {
    let owned = |model: &str, method: &str| (model.to_owned(), method.to_owned());
    if let Some(rest) = request.path.strip_prefix("/json/2/") {
        let (model, method) = rest.split_once('/').unwrap_or((rest, ""));
        return owned(model, method);
    }
    if request.path == "/web/session/authenticate" {
        return owned("", "authenticate");
    }
    if request.path.starts_with("/xmlrpc/") {
        return xmlrpc::target(request);
    }
    let params = request.json.as_ref().and_then(|body| body.get("params"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(params) = params else { return owned("", "") };
    if request.path == "/jsonrpc" {
        let args = params.get("args");
        return match params.get("service").and_then(Value::as_str) {
            Some("common") => {
                let method = text(params.get("method"));
                (String::new(), if method == "login" { "authenticate".to_owned() } else { method })
            }
            Some("object") => {
                (text(args.and_then(|args| args.get(3))), text(args.and_then(|args| args.get(4))))
            }
            _ => owned("", ""),
        };
    }
    (text(params.get("model")), text(params.get("method")))
}

/// Whether a request is a POST of JSON, which is how 14 and 19 tell their two kinds of routes apart.
fn is_json_post(request: &Request) -> bool {
    request.method == Method::POST
        && matches!(request.media_type(), "application/json" | "application/json-rpc")
}
