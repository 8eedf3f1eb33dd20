//! Pages of the website, as visitors see them.

use http::StatusCode;
use serde_json::Value;

use super::session;
use crate::sandbox::{
    env::{ADMIN, Env},
    server::{Request, Response},
    world::World,
};

/// The page at an address; nothing where there is none.
pub(super) fn page(world: &World, request: &Request, path: &str) -> Option<Response> {
    let path = if path.is_empty() { "/" } else { path };
    let signed_in = session::user(world, request).is_ok();
    let arch = world.look(ADMIN, |env| {
        let mut pages: Vec<i64> = env.db.ids("website.page");
        pages.retain(|id| env.text("website.page", *id, "url") == path);
        let page = pages.into_iter().next()?;
        let published = env.value("website.page", page, "is_published") == Value::Bool(true);
        if !published && !signed_in {
            return None;
        }
        Some(own_arch(env, env.link("website.page", page, "view_id")?))
    })?;
    let body = without_templates(&arch);
    Some(Response::html(
        StatusCode::OK,
        format!(
            "<!DOCTYPE html>\n<html lang=\"en-US\"><head><title>Page | My Website</title></head><body><div id=\"wrapwrap\"><main>{body}</main></div></body></html>\n"
        ),
    ))
}

/// The first website shows its own copy of a view where it has one.
fn own_arch(env: &Env<'_>, view: i64) -> String {
    let key = env.text("ir.ui.view", view, "key");
    let own = env.db.ids("ir.ui.view").into_iter().find(|other| {
        !key.is_empty()
            && env.text("ir.ui.view", *other, "key") == key
            && env.link("ir.ui.view", *other, "website_id") == Some(1)
    });
    env.text("ir.ui.view", own.unwrap_or(view), "arch_db")
}

/// The sandbox runs no templates: their elements go, what stands in them stays.
fn without_templates(arch: &str) -> String {
    let mut body = String::with_capacity(arch.len());
    let mut rest = arch;
    while let Some((before, tag)) = rest.split_once('<') {
        body.push_str(&shown(before));
        let (inside, after) = tag.split_once('>').unwrap_or((tag, ""));
        let name = inside.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if name != "t" && !name.starts_with('?') {
            body.push('<');
            body.push_str(inside);
            body.push('>');
        }
        rest = after;
    }
    body.push_str(&shown(rest));
    body
}

/// A text of a template goes onto the page without being escaped again.
fn shown(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
