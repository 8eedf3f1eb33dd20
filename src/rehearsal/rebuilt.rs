//! Facts of past calls, put together again from what the log holds of them.
//!
//! The log holds models, ids, field names and the values that rules looked at, never the others. A rule
//! that looks at something no rule looked at then sees it as missing.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{effects::shown_uses, tools::StageTools};
use crate::{
    audit::PastCall,
    facts::{
        Arrival, CallFacts, Caller, Class, ConnectionAlias, ConnectionChange, Effect, FieldName, Found,
        GrantName, JsonObject, MemoryArea, MemoryChange, MethodName, ModelName, Operation, OwnChange, Part,
        RecordEffect, UserName,
    },
};

/// An effect as the log holds it.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Logged {
    Records(Box<LoggedRecords>),
    Connection { connection: ConnectionAlias, change: String },
    AllConnections { change: String },
    Memory { area: String, change: String, file: Option<Arc<str>> },
    Own { connection: Option<ConnectionAlias>, change: String },
}

#[derive(Deserialize)]
struct LoggedRecords {
    connection: ConnectionAlias,
    model: ModelName,
    operation: String,
    method: MethodName,
    ids: Option<Vec<i64>>,
    part: Option<String>,
    #[serde(default)]
    fields_read: Vec<FieldName>,
    #[serde(default)]
    reads_every_field: bool,
    #[serde(default)]
    fields_written: Vec<FieldName>,
    #[serde(default)]
    fields_filtered: Vec<String>,
    #[serde(default)]
    paths_read: Vec<String>,
    row_bound: Option<u64>,
}

/// The facts of a past call; `None` where the log does not hold enough of it.
pub(super) fn facts(past: &PastCall, tools: &StageTools<'_>) -> Option<CallFacts> {
    let tool = tools.facts(&past.tool)?;
    let mut effects: Vec<Effect> = past.effects.as_array()?.iter().map(effect).collect::<Option<_>>()?;
    let mut arguments = JsonObject::new();
    for (path, value) in &past.facts {
        if let Some(path) = path.strip_prefix("args.") {
            put(&mut arguments, path, value);
        } else if let Some(field) = path.strip_prefix("odoo.values.") {
            put_value(&mut effects, field, value);
        }
    }
    let class: Class = serde_json::from_value(Value::from(past.class.as_str())).ok()?;
    let groups = match past.facts.get("ctx.groups") {
        Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).map(Arc::from).collect(),
        Some(Value::String(group)) => Arc::from([Arc::from(group.as_str())]),
        _ => Arc::default(),
    };
    Some(CallFacts {
        caller: Caller {
            user: UserName::parse(&past.caller.user).ok()?,
            grant: GrantName::parse(&past.caller.grant).ok()?,
            client: past.caller.client.as_deref().map(Arc::from),
            groups,
            ..Caller::local(arrival(&past.caller.by))
        },
        tool,
        class,
        dry_run: past.facts.get("ctx.dry_run") == Some(&Value::Bool(true)),
        effects: effects.into(),
        arguments: Arc::new(arguments),
        at: past.at,
        found: Found { unfolded: true, ..Found::default() },
    })
}

fn arrival(by: &str) -> Arrival {
    match by {
        "http" => Arrival::Http,
        "command_line" => Arrival::CommandLine,
        _ => Arrival::Stdio,
    }
}

fn effect(value: &Value) -> Option<Effect> {
    Some(match Logged::deserialize(value).ok()? {
        Logged::Records(logged) => Effect::Records(records(*logged)?),
        Logged::Connection { connection, change } => {
            Effect::Connection { connection, change: connection_change(&change)? }
        }
        Logged::AllConnections { change } => Effect::AllConnections { change: connection_change(&change)? },
        Logged::Memory { area, change, file } => Effect::Memory {
            area: MemoryArea::of_word(&area)?,
            change: MemoryChange::of_word(&change)?,
            file,
        },
        Logged::Own { connection, change } => {
            Effect::Own { connection, change: OwnChange::of_word(&change)? }
        }
    })
}

