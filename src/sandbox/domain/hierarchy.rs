//! `child_of` and `parent_of`: whole families, worked out before the search.

use serde_json::Value;

use super::{Condition, Test};
use crate::sandbox::{
    env::Env,
    errors::Result,
    field::Field,
    orm::search::{self, Search},
};

pub(super) fn hierarchy(
    env: &Env<'_>,
    model: &str,
    field: &'static Field,
    operator: &str,
    value: &Value,
) -> Result<Condition> {
    let target = field.relation().unwrap_or(model);
    let mut roots = Vec::new();
    for item in value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice) {
        match item {
            Value::Number(_) => roots.extend(item.as_i64()),
            Value::String(text) => roots.extend(search::by_name(env, target, text)?),
            _ => {}
        }
    }
    let ids =
        if operator == "child_of" { descendants(env, target, roots)? } else { ancestors(env, target, roots) };
    let field = if field.relation().is_some() { field } else { env.field(model, "id").unwrap_or(field) };
    Ok(Condition::leaf(field, Test::Ids(ids)))
}

fn descendants(env: &Env<'_>, model: &str, roots: Vec<i64>) -> Result<Vec<i64>> {
    let mut found: Vec<i64> = roots.into_iter().filter(|id| env.db.exists(model, *id)).collect();
    if env.field(model, "parent_id").is_none() {
        return Ok(found);
    }
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let children = search::search(
            env,
            model,
            &Search {
                domain: serde_json::json!([["parent_id", "=", parent]]),
                archived: true,
                ..Search::default()
            },
        )?;
        for child in children {
            if !found.contains(&child) {
                found.push(child);
            }
        }
        next += 1;
    }
    Ok(found)
}

fn ancestors(env: &Env<'_>, model: &str, roots: Vec<i64>) -> Vec<i64> {
    let mut found = Vec::new();
    let mut open = roots;
    while let Some(id) = open.pop() {
        if env.db.exists(model, id) && !found.contains(&id) {
            found.push(id);
            open.extend(env.value(model, id, "parent_id").as_i64());
        }
    }
    found
}
