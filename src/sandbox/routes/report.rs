//! `/report/*` and the pages of the portal that print: documents of one page, and the ways in which the real
//! servers fail at them with a wkhtmltopdf that prints one document at a time.

use http::{StatusCode, header};

use super::{envelope, session, web};
use crate::sandbox::{
    env::{ADMIN, Env},
    field::SandboxVersion,
    server::{Request, Response},
    world::World,
};

/// What the portal has pages for.
const PORTAL_FOLDERS: &[(&str, &str)] = &[("/my/orders/", "sale.order"), ("/my/invoices/", "account.move")];

/// `/report/pdf/NAME/1,2`.
pub(super) fn answer(world: &World, request: &Request, path: &str) -> Response {
    let Ok(uid) = session::user(world, request) else { return web::page(world, request, path) };
    let mut parts = path.trim_start_matches("/report/").split('/');
    let (converter, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let ids: Vec<i64> =
        parts.next().unwrap_or_default().split(',').filter_map(|id| id.parse().ok()).collect();
    if !matches!(converter, "pdf" | "html" | "text") {
        return Response::html(
            StatusCode::OK,
            format!(
                "<!doctype html>\n<html lang=en>\n<title>None Unknown Error</title>\n<h1>Unknown Error</h1>\n<p>Converter {} not implemented.</p>\n",
                envelope::escape(converter)
            ),
        );
    }
    world.look(uid, |env| document(env, converter, name, &ids))
}

fn document(env: &Env<'_>, converter: &str, name: &str, ids: &[i64]) -> Response {
    let report = env
        .db
        .ids("ir.actions.report")
        .into_iter()
        .find(|id| env.text("ir.actions.report", *id, "report_name") == name);
    let model = report.map(|report| env.text("ir.actions.report", report, "model")).unwrap_or_default();
    if ids.is_empty() || model.is_empty() || !ids.iter().all(|id| env.db.exists(&model, *id)) {
        return failed();
    }
    let names: Vec<String> = ids.iter().map(|id| env.display_name(&model, *id)).collect();
    match converter {
        "html" => Response::html(StatusCode::OK, page_of(&names)),
        "text" => Response::new(StatusCode::OK, "text/plain", page_of(&names)),
        _ if ids.len() > 1 && env.is_14() => pdf(&[]),
        _ if ids.len() > 1 => unpatched(),
        _ => pdf(&names),
    }
}

/// A document of the portal as PDF, for whoever has its token; `None` for other pages.
pub(super) fn of_portal(world: &World, request: &Request, path: &str) -> Option<Response> {
    let (folder, model) = PORTAL_FOLDERS.iter().find(|(folder, _)| path.starts_with(folder))?;
    let id: i64 = path.strip_prefix(folder)?.parse().ok()?;
    let asked = |pair: &str| request.query.split('&').any(|given| given == pair);
    if !asked("report_type=pdf") || !asked(&format!("access_token=00000000-0000-4000-8000-{id:012}")) {
        return None;
    }
    if world.version == SandboxVersion::V14 {
        return Some(Response::html(StatusCode::FORBIDDEN, "<h1>403: Forbidden</h1>"));
    }
    Some(world.look(ADMIN, |env| pdf(&[env.display_name(model, id)])))
}

/// A page per name, in the spelling of the program that makes them.
fn pdf(names: &[String]) -> Response {
    let mut file = format!("%PDF-1.4\n1 0 obj\n<< /Type /Pages /Count {} >>\nendobj\n", names.len());
    for name in names {
        file.push_str(&format!("2 0 obj\n<<\n/Type /Page\n/Parent 1 0 R\n>>\n% {name}\nendobj\n"));
    }
    file.push_str("trailer\n<< /Root 1 0 R >>\n%%EOF\n");
    Response::new(StatusCode::OK, "application/pdf", file)
}

fn page_of(names: &[String]) -> String {
    let articles: String = names
        .iter()
        .map(|name| {
            let name = envelope::escape(name);
            format!("<div class=\"article\"><h2>Order # {name}</h2><table><thead><tr><th>Description</th><th>Amount</th></tr></thead><tbody><tr><td>{name}</td><td>1.00</td></tr></tbody></table></div>")
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html><head><title>Report</title><script>odoo = {{}};</script></head><body><main>{articles}</main></body></html>\n"
    )
}

/// Version 19 says what its program could not do.
fn unpatched() -> Response {
    Response::html(
        StatusCode::UNPROCESSABLE_ENTITY,
        "<!DOCTYPE html>\n<html><body><h1>Oops! Something went wrong.</h1><div><strong>Error message:</strong><pre>Tried to convert multiple documents in wkhtmltopdf using unpatched QT</pre></div></body></html>\n",
    )
}

/// With the traceback that a real server shows.
fn failed() -> Response {
    Response::html(
        StatusCode::INTERNAL_SERVER_ERROR,
        "<!DOCTYPE html>\n<html><body><h1>500: Internal Server Error</h1><pre>Traceback (most recent call last):\n  File \"/usr/lib/python3/dist-packages/odoo/http.py\", line 1, in _serve_db</pre></body></html>\n",
    )
    .with(header::CACHE_CONTROL, "no-cache")
}
