//! Connections and their certificates: what is known, what is served now, and trusting a new key.

use serde_json::{Value, json};

use super::{
    Answer, Console, Fields, Page, Visit, back,
    html::Html,
    page::{done, problem},
    values::drawn,
};

const PATH: &str = "/console/connections";
/// Members of a connection that have a place of their own on the page.
const IN_HEADING: &str = "alias";

impl Console {
    pub(super) async fn connections_page(&self, visit: &Visit, query: &Fields) -> Answer {
        let mut body = Html::new();
        if query.get("done") == "rotated" {
            done(&mut body, "The new key is trusted from now on, and only that one.");
        }
        self.listed(&mut body, visit, false).await
    }

    pub(super) async fn check_connections(&self, visit: &Visit) -> Answer {
        self.listed(&mut Html::new(), visit, true).await
    }

    async fn listed(&self, body: &mut Html, visit: &Visit, check: bool) -> Answer {
        let overview = match self.call(visit, "odoo_connections", json!({ "check": check })).await {
            Ok(overview) => overview,
            Err(why) => {
                problem(body, &why);
                return Page::new("Connections", std::mem::take(body)).problem().into();
            }
        };
        if let Some(why) = overview.get("problem").and_then(Value::as_str) {
            problem(body, why);
        }
        if visit.is_operator() {
            body.form(visit.csrf(), "/console/connections/check", |html| {
                html.button("second", "Sign in to each one now");
            });
        }
        for connection in overview.get("connections").and_then(Value::as_array).into_iter().flatten() {
            one(body, visit, connection);
        }
        Page::new("Connections", std::mem::take(body)).into()
    }

    /// What is trusted and what is served, side by side. Nothing changes.
    pub(super) async fn look_at_certificate(&self, visit: &Visit, fields: &Fields) -> Answer {
        let alias = fields.get("alias");
        let looked = self.call(visit, "odoo_cert_refresh", json!({ "alias": alias, "dry_run": true })).await;
        let mut body = Html::new();
        match looked {
            Ok(found) => {
                body.tag("section", &[], |html| compared(html, visit, alias, &found));
            }
            Err(why) => {
                problem(&mut body, &why);
                // Without a pin there is nothing to rotate, and the certificate can still be shown.
                if let Ok(found) = self.call(visit, "odoo_cert_info", json!({ "alias": alias })).await {
                    body.tag("section", &[], |html| html.put(&drawn(&found)));
                }
            }
        }
        body.tag("p", &[], |html| html.put(&Html::link(PATH, "Back to the connections")));
        Page::new("Certificate", body).into()
    }

    /// Trusts exactly the certificate that was shown before; if another one is served by now, nothing.
    pub(super) async fn rotate(&self, visit: &Visit, fields: &Fields) -> Answer {
        let (alias, seen) = (fields.get("alias"), fields.get("seen"));
        let arguments = json!({ "alias": alias, "expected_sha256": seen });
        match self.call(visit, "odoo_cert_refresh", arguments).await {
            Ok(_) => back(PATH, "rotated"),
            Err(why) => {
                let mut body = Html::new();
                problem(&mut body, &why);
                body.tag("p", &[], |html| html.put(&Html::link(PATH, "Back to the connections")));
                Page::new("Certificate", body).problem().into()
            }
        }
    }
}

fn one(body: &mut Html, visit: &Visit, connection: &Value) {
    let alias = connection.get(IN_HEADING).and_then(Value::as_str).unwrap_or_default();
    body.tag("section", &[], |html| {
        html.say("h2", alias);
        let mut shown = connection.clone();
        if let Some(members) = shown.as_object_mut() {
            members.shift_remove(IN_HEADING);
        }
        html.put(&drawn(&shown));
        let is_tls =
            connection.get("url").and_then(Value::as_str).is_some_and(|url| url.starts_with("https:"));
        if visit.is_operator() && is_tls {
            html.form(visit.csrf(), "/console/connections/look", |html| {
                html.hidden("alias", alias);
                html.tag("div", &[("class", "buttons")], |html| {
                    let label = format!("Look at the certificate of {alias}");
                    html.tag("button", &[("class", "second"), ("aria-label", &label)], |html| {
                        html.text("Certificate");
                    });
                });
            });
        }
    });
}

fn compared(html: &mut Html, visit: &Visit, alias: &str, found: &Value) {
    html.say("h2", alias);
    let side = |side: &str, member: &str| {
        let value = found.pointer(&format!("/{side}/{member}"));
        value.map_or(Html::of("-"), drawn)
    };
    let members = [
        "public_key_sha256",
        "certificate_sha256",
        "subject",
        "issuer",
        "alternative_names",
        "not_before",
        "not_after",
        "days_left",
        "key_type",
        "serial",
    ];
    let rows = members
        .iter()
        .map(|member| vec![Html::of(&member.replace('_', " ")), side("old", member), side("new", member)]);
    html.table("The certificate", &["", "Trusted until now", "Served now"], rows.collect());
    let is_same = found.get("changes").and_then(Value::as_array).is_none_or(Vec::is_empty);
    if is_same {
        html.say("p", "The served certificate is the trusted one.");
        return;
    }
    let seen = found.pointer("/new/certificate_sha256").and_then(Value::as_str).unwrap_or_default();
    html.say(
        "p",
        "Compare the fingerprint with what the administrator of the Odoo server says before you trust it.",
    );
    html.form(visit.csrf(), "/console/connections/rotate", |html| {
        html.hidden("alias", alias);
        html.hidden("seen", seen);
        html.button("bad", "Trust the certificate that is served now");
    });
}
