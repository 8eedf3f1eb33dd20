//! The bus that browsers listen to, and the server actions that may write on it.
//!
//! The sandbox runs no Python. It knows two programs by their text: the one that an administrator
//! makes for `odoo_refresh`, and the one with which a test reads the bus.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::Env,
        errors::{OdooError, Result},
        orm::write as writing,
    },
};

const BUS: &str = "bus.bus";
const ACTIONS: &str = "ir.actions.server";
/// What the program of `odoo_refresh` looks for in its context.
const ARGUMENT: &str = "odoo_mcp_refresh";
/// Rows that a look at the bus answers.
const ROWS_MAX: usize = 200;

fn put(env: &mut Env<'_>, channel: &Value, message: &Value) -> Result<()> {
    let values = JsonObject::from_iter([
        ("channel".to_owned(), json!(channel.to_string())),
        ("message".to_owned(), json!(message.to_string())),
    ]);
    env.as_system(|env| writing::create(env, BUS, values)).map(drop)
}

pub(super) fn poll(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let channels: Vec<String> =
        call.get("channels").and_then(Value::as_array).into_iter().flatten().map(Value::to_string).collect();
    let last = call.get("last").and_then(Value::as_i64).unwrap_or_default();
    let mut found = Vec::new();
    for id in env.db.ids(BUS).into_iter().filter(|id| *id > last) {
        let (channel, message) = (env.text(BUS, id, "channel"), env.text(BUS, id, "message"));
        if channels.contains(&channel) {
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
            found.push(json!({ "id": id, "channel": read(&channel), "message": read(&message) }));
        }
    }
    Ok(Answer::Value(Value::Array(found)))
}

/// Runs a server action for a user of one of its groups.
pub(super) fn run(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    for action in call.ids.clone() {
        if !env.db.exists(ACTIONS, action) {
            return Err(OdooError::missing(ACTIONS, action, env.uid));
        }
        let field = if env.is_14() { "groups_id" } else { "group_ids" };
        let groups = env.ids(ACTIONS, action, field);
        let own = env.ids("res.users", env.uid, field);
        if !groups.is_empty() && !groups.iter().any(|group| own.contains(group)) {
            return Err(OdooError::access("You don't have enough access rights to run this action."));
        }
        let code = env.text(ACTIONS, action, "code");
        if code.contains(ARGUMENT) {
            notify(env)?;
        } else if let Some(partner) = partner_read(&code) {
            return Ok(Answer::Value(rows_of(env, partner)));
        }
    }
    Ok(Answer::Value(Value::Bool(false)))
}

fn notify(env: &mut Env<'_>) -> Result<()> {
    let asked = env.context.get(ARGUMENT).cloned().unwrap_or_default();
    let model = asked.get("model").and_then(Value::as_str).unwrap_or_default();
    let label = env.schema.get(model).map_or("Odoo", |model| model.label());
    let ids = asked.get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
    let title = match ids.as_slice() {
        [only] => format!("{label} #{only}"),
        _ => label.to_owned(),
    };
    let fields: Vec<&str> = asked
        .get("fields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let text = if fields.is_empty() {
        "Something changed. ".to_owned()
    } else {
        format!("Changed: {}. ", fields.join(", "))
    };
    let text = text + "Reload the page to see it.";
    let kind = "simple_notification";
    let message = if env.is_14() {
        json!({ "type": kind, "title": title, "message": text, "warning": true, "sticky": false })
    } else {
        let payload = json!({ "title": title, "message": text, "type": "info", "sticky": false });
        json!({ "type": kind, "payload": payload })
    };
    let partner = env.link("res.users", env.uid, "partner_id");
    let channel = json!(["sandbox", "res.partner", partner]);
    put(env, &channel, &message)
}

/// The contact whose messages a test's program reads.
fn partner_read(code: &str) -> Option<i64> {
    let (_, rest) = code.split_once("\"res.partner\",")?;
    rest.split(']').next()?.parse().ok()
}

fn rows_of(env: &Env<'_>, partner: i64) -> Value {
    let ending = format!("\"res.partner\",{partner}]");
    let ids = env.db.ids(BUS).into_iter().rev();
    let ids = ids.filter(|id| env.text(BUS, *id, "channel").ends_with(&ending)).take(ROWS_MAX);
    let rows: Vec<Value> =
        ids.map(|id| json!({ "id": id, "message": env.text(BUS, id, "message") })).collect();
    json!({ "type": "ir.actions.act_window_close", "rows": rows })
}
