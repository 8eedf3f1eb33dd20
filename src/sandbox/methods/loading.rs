//! `load`: a table of texts that makes records, or with the column `.id` changes them.
//!
//! Deliberately absent: external ids, properties, dates in other formats, and the advice that Odoo
//! sends along with its messages.

use serde_json::{Value, json};

use super::{Answer, Call};
use crate::{
    facts::JsonObject,
    sandbox::{
        env::{Env, truthy},
        errors::{OdooError, Result},
        field::{Field, Kind},
        orm::{
            search::{self as searching, Search},
            write as writing,
        },
    },
};

/// Why a cell cannot be taken, and which column it stands in.
struct Unfit {
    column: String,
    message: String,
}

pub(super) fn load(env: &mut Env<'_>, call: &Call) -> Result<Answer> {
    let columns: Vec<Vec<String>> = call
        .names("fields")
        .unwrap_or_default()
        .iter()
        .map(|name| name.split('/').map(str::to_owned).collect())
        .collect();
    for column in columns.iter().filter_map(|steps| steps.first()).filter(|name| *name != ".id") {
        if env.field(call.model, column).is_none() {
            return Err(if env.is_14() {
                OdooError::new("builtins.KeyError", column.clone())
            } else {
                OdooError::value(format!("Invalid field name '{column}'"))
            });
        }
    }
    let rows = call.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let records = records_of(env, call.model, &columns, &rows);
    let mut prepared = Vec::new();
    let mut messages = Vec::new();
    for (number, record) in records.iter().enumerate() {
        match prepare(env, call.model, &columns, record)? {
            Ok(ready) => prepared.push(ready),
            Err(unfit) => messages.push(json!({
                "rows": {"from": number, "to": number}, "type": "error", "record": number,
                "field": unfit.column, "message": unfit.message,
            })),
        }
    }
    if !messages.is_empty() {
        return Ok(json!({"ids": false, "messages": messages, "nextrow": 0}).into());
    }
    let mut ids = Vec::new();
    for (id, values) in prepared {
        match id {
            Some(id) => {
                writing::write(env, call.model, &[id], values)?;
                ids.push(id);
            }
            None => ids.push(writing::create(env, call.model, values)?),
        }
    }
    Ok(json!({"ids": ids, "messages": [], "nextrow": 0}).into())
}

/// Rows that only add lines belong to the record above them.
fn records_of(env: &Env<'_>, model: &str, columns: &[Vec<String>], rows: &[Value]) -> Vec<Vec<Vec<Value>>> {
    let is_line = |steps: &Vec<String>| {
        let field = steps.first().and_then(|name| env.field(model, name));
        field.is_some_and(|field| matches!(field.kind, Kind::One2many { .. }))
    };
    let mut records: Vec<Vec<Vec<Value>>> = Vec::new();
    for row in rows {
        let cells = row.as_array().cloned().unwrap_or_default();
        let mut filled = columns.iter().zip(&cells).filter(|(_, cell)| truthy(cell)).peekable();
        let adds_lines = filled.peek().is_some() && filled.all(|(steps, _)| is_line(steps));
        match records.last_mut() {
            Some(record) if adds_lines => record.push(cells),
            _ => records.push(vec![cells]),
        }
    }
    records
}

type Ready = (Option<i64>, JsonObject);

