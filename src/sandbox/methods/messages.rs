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
    let id = env.as_system(|env| writing::create(env, "mail.message", values))?;
    Ok(if env.is_14() { json!(id).into() } else { Answer::Records("mail.message", vec![id]) })
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
