//! The chatter of a record.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::{Env, truthy},
        errors::{OdooError, Result},
        orm::write as writing,
    },
};

const FOLLOWERS: &str = "mail.followers";
/// The kinds of message that `data` puts in place.
const COMMENT: i64 = 1;
const NOTE: i64 = 2;

/// Arguments of a post.
const KNOWN: &[&str] = &[
    "body",
    "subject",
    "message_type",
    "email_from",
    "author_id",
    "parent_id",
    "subtype_xmlid",
    "subtype_id",
    "partner_ids",
    "attachments",
    "attachment_ids",
    "body_is_html",
    "email_layout_xmlid",
    "record_name",
    "reply_to",
    "tracking_value_ids",
];

pub(super) fn message_post(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let Some(record) = call.ids.first().copied() else {
        return Err(OdooError::value("Expected singleton: ".to_owned() + call.model + "()"));
    };
    if !env.db.exists(call.model, record) {
        return Err(OdooError::missing(call.model, record, env.uid));
    }
    let unknown: Vec<&str> = call.argument_names().filter(|name| !KNOWN.contains(name)).collect();
    if !env.is_14() && !unknown.is_empty() {
        return Err(OdooError::value(format!(
            "Those values are not supported when posting or notifying: {}",
            unknown.join(", ")
        )));
    }
    let body = call.text("body").unwrap_or_default();
    let is_html = env.is_14() || call.get("body_is_html").is_some_and(truthy);
    let body = if is_html { body } else { escaped(&body) };
    let body = if body.is_empty() || body.starts_with('<') { body } else { format!("<p>{body}</p>") };
    let mut values = JsonObject::from_iter([
        ("body".to_owned(), json!(body)),
        ("model".to_owned(), json!(call.model)),
        ("res_id".to_owned(), json!(record)),
        ("record_name".to_owned(), json!(env.display_name(call.model, record))),
        (
            "message_type".to_owned(),
            json!(call.text("message_type").unwrap_or_else(|| "notification".to_owned())),
        ),
        (
            "email_from".to_owned(),
            env.value(
                "res.partner",
                env.link("res.users", env.uid, "partner_id").unwrap_or(1),
                "email_formatted",
            ),
        ),
    ]);
    for name in ["subject", "partner_ids", "attachment_ids", "parent_id", "author_id"] {
        if let Some(value) = call.get(name) {
            values.insert(name.to_owned(), value.clone());
        }
    }
    let kind = if call.text("subtype_xmlid").as_deref() == Some("mail.mt_comment") { COMMENT } else { NOTE };
    values.insert("subtype_id".to_owned(), json!(kind));
    let named = call.get("partner_ids").and_then(Value::as_array).cloned().unwrap_or_default();
    let named = named.iter().filter_map(Value::as_i64);
    let told = told(env, call.model, record, kind, named.collect());
    values.insert("notified_partner_ids".to_owned(), json!(told));
    let id = env.as_system(|env| writing::create(env, "mail.message", values))?;
    Ok(if env.is_14() { json!(id).into() } else { Answer::Records("mail.message", vec![id]) })
}

/// Followers that want this kind of message and those it names, without whoever writes it.
fn told(env: &Env<'_>, model: &str, record: i64, kind: i64, named: Vec<i64>) -> Vec<i64> {
    let author = env.link("res.users", env.uid, "partner_id");
    let mut told = named;
    for follower in followers_of(env, model, record) {
        let Some(partner) = env.link(FOLLOWERS, follower, "partner_id") else { continue };
        let outsider = env.value("res.partner", partner, "partner_share") == Value::Bool(true);
        if env.ids(FOLLOWERS, follower, "subtype_ids").contains(&kind) && !(kind == NOTE && outsider) {
            told.push(partner);
        }
    }
    told.retain(|partner| Some(*partner) != author);
    told.sort_unstable();
    told.dedup();
    told
}

fn followers_of(env: &Env<'_>, model: &str, record: i64) -> Vec<i64> {
    let follows = |id: &i64| {
        env.text(FOLLOWERS, *id, "res_model") == model
            && env.value(FOLLOWERS, *id, "res_id").as_i64() == Some(record)
    };
    env.db.ids(FOLLOWERS).into_iter().filter(follows).collect()
}

/// Makes contacts followers of a record; without subtypes they follow what all followers do.
pub(super) fn message_subscribe(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let given = |name: &str| {
        let ids = call.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        ids.iter().filter_map(Value::as_i64).collect::<Vec<_>>()
    };
    let subtypes = if given("subtype_ids").is_empty() { vec![COMMENT] } else { given("subtype_ids") };
    for record in call.ids.clone() {
        let known: Vec<Option<i64>> = followers_of(env, call.model, record)
            .into_iter()
            .map(|follower| env.link(FOLLOWERS, follower, "partner_id"))
            .collect();
        for partner in given("partner_ids").into_iter().filter(|partner| !known.contains(&Some(*partner))) {
            let values = JsonObject::from_iter([
                ("res_model".to_owned(), json!(call.model)),
                ("res_id".to_owned(), json!(record)),
                ("partner_id".to_owned(), json!(partner)),
                ("subtype_ids".to_owned(), json!([[6, 0, subtypes]])),
            ]);
            env.as_system(|env| writing::create(env, FOLLOWERS, values))?;
        }
    }
    Ok(Answer::Value(Value::Bool(true)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

pub(super) fn message_unsubscribe(_env: &mut Env<'_>, _call: &Call) -> Result<Answer> {
    Ok(Answer::Value(Value::Bool(true)))
}
