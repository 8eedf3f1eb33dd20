//! What a model is, who wrote a record, what the user may do.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::{
    facts::JsonObject,
    sandbox::{
        access::{self, Operation},
        env::{ADMIN, Env},
        errors::{OdooError, Result},
        orm::{defaults, read as reading, write as writing},
    },
};

pub(super) fn fields_get(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let names = call.names("allfields");
    Ok(reading::describe(env, call.model, names.as_deref(), call.names("attributes").as_deref())?.into())
}

pub(super) fn default_get(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let names = call.names("fields").or_else(|| call.names("fields_list")).unwrap_or_default();
    let mut found = JsonObject::new();
    for name in names {
        if let Some(value) =
            env.field(call.model, &name).and_then(|field| defaults::default(env, call.model, field.name))
        {
            found.insert(name, value);
        }
    }
    Ok(Value::Object(found).into())
}

fn operation(call: &Call) -> Result<Operation> {
    let word = call.text("operation").unwrap_or_default();
    Operation::parse(&word).ok_or_else(|| OdooError::assertion("Invalid access mode"))
}

pub(super) fn check_access_rights(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let operation = operation(call)?;
    if call.flag("raise_exception", true) {
        access::check(env, call.model, operation)?;
        return Ok(if env.is_14() { json!(true).into() } else { Answer::Nothing });
    }
    Ok(json!(access::allows(env, call.model, operation)).into())
}

pub(super) fn check_access_rule(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let operation = operation(call)?;
    for id in &call.ids {
        access::check_record(env, call.model, *id, operation)?;
    }
    Ok(Answer::Nothing)
}

pub(super) fn has_access(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let operation = operation(call)?;
    let all_seen = call.ids.iter().all(|id| access::sees(env, call.model, *id));
    Ok(json!(access::allows(env, call.model, operation) && all_seen).into())
}

pub(super) fn get_metadata(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let rows = call.ids.iter().filter(|id| env.db.exists(call.model, **id)).map(|id| {
        let user = |name: &str| {
            let uid = env.link(call.model, *id, name).unwrap_or(ADMIN);
            json!([uid, env.display_name("res.users", uid)])
        };
        let mut row = json!({
            "id": id,
            "create_uid": user("create_uid"),
            "create_date": env.value(call.model, *id, "create_date"),
            "write_uid": user("write_uid"),
            "write_date": env.value(call.model, *id, "write_date"),
            "xmlid": false,
            "noupdate": false,
        });
        if let (false, Some(members)) = (env.is_14(), row.as_object_mut()) {
            members.insert("xmlids".to_owned(), json!([]));
        }
        row
    });
    Ok(Value::Array(rows.collect()).into())
}

pub(super) fn export_data(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    access::check(env, call.model, Operation::Read)?;
    let columns = call.names("fields_to_export").unwrap_or_default();
    let mut rows = Vec::new();
    for id in &call.ids {
        for line in 0..lines_of(env, call.model, *id, &columns) {
            let row: Vec<Value> = columns
                .iter()
                .map(|column| {
                    let path: Vec<&str> = column.split('/').collect();
                    exported_in_line(env, call.model, *id, &path, line)
                })
                .collect::<Result<_>>()?;
            rows.push(Value::Array(row));
        }
    }
    Ok(json!({"datas": rows}).into())
}

/// The records behind the first step of a path that goes on through a list of lines.
fn listed(env: &Env<'_>, model: &str, id: i64, path: &[&str]) -> Option<(&'static str, Vec<i64>)> {
    let field = env.field(model, path.first()?).filter(|field| path.len() > 1 && field.is_x2many())?;
    Some((field.relation()?, env.related(model, id, field)))
}

/// A record takes as many lines as the longest list that a column goes through.
fn lines_of(env: &Env<'_>, model: &str, id: i64, columns: &[String]) -> usize {
    let lists = columns.iter().filter_map(|column| {
        let path: Vec<&str> = column.split('/').collect();
        listed(env, model, id, &path).map(|(_, related)| related.len())
    });
    lists.max().unwrap_or(1).max(1)
}

fn exported_in_line(env: &Env<'_>, model: &str, id: i64, path: &[&str], line: usize) -> Result<Value> {
    let nothing = if env.is_14() { Value::Bool(false) } else { Value::from("") };
    match listed(env, model, id, path) {
        Some((other, related)) => match (related.get(line), path.split_first()) {
            (Some(next), Some((_, rest))) => exported(env, other, *next, rest),
            _ => Ok(nothing),
        },
        None if line == 0 => exported(env, model, id, path),
        None => Ok(nothing),
    }
}