fn records(logged: LoggedRecords) -> Option<RecordEffect> {
    let operation = Operation::of_word(&logged.operation)?;
    let mut effect = RecordEffect::new(&logged.connection, &logged.model, operation, logged.method)
        .reading(&logged.fields_read)
        .writing(logged.fields_written)
        .filtering(logged.fields_filtered)
        .reading_paths(logged.paths_read);
    effect.ids = logged.ids;
    effect.reads_every_field = logged.reads_every_field;
    effect.row_bound = logged.row_bound;
    effect.part = match logged.part.as_deref() {
        None | Some("main") => Part::Main,
        Some("auxiliary") => Part::Auxiliary,
        Some("nested") => Part::Nested,
        Some(_) => return None,
    };
    effect.uses = shown_uses(&effect).into();
    Some(effect)
}

fn connection_change(word: &str) -> Option<ConnectionChange> {
    Some(match word {
        "inspect" => ConnectionChange::Inspect,
        "connect" => ConnectionChange::Connect,
        "disconnect" => ConnectionChange::Disconnect,
        "repin" => ConnectionChange::Repin,
        "sign_in" => ConnectionChange::SignIn,
        "sign_out" => ConnectionChange::SignOut,
        _ => return None,
    })
}

/// The value of a written field goes to the first effect that writes it.
fn put_value(effects: &mut [Effect], field: &str, value: &Value) {
    let records = effects.iter_mut().filter_map(|effect| match effect {
        Effect::Records(records) => Some(records),
        Effect::Connection { .. }
        | Effect::AllConnections { .. }
        | Effect::Memory { .. }
        | Effect::Own { .. } => None,
    });
    let name = field.split(['.', '[']).next().unwrap_or_default();
    let mut writing =
        records.filter(|effect| effect.fields_written.iter().any(|field| field.as_str() == name));
    if let Some(effect) = writing.next() {
        let mut values = effect.values.first().cloned().unwrap_or_default();
        put(&mut values, field, value);
        effect.values = Arc::from([values]);
    }
}

/// Puts a value where its path says. A list that was entered becomes one again.
fn put(object: &mut JsonObject, path: &str, value: &Value) {
    let (step, rest) = match path.split_once('.') {
        Some((step, rest)) => (step, Some(rest)),
        None => (path, None),
    };
    let name = step.split('[').next().unwrap_or_default();
    let is_list = step.len() > name.len();
    match (is_list, rest) {
        (false, None) => {
            object.insert(name.to_owned(), value.clone());
        }
        (false, Some(rest)) => {
            let inner = object.entry(name).or_insert_with(|| Value::Object(JsonObject::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
        (true, None) => {
            object.insert(name.to_owned(), Value::Array(each(value)));
        }
        (true, Some(rest)) => {
            let inner = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(items) = inner else { return };
            for (index, value) in each(value).iter().enumerate() {
                if items.len() <= index {
                    items.push(Value::Object(JsonObject::new()));
                }
                if let Some(Value::Object(item)) = items.get_mut(index) {
                    put(item, rest, value);
                }
            }
        }
    }
}

fn each(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_come_together_again() {
        let mut object = JsonObject::new();
        for (path, value) in [
            ("amount", json!(5)),
            ("customer.country", json!("AT")),
            ("customer.name", json!("x")),
            ("ids[?]", json!([1, 2])),
            ("lines[*].price", json!([5, 6])),
            ("lines[*].tax", json!(7)),
        ] {
            put(&mut object, path, &value);
        }
        let expected = json!({
            "amount": 5, "customer": {"country": "AT", "name": "x"}, "ids": [1, 2],
            "lines": [{"price": 5, "tax": 7}, {"price": 6}],
        });
        assert_eq!(Value::Object(object), expected);
    }

    #[test]
    fn an_effect_of_the_log_is_the_effect_again() {
        let alias = ConnectionAlias::default_alias();
        let model = ModelName::parse("res.partner").unwrap();
        let name = FieldName::parse("name").unwrap();
        let mut written = RecordEffect::new(&alias, &model, Operation::Write, MethodName::known("write"))
            .with_ids(&[1, 2])
            .writing(vec![name]);
        written.part = Part::Nested;
        written.uses = shown_uses(&written).into();
        let logged = serde_json::to_value(Effect::Records(written.clone())).unwrap();
        assert_eq!(effect(&logged), Some(Effect::Records(written)));
        let change = Effect::AllConnections { change: ConnectionChange::Inspect };
        assert_eq!(effect(&serde_json::to_value(&change).unwrap()), Some(change));
        for bad in [
            json!({}),
            json!({"kind": "records"}),
            json!({"kind": "connection", "connection": "a", "change": "?"}),
        ] {
            assert_eq!(effect(&bad), None, "{bad}");
        }
    }
}
