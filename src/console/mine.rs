//! Connections of one's own: the place to type a secret so that it passes through no conversation.
//!
//! The tools for them do the work, in the name and grant of whoever is signed in, so that policy and
//! log hold; the log knows no secret.

use serde_json::{Value, json};

use super::{
    Answer, Console, Fields, Page, Visit, back,
    html::Html,
    page::{done, problem},
};

const PATH: &str = "/console/mine";

impl Console {
    pub(super) async fn mine_page(&self, visit: &Visit, query: &Fields) -> Answer {
        let mut body = Html::new();
        let said = match query.get("done") {
            "saved" => "The connection works and is saved for you alone.",
            "active" => "Your calls mean this connection when they name none.",
            "deleted" => "The connection and its secret are forgotten.",
            _ => "",
        };
        if !said.is_empty() {
            done(&mut body, said);
        }
        match self.call(visit, "user_connection_list", json!({})).await {
            Ok(own) => listed(&mut body, visit, &own),
            Err(why) => problem(&mut body, &why),
        }
        adding(&mut body, visit, &Fields::default());
        Page::new("Own connections", body).into()
    }

    pub(super) async fn add_mine(&self, visit: &Visit, fields: &Fields) -> Answer {
        let get = |name: &str| fields.get(name).trim();
        let mut arguments = json!({
            "alias": get("alias"), "url": get("url"), "db": get("db"), "user": get("login"),
            "verify_ssl": get("pin") != "yes",
        });
        let kind = match get("kind") {
            "password" => "password",
            _ => "api_key",
        };
        if let Some(members) = arguments.as_object_mut()
            && !fields.get("secret").is_empty()
        {
            members.insert(kind.to_owned(), Value::from(fields.get("secret")));
        }
        match self.call(visit, "user_connection_add", arguments).await {
            Ok(_) => back(PATH, "saved"),
            Err(why) => {
                let mut body = Html::new();
                problem(&mut body, &why);
                adding(&mut body, visit, fields);
                Page::new("Own connections", body).problem().into()
            }
        }
    }

    pub(super) async fn choose_mine(&self, visit: &Visit, fields: &Fields, what: &str) -> Answer {
        let (tool, word) = match what {
            "mine/activate" => ("user_connection_activate", "active"),
            _ => ("user_connection_delete", "deleted"),
        };
        match self.call(visit, tool, json!({ "alias": fields.get("alias") })).await {
            Ok(_) => back(PATH, word),
            Err(why) => {
                let mut body = Html::new();
                problem(&mut body, &why);
                body.tag("p", &[], |html| html.put(&Html::link(PATH, "Back to your connections")));
                Page::new("Own connections", body).problem().into()
            }
        }
    }
}

fn listed(body: &mut Html, visit: &Visit, own: &Value) {
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let active = own.get("active").and_then(Value::as_str).unwrap_or_default();
    let connections = own.get("connections").and_then(Value::as_array).into_iter().flatten();
    let rows = connections.map(|row| {
        let alias = text(row, "alias");
        let mut act = Html::new();
        if alias == active {
            act.say_as("span", "good", "active ");
        } else {
            button(&mut act, visit, "/console/mine/activate", &alias, "second", "Make active");
        }
        button(&mut act, visit, "/console/mine/delete", &alias, "bad", "Forget");
        vec![
            Html::code(&alias),
            Html::of(&text(row, "url")),
            Html::of(&text(row, "db")),
            Html::of(&text(row, "user")),
            act,
        ]
    });
    let rows: Vec<Vec<Html>> = rows.collect();
    body.tag("section", &[], |html| {
        html.say("h2", "Yours alone");
        if rows.is_empty() {
            return html.say("p", "You have no connection of your own.");
        }
        let heads = ["Alias", "Address", "Database", "Login", "Do"];
        html.table(&format!("{} connections", rows.len()), &heads, rows);
    });
}

/// What was typed stands there again, the secret does not.
fn adding(body: &mut Html, visit: &Visit, fields: &Fields) {
    body.tag("section", &[], |html| {
        html.say("h2", "Add one, or change one");
        html.say_as("p", "soft", "The secret is kept sealed, for you alone. It passes through no conversation, stands in no log and is never shown. Nothing is saved unless the login works. To change a connection of yours, write its alias; without a secret the one it has stays.");
        html.form(visit.csrf(), "/console/mine/add", |html| {
            html.tag("div", &[("class", "fields")], |html| {
                for (label, name) in
                    [("Alias", "alias"), ("Address (with https in front)", "url"), ("Database", "db"), ("Your login there", "login")]
                {
                    html.field(label, name, fields.get(name));
                }
                let kind = if fields.get("kind") == "password" { "password" } else { "API key" };
                html.tag("label", &[], |html| {
                    html.say("span", "Secret is");
                    html.tag("select", &[("name", "kind")], |html| {
                        for (value, shown) in [("api_key", "API key"), ("password", "password")] {
                            let all = [("value", value), ("selected", "")];
                            let attributes = if kind == shown { all.as_slice() } else { all.get(..1).unwrap_or_default() };
                            html.tag("option", attributes, |html| html.text(shown));
                        }
                    });
                });
                html.password("API key or password", "secret", "off");
            });
            html.tick(
                "Trust the key that the server shows now (for a certificate that it signed itself)",
                "pin",
                fields.get("pin") == "yes",
            );
            html.tag("div", &[("class", "buttons")], |html| html.button("own", "Sign in and save"));
        });
    });
}

fn button(html: &mut Html, visit: &Visit, action: &str, alias: &str, class: &'static str, text: &str) {
    html.form(visit.csrf(), action, |html| {
        html.hidden("alias", alias);
        let label = format!("{text}: {alias}");
        html.tag("button", &[("class", class), ("aria-label", &label)], |html| html.text(text));
    });
}
