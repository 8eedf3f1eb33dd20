//! Rendering templates: only the editor's catalogue may be rendered over RPC.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Answer, Call};
use crate::sandbox::{
    data::SNIPPETS,
    env::Env,
    errors::{OdooError, Result},
};

/// The member of the context under which a call says by which route it came.
pub(crate) const ROUTE: &str = "sandbox.route";

pub(super) fn render_public_asset(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let template = call.text("template").unwrap_or_default();
    let view = env.db.ids("ir.ui.view").into_iter().find(|id| env.text("ir.ui.view", *id, "key") == template);
    if view.is_none() {
        let message = format!("Template not found: '{template}' (website: None)");
        return Err(if env.is_14() {
            OdooError::value(message)
        } else {
            OdooError::new("odoo.exceptions.MissingError", message)
        });
    }
    if template != "website.snippets" {
        return Err(OdooError::access(format!("View '{template}' is private")));
    }
    // 19 looks at the web request, which its older RPC routes put aside.
    let route = env.context.get(ROUTE).and_then(Value::as_str).unwrap_or_default();
    if !env.is_14() && (route == "/jsonrpc" || route.starts_with("/xmlrpc")) {
        return Err(OdooError::new(
            "odoo.addons.base.models.ir_qweb.QWebError",
            "Error while rendering the template",
        ));
    }
    Ok(Value::from(catalogue(env)).into())
}

fn catalogue(env: &Env<'_>) -> String {
    let mut html = String::from("\n");
    html.push_str(if env.is_14() {
        "<div id=\"snippet_structure\" class=\"o_panel\">"
    } else {
        "<snippets id=\"snippet_structure\" string=\"Structure\">"
    });
    for (key, label, markup) in SNIPPETS {
        let id = env.db.ids("ir.ui.view").into_iter().find(|id| env.text("ir.ui.view", *id, "key") == *key);
        let slug = key.split('.').next_back().unwrap_or_default();
        // The program of the dynamic one, as the server would run it.
        let rendered = markup
            .replace("t-att-class=\"'s_dynamic ' + (extra or '')\"", "class=\"s_dynamic\"")
            .replace("<t t-call=\"website.s_dynamic_template\"/>", "<div class=\"row\"></div>");
        let named = rendered.replacen("<section", &format!("<section data-snippet=\"{slug}\""), 1);
        let more = if env.is_14() {
            String::new()
        } else {
            format!(" data-oe-snippet-key=\"{slug}\" data-o-group=\"text\"")
        };
        let _ = write!(
            html,
            "<div name=\"{label}\" data-oe-type=\"snippet\" data-oe-thumbnail=\"/website/static/src/img/snippets_thumbs/{slug}.svg\" data-oe-snippet-id=\"{}\"{more} data-oe-keywords=\"block\">\n    {named}\n</div>",
            id.unwrap_or_default()
        );
    }
    html.push_str("<div name=\"Newsletter\" data-oe-type=\"snippet\" data-module-id=\"99\" data-module-display-name=\"Email Marketing\" data-oe-thumbnail=\"/x.svg\"><section></section></div>");
    html.push_str(if env.is_14() { "</div>\n" } else { "</snippets>\n" });
    html
}
