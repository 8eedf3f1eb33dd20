//! `load`: a table of texts that makes or changes records, and through columns such as
//! `order_line/product_id/.id` records of other models too.
//!
//! The normal form of a row is what Odoo makes of it: values, with commands for the other models.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Asked,
    arguments::names_of,
    paths::{DATABASE_ID, EXTERNAL_ID, column, texts},
    refuse,
};
use crate::{
    facts::{JsonObject, Operation, RecordEffect},
    odoo::{OdooError, kind_of, record_ids},
};

/// Cells of one table.
const CELLS_MAX: usize = 200_000;
/// Steps of one column.
const STEPS_MAX: usize = 8;

pub(super) fn effects(asked: &Asked<'_>) -> Result<Vec<RecordEffect>, OdooError> {
    let fields = asked.arguments.one(&["fields"], 0)?.ok_or_else(|| refuse("`fields` is missing"))?;
    let columns = texts(fields, "fields")?.into_iter().map(column).collect::<Result<Vec<_>, _>>()?;
    if columns.iter().any(|steps| steps.len() > STEPS_MAX) {
        return Err(refuse(format!("a column has more than {STEPS_MAX} steps")));
    }
    let rows = rows_of(asked, columns.len())?;
    let mut made: Vec<JsonObject> = Vec::new();
    let mut changed: Vec<JsonObject> = Vec::new();
    let mut ids = Vec::new();
    // A row with an id of other systems is a change if the id is known there, and nobody here knows.
    let mut perhaps_changed: Vec<JsonObject> = Vec::new();
    let mut makes_external_ids = false;
    for row in rows {
        let cells: Vec<Cell<'_>> = columns.iter().map(Vec::as_slice).zip(row).collect();
        let record = Record::read(&cells)?;
        makes_external_ids |= record.makes_external_ids;
        if let Some(id) = record.database_id {
            ids.push(id);
            changed.push(record.values);
        } else {
            if record.has_external_id {
                perhaps_changed.push(record.values.clone());
            }
            made.push(record.values);
        }
    }
    let mut effects = Vec::new();
    if !made.is_empty() || (changed.is_empty() && perhaps_changed.is_empty()) {
        let count = made.len() as u64;
        let effect = asked.doing(Operation::Create).writing(names_of(&made)).bounded(count);
        effects.push(effect.with_values(made.into()));
    }
    if !changed.is_empty() {
        let effect = asked.doing(Operation::Write).writing(names_of(&changed)).with_ids(&ids);
        effects.push(effect.bounded(ids.len() as u64).with_values(changed.into()));
    }
    if !perhaps_changed.is_empty() {
        let count = perhaps_changed.len() as u64;
        let effect = asked.doing(Operation::Write).writing(names_of(&perhaps_changed)).bounded(count);
        effects.push(effect.with_values(perhaps_changed.into()));
    }
    if makes_external_ids {
        effects.push(asked.external_ids()?);
    }
    Ok(effects)
}

/// The steps of a column that are left, and the cell.
type Cell<'a> = (&'a [String], &'a Value);

fn rows_of<'a>(asked: &Asked<'a>, width: usize) -> Result<Vec<&'a Vec<Value>>, OdooError> {
    let data = asked.arguments.one(&["data"], 1)?.ok_or_else(|| refuse("`data` is missing"))?;
    let Value::Array(rows) = data else {
        return Err(refuse(format!("`data` is a list of rows, not {}", kind_of(data))));
    };
    if rows.len().saturating_mul(width) > CELLS_MAX {
        return Err(refuse(format!("`data` has more than {CELLS_MAX} cells")));
    }
    rows.iter()
        .map(|row| match row {
            Value::Array(cells) if cells.len() == width => Ok(cells),
            Value::Array(_) => Err(refuse("a row of `data` has another number of cells than `fields`")),
            other => Err(refuse(format!("a row of `data` is a list, not {}", kind_of(other)))),
        })
        .collect()
}

/// What one row does to one record.
#[derive(Debug, Default)]
struct Record {
    values: JsonObject,
    database_id: Option<i64>,
    has_external_id: bool,
    /// The record, or one that is made along with it, gets an external id.
    makes_external_ids: bool,
}

impl Record {
    /// Recursion is bounded by the steps of a column.
    fn read(cells: &[Cell<'_>]) -> Result<Self, OdooError> {
        let mut record = Self::default();
        let mut behind: BTreeMap<&str, Vec<Cell<'_>>> = BTreeMap::new();
        for (steps, cell) in cells {
            match steps {
                [] => {}
                [only] if only == DATABASE_ID => record.database_id = database_id(cell)?,
                [only] if only == EXTERNAL_ID => {
                    record.has_external_id = !is_empty(cell);
                    record.makes_external_ids |= record.has_external_id;
                }
                [only] => {
                    record.values.insert(only.clone(), (*cell).clone());
                }
                [first, rest @ ..] => behind.entry(first).or_default().push((rest, *cell)),
            }
        }
        for (name, cells) in behind {
            if let Some(value) = related(&cells, &mut record.makes_external_ids)? {
                record.values.insert(name.to_owned(), value);
            }
        }
        Ok(record)
    }
}

/// Cells behind a relation: a reference to a record, or the record's own values as commands.
fn related(cells: &[Cell<'_>], makes_external_ids: &mut bool) -> Result<Option<Value>, OdooError> {
    let only_refers =
        cells.iter().all(|(steps, _)| matches!(steps, [one] if one == DATABASE_ID || one == EXTERNAL_ID));
    if only_refers {
        let given = cells.iter().find(|(_, cell)| !is_empty(cell)).or(cells.first());
        return Ok(given.map(|(steps, cell)| match (steps, record_ids(cell, 1)) {
            ([step], Ok(ids)) if step == DATABASE_ID && ids.len() == 1 => json!(ids.first()),
            _ => (*cell).clone(),
        }));
    }
    if cells.iter().all(|(_, cell)| is_empty(cell)) {
        return Ok(None);
    }
    let record = Record::read(cells)?;
    *makes_external_ids |= record.makes_external_ids;
    Ok(Some(match record.database_id {
        Some(id) => json!([[4, id, 0], [1, id, record.values]]),
        None if record.has_external_id => json!([[0, 0, record.values], [1, false, record.values]]),
        None => json!([[0, 0, record.values]]),
    }))
}

fn database_id(cell: &Value) -> Result<Option<i64>, OdooError> {
    if is_empty(cell) {
        return Ok(None);
    }
    match record_ids(cell, 1) {
        Ok(ids) => Ok(ids.first().copied()),
        Err(why) => Err(refuse(why)),
    }
}

fn is_empty(cell: &Value) -> bool {
    match cell {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
