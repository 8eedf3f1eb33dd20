//! `/web/content`, `/web/image` and `/web/binary/upload_attachment`: files of records over a session.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{pages, session, web};
use crate::sandbox::{
    access,
    field::SandboxVersion,
    methods::{Answer, Arguments, Binding},
    server::{Request, Response},
    world::{Origin, World},
};

/// The content of one field of one record.
pub(super) fn answer(world: &World, request: &Request, path: &str) -> Response {
    let segments: Vec<&str> = path.trim_matches('/').split('/').skip(2).collect();
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let asked = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let id = |text: &str| text.split('-').next().and_then(|id| id.parse::<i64>().ok());
    let (model, id, field) = match segments.as_slice() {
        [first, ..] if id(first).is_some() => ("ir.attachment", id(first), "datas"),
        [model, second, field, ..] => (*model, id(second), *field),
        _ => (
            asked("model").unwrap_or("ir.attachment"),
            asked("id").and_then(id),
            asked("field").unwrap_or("datas"),
        ),
    };
    let Some(id) = id else { return web::not_found(world, request) };
    let user = session::user(world, request).ok();
    let found = world.look(user.unwrap_or(access::PORTAL), |env| {
        let is_there = env.db.exists(model, id) && env.field(model, field).is_some();
        let is_public = env.value(model, id, "public") == Value::Bool(true);
        if !is_there || user.is_none() && !is_public || !access::sees(env, model, id) {
            return None;
        }
        if model == "ir.attachment" && env.text(model, id, "type") == "url" {
            return Some(Err(env.text(model, id, "url")));
        }
        let content = STANDARD.decode(env.text(model, id, field)).unwrap_or_default();
        let name = if model == "ir.attachment" { env.text(model, id, "name") } else { field.to_owned() };
        let kind = env.text(model, id, "mimetype");
        (!content.is_empty()).then_some(Ok((content, name, kind)))
    });
    match found {
        None => web::not_found(world, request),
        Some(Err(url)) => Response::html(StatusCode::MOVED_PERMANENTLY, "").with(header::LOCATION, url),
        Some(Ok((content, name, kind))) => {
            let kind = if kind.is_empty() { "application/octet-stream" } else { &kind };
            let response = Response::new(StatusCode::OK, kind, content);
            let way = if asked("download").is_some() { "attachment" } else { "inline" };
            let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
            response
                .with(
                    header::CONTENT_DISPOSITION,
                    format!("{way}; filename*=UTF-8''{}", name.replace('+', "%20")),
                )
                .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        }
    }
}

/// The form that browsers attach files with.
pub(super) fn upload(world: &World, request: &Request) -> Response {
    let Ok(user) = session::user(world, request) else {
        return web::page(world, request, "/web");
    };
    if request.method != Method::POST {
        return Response::html(StatusCode::METHOD_NOT_ALLOWED, "<h1>Method Not Allowed</h1>");
    }
    let parts = parts(request);
    let text = |name: &str| {
        let part = parts.iter().find(|part| part.name == name);
        part.map(|part| String::from_utf8_lossy(part.content).into_owned()).unwrap_or_default()
    };
    if text("csrf_token") != pages::form_token(request.session_cookie().unwrap_or_default()) {
        return Response::html(
            StatusCode::BAD_REQUEST,
            "<!doctype html>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>Session expired (invalid CSRF token)</p>\n",
        );
    }
    let mut made = Vec::new();
    for part in parts.iter().filter(|part| part.name == "ufile") {
        let values = json!({
            "name": part.file_name, "datas": STANDARD.encode(part.content),
            "res_model": text("model"), "res_id": text("id").parse::<i64>().unwrap_or_default(),
        });
        let arguments =
            Arguments { ids: None, args: vec![json!([values])], kwargs: serde_json::Map::default() };
        let origin = Origin { route: &request.path, user };
        let created = world.call(origin, "ir.attachment", "create", arguments, None, Binding::Rpc);
        made.push(match created {
            Ok(Answer::Value(ids)) => {
                let id = ids.get(0).and_then(Value::as_i64).unwrap_or_default();
                json!({"filename": part.file_name, "mimetype": part.kind, "id": id, "size": part.content.len()})
            }
            Ok(_) => json!({"error": "Something horrible happened"}),
            Err(_) if world.version == SandboxVersion::V19 => {
                json!({"error": "You are not allowed to upload an attachment here."})
            }
            Err(_) => json!({"error": "Something horrible happened"}),
        });
    }
    Response::html(StatusCode::OK, json!(made).to_string())
}

struct Part<'a> {
    name: String,
    file_name: String,
    kind: String,
    content: &'a [u8],
}

/// The parts of a form with files.
fn parts(request: &Request) -> Vec<Part<'_>> {
    let content_type = request.header("content-type").unwrap_or_default();
    let Some((_, boundary)) = content_type.split_once("boundary=") else { return Vec::new() };
    let mark = format!("--{}", boundary.trim_matches('"'));
    let mut found = Vec::new();
    let mut rest: &[u8] = &request.body;
    while let Some(begin) = find(rest, mark.as_bytes()) {
        rest = rest.get(begin + mark.len()..).unwrap_or_default();
        let Some(end) = find(rest, format!("\r\n{mark}").as_bytes()) else { break };
        let part = rest.get(..end).unwrap_or_default();
        if let Some(at) = find(part, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(part.get(..at).unwrap_or_default()).into_owned();
            let named = |key: &str| {
                let after = head.split_once(&format!(" {key}=\"")).map(|(_, after)| after);
                after
                    .and_then(|after| after.split_once('"'))
                    .map(|(value, _)| value.to_owned())
                    .unwrap_or_default()
            };
            let kind = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap_or_default();
            let content = part.get(at + 4..).unwrap_or_default();
            found.push(Part {
                name: named("name"),
                file_name: named("filename"),
                kind: kind.to_owned(),
                content,
            });
        }
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    found
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