fn prepare(
    env: &mut Env<'_>,
    model: &'static str,
    columns: &[Vec<String>],
    rows: &[Vec<Value>],
) -> Result<std::result::Result<Ready, Unfit>> {
    let mut values = JsonObject::new();
    let mut id = None;
    for (number, row) in rows.iter().enumerate() {
        let mut line = JsonObject::new();
        let mut line_id = None;
        let mut line_field = None;
        for (steps, cell) in columns.iter().zip(row) {
            let Some(name) = steps.first() else { continue };
            if name == ".id" {
                if truthy(cell) && number == 0 {
                    match known_id(env, model, cell) {
                        Some(known) => id = Some(known),
                        None => return Ok(Err(unknown_id(name, cell))),
                    }
                }
                continue;
            }
            let Some(field) = env.field(model, name) else { continue };
            match (field.kind, steps.get(1)) {
                (Kind::One2many { model: other, .. }, Some(step)) => {
                    if !truthy(cell) {
                        continue;
                    }
                    line_field = Some(field);
                    if step == ".id" {
                        match known_id(env, other, cell) {
                            Some(known) => line_id = Some(known),
                            None => return Ok(Err(unknown_id(name, cell))),
                        }
                    } else if let Some(inner) = env.field(other, step) {
                        match converted(env, inner, steps.get(2).map(String::as_str), cell)? {
                            Ok(value) => line.insert(step.clone(), value),
                            Err(message) => return Ok(Err(Unfit { column: name.clone(), message })),
                        };
                    }
                }
                _ if number > 0 => {}
                (_, step) => match converted(env, field, step.map(String::as_str), cell)? {
                    Ok(value) => {
                        values.insert(name.clone(), value);
                    }
                    Err(message) => return Ok(Err(Unfit { column: name.clone(), message })),
                },
            }
        }
        if let Some(field) = line_field {
            let commands = values.entry(field.name).or_insert_with(|| json!([]));
            if let Value::Array(commands) = commands {
                match line_id {
                    Some(id) => commands.extend([json!([4, id, 0]), json!([1, id, line])]),
                    None => commands.push(json!([0, 0, line])),
                }
            }
        }
    }
    Ok(Ok((id, values)))
}

fn known_id(env: &Env<'_>, model: &'static str, cell: &Value) -> Option<i64> {
    let id = cell.as_i64().or_else(|| cell.as_str()?.trim().parse().ok())?;
    env.db.exists(model, id).then_some(id)
}

fn unknown_id(column: &str, cell: &Value) -> Unfit {
    let shown = cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
    Unfit { column: column.to_owned(), message: format!("Unknown database identifier '{shown}'") }
}

/// The value of a cell, or what is wrong with it.
fn converted(
    env: &mut Env<'_>,
    field: &'static Field,
    step: Option<&str>,
    cell: &Value,
) -> Result<std::result::Result<Value, String>> {
    let Some(text) = cell.as_str() else { return Ok(Ok(cell.clone())) };
    if text.is_empty() {
        return Ok(Ok(json!(false)));
    }
    let no_match =
        |kind: &str| format!("No matching record found for {kind} '{text}' in field '{}'", field.label);
    Ok(match field.kind {
        Kind::Many2one(other) if step == Some(".id") => {
            known_id(env, other, cell).map(|id| json!(id)).ok_or_else(|| no_match("database id"))
        }
        Kind::Many2one(other) | Kind::Many2many(other) => {
            let name_field = env.model(other)?.model.name_field;
            let domain = json!([[name_field, "=", text]]);
            let query = Search { domain, limit: Some(1), ..Search::default() };
            let found = searching::search(env, other, &query)?;
            let many = matches!(field.kind, Kind::Many2many(_));
            found
                .first()
                .map(|id| if many { json!([[6, 0, [id]]]) } else { json!(id) })
                .ok_or_else(|| no_match("name"))
        }
        Kind::Integer | Kind::ReferenceId => text
            .parse::<i64>()
            .map(|number| json!(number))
            .map_err(|_| format!("'{text}' does not seem to be an integer for field '{}'", field.label)),
        Kind::Float | Kind::Monetary { .. } => text
            .parse::<f64>()
            .map(|number| json!(number))
            .map_err(|_| format!("'{text}' does not seem to be a number for field '{}'", field.label)),
        Kind::Boolean => Ok(json!(matches!(text.to_lowercase().as_str(), "1" | "true" | "yes"))),
        _ => Ok(cell.clone()),
    })
}
