//! Views of websites: what a page shows through, copies for one website, and what is no XML.

use quick_xml::{Reader, events::Event};
use serde_json::{Value, json};

use crate::sandbox::{
    env::{Env, truthy},
    errors::{OdooError, Result},
};

const VIEWS: &str = "ir.ui.view";

/// Values of a page that are those of its view.
pub(super) fn page(env: &Env<'_>, id: i64, field: &str) -> Option<Value> {
    match field {
        "website_published" => Some(env.value("website.page", id, "is_published")),
        "name" | "key" | "arch_db" | "website_id" => {
            let view = env.link("website.page", id, "view_id")?;
            Some(env.value(VIEWS, view, field))
        }
        _ => None,
    }
}

/// The records that a write changes: a view that websites share is copied for the one of the context.
pub(super) fn written(env: &mut Env<'_>, model: &str, ids: &[i64]) -> Vec<i64> {
    let website = env.context.get("website_id").and_then(Value::as_i64);
    let Some(website) = website.filter(|_| model == VIEWS) else { return ids.to_vec() };
    ids.iter().map(|id| copy_for(env, *id, website)).collect()
}

fn copy_for(env: &mut Env<'_>, id: i64, website: i64) -> i64 {
    let key = env.text(VIEWS, id, "key");
    if truthy(&env.value(VIEWS, id, "website_id")) || key.is_empty() {
        return id;
    }
    let own = |env: &Env<'_>| {
        env.db.ids(VIEWS).into_iter().find(|other| {
            env.text(VIEWS, *other, "key") == key && env.link(VIEWS, *other, "website_id") == Some(website)
        })
    };
    if let Some(found) = own(env) {
        return found;
    }
    let Some(record) = env.db.get(VIEWS, id).cloned() else { return id };
    let mut copy = (*record).clone();
    copy.insert("website_id", json!(website));
    env.db.insert(VIEWS, copy)
}

/// Odoo refuses what its reader cannot read.
pub(super) fn check_view(env: &Env<'_>, id: i64) -> Result<()> {
    let arch = env.text(VIEWS, id, "arch_db");
    if is_xml(&arch) {
        Ok(())
    } else {
        Err(OdooError::validation("Error while parsing or validating view:\n\nthe architecture is no XML"))
    }
}

fn is_xml(arch: &str) -> bool {
    let mut reader = Reader::from_str(arch);
    let (mut depth, mut elements) = (0_usize, 0_usize);
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => (depth, elements) = (depth + 1, elements + 1),
            Ok(Event::Empty(_)) => elements += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) => return depth == 0 && elements > 0,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}
