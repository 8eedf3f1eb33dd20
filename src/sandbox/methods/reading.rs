//! Searching and reading.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::{
    facts::JsonObject,
    sandbox::{
        access::{self, Operation},
        env::Env,
        errors::{OdooError, Result},
        field::{Field, Kind},
        orm::{
            read as reading,
            search::{self as searching, Search},
        },
    },
};

fn asked(env: &Env<'_>, call: &Call) -> Result<Search> {
    Ok(Search {
        domain: call.domain(),
        offset: call.count("offset", env.version())?.unwrap_or_default(),
        limit: call.count("limit", env.version())?,
        order: call.text("order"),
        archived: false,
    })
}

fn find(env: &Env<'_>, call: &Call) -> Result<Vec<i64>> {
    access::check(env, call.model, Operation::Read)?;
    searching::search(env, call.model, &asked(env, call)?)
}

/// As [`find`], for the methods that take nothing but a domain for a domain.
fn find_strictly(env: &Env<'_>, call: &Call) -> Result<Vec<i64>> {
    access::check(env, call.model, Operation::Read)?;
    searching::search(env, call.model, &Search { domain: call.given_domain(), ..asked(env, call)? })
}

pub(super) fn search(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let found = find_strictly(env, call)?;
    Ok(if call.flag("count", false) { json!(found.len()).into() } else { json!(found).into() })
}

pub(super) fn search_count(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    Ok(json!(find_strictly(env, call)?.len()).into())
}

pub(super) fn search_read(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    access::check(env, call.model, Operation::Read)?;
    let fields = reading::fields(env, call.model, call.names("fields").as_deref())?;
    let found = find(env, call)?;
    let names = call.text("load").is_none_or(|load| !load.is_empty());
    Ok(Value::Array(reading::read(env, call.model, &found, &fields, names)).into())
}

pub(super) fn read(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    access::check(env, call.model, Operation::Read)?;
    let fields = reading::fields(env, call.model, call.names("fields").as_deref())?;
    for id in &call.ids {
        access::check_record(env, call.model, *id, Operation::Read)?;
    }
    let names = call.get("load").is_none_or(|load| load == "_classic_read");
    Ok(Value::Array(reading::read(env, call.model, &call.ids, &fields, names)).into())
}

pub(super) fn web_search_read_14(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let fields = reading::fields(env, call.model, call.names("fields").as_deref())?;
    let found = find(env, call)?;
    let records = reading::read(env, call.model, &found, &fields, true);
    let length = total(env, call, found.len())?;
    Ok(json!({"length": length, "records": records}).into())
}

pub(super) fn web_search_read_19(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let specification = call.object("specification");
    check_specification(env, call.model, &specification)?;
    let found = find(env, call)?;
    let records = specified(env, call.model, &found, &specification);
    let length = total(env, call, found.len())?;
    Ok(json!({"length": length, "records": records}).into())
}

/// How many records the domain has in all, counted only when the window may hide some.
fn total(env: &Env<'_>, call: &Call, found: usize) -> Result<usize> {
    let asked = asked(env, call)?;
    let limit = asked.limit.filter(|limit| *limit > 0);
    if limit.is_none_or(|limit| found < limit) && (found > 0 || asked.offset == 0) {
        return Ok(asked.offset + found);
    }
    let all = searching::search(env, call.model, &Search { domain: asked.domain, ..Search::default() })?;
    Ok(all.len())
}

pub(super) fn web_read(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    access::check(env, call.model, Operation::Read)?;
    let specification = call.object("specification");
    check_specification(env, call.model, &specification)?;
    for id in &call.ids {
        access::check_record(env, call.model, *id, Operation::Read)?;
    }
    Ok(Value::Array(specified(env, call.model, &call.ids, &specification)).into())
}

fn check_specification(env: &Env<'_>, model: &str, specification: &JsonObject) -> Result<()> {
    for name in specification.keys() {
        if env.field(model, name).is_none() {
            return Err(OdooError::unknown_field(env.version(), model, name));
        }
    }
    Ok(())
}

/// Records with the members a specification names, nested where it nests.
pub(super) fn specified(env: &Env<'_>, model: &str, ids: &[i64], specification: &JsonObject) -> Vec<Value> {
    ids.iter()
        .filter(|id| env.db.exists(model, **id))
        .map(|id| {
            let mut record = JsonObject::new();
            record.insert("id".to_owned(), json!(id));
            for (name, inner) in specification {
                if let Some(field) = env.field(model, name) {
                    record.insert(name.clone(), specified_value(env, model, *id, field, inner));
                }
            }
            Value::Object(record)
        })
        .collect()
}

fn specified_value(env: &Env<'_>, model: &str, id: i64, field: &'static Field, inner: &Value) -> Value {
    let plain = reading::shown(env, model, id, field, false);
    let Some(fields) = inner.get("fields").and_then(Value::as_object) else { return plain };
    match field.kind {
        Kind::Many2one(other) => match plain.as_i64() {
            Some(related) => specified(env, other, &[related], fields).pop().unwrap_or(Value::Bool(false)),
            None => Value::Bool(false),
        },
        Kind::One2many { model: other, .. } | Kind::Many2many(other) => {
            let mut related: Vec<i64> =
                plain.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
            if let Some(limit) =
                inner.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok())
            {
                related.truncate(limit);
            }
            Value::Array(specified(env, other, &related, fields))
        }
        _ => plain,
    }
}