fn exported(env: &Env<'_>, model: &str, id: i64, path: &[&str]) -> Result<Value> {
    let nothing = if env.is_14() { Value::Bool(false) } else { Value::from("") };
    let Some((first, rest)) = path.split_first() else { return Ok(nothing) };
    if *first == ".id" {
        return Ok(json!(id.to_string()));
    }
    if *first == "id" {
        return Ok(json!(format!("__export__.{}_{id}", model.replace('.', "_"))));
    }
    let field =
        env.field(model, first).ok_or_else(|| OdooError::unknown_field(env.version(), model, first))?;
    if let Some(other) = field.relation() {
        let related = env.related(model, id, field);
        return match related.first() {
            None => Ok(nothing),
            Some(next) if !rest.is_empty() => exported(env, other, *next, rest),
            Some(_) => {
                Ok(json!(related.iter().map(|id| env.display_name(other, *id)).collect::<Vec<_>>().join(",")))
            }
        };
    }
    Ok(match env.value_of(model, id, field) {
        Value::Bool(false) if !matches!(field.kind, crate::sandbox::field::Kind::Boolean) => nothing,
        value => value,
    })
}

pub(super) fn exists(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let found: Vec<i64> = call.ids.iter().copied().filter(|id| env.db.exists(call.model, *id)).collect();
    Ok(json!(found).into())
}

/// The ids went to the records the method is called on, so that none are left for its argument.
pub(super) fn browse(_env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    Ok(Answer::Records(call.model, Vec::new()))
}

pub(super) fn get_portal_url(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let Some(id) = call.ids.first().copied() else {
        return Err(OdooError::value(format!("Expected singleton: {}()", call.model)));
    };
    let mut url = env.text(call.model, id, "access_url");
    url.push_str(&format!("?access_token=00000000-0000-4000-8000-{id:012}"));
    if let Some(kind) = call.text("report_type") {
        url.push_str(&format!("&report_type={kind}"));
    }
    if call.flag("download", false) {
        url.push_str("&download=true");
    }
    Ok(json!(url).into())
}

pub(super) fn has_group(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let group = call.text("group_ext_id").unwrap_or_default();
    let uid = call.ids.first().copied().unwrap_or(env.uid);
    Ok(json!(match group.as_str() {
        "base.group_portal" => uid == access::PORTAL,
        "base.group_user" => uid != access::PORTAL,
        "base.group_system" | "base.group_erp_manager" => uid == ADMIN,
        _ => uid != access::PORTAL,
    })
    .into())
}

pub(super) fn context_get(env: &mut Env<'_>, _call: &Call) -> Result<Answer> {
    let mut context =
        json!({"lang": env.value("res.users", env.uid, "lang"), "tz": env.value("res.users", env.uid, "tz")});
    if let (false, Some(members)) = (env.is_14(), context.as_object_mut()) {
        members.insert("uid".to_owned(), json!(env.uid));
    }
    Ok(context.into())
}

pub(super) fn get_wkhtmltopdf_state(_env: &mut Env<'_>, _call: &Call) -> Result<Answer> {
    Ok(json!("ok").into())
}

pub(super) fn get_installed(_env: &mut Env<'_>, _call: &Call) -> Result<Answer> {
    Ok(json!([["en_US", "English (US)"], ["fr_FR", "French / Français"]]).into())
}

pub(super) fn get_param(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    access::check(env, call.model, Operation::Read)?;
    let key = call.text("key").unwrap_or_default();
    let found = env.db.ids(call.model).into_iter().find(|id| env.text(call.model, *id, "key") == key);
    let default = call.get("default").cloned().unwrap_or(Value::Bool(false));
    Ok(found.map_or(default, |id| env.value(call.model, id, "value")).into())
}

pub(super) fn set_param(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let key = call.text("key").unwrap_or_default();
    let value = call.get("value").cloned().unwrap_or(Value::Bool(false));
    let found = env.db.ids(call.model).into_iter().find(|id| env.text(call.model, *id, "key") == key);
    match found {
        Some(id) => {
            let old = env.value(call.model, id, "value");
            writing::write(env, call.model, &[id], JsonObject::from_iter([("value".to_owned(), value)]))?;
            Ok(old.into())
        }
        None => {
            writing::create(
                env,
                call.model,
                JsonObject::from_iter([("key".to_owned(), json!(key)), ("value".to_owned(), value)]),
            )?;
            Ok(json!(false).into())
        }
    }
}
