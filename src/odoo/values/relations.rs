//! Values that point at other records.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Checker, Mode, shown};
use crate::{
    facts::{JsonObject, ModelName},
    odoo::{
        FieldInfo, ModelSchema, OdooError,
        command_codes::{CLEAR, CREATE, DELETE, LINK, SET, UNLINK, UPDATE},
    },
};

/// Commands inside commands: orders with lines with taxes are two deep.
const COMMANDS_DEEP_MAX: usize = 8;

/// An id, nothing, or the pair that a read answers.
pub(super) fn many2one(value: &Value) -> Result<Value, String> {
    match value {
        Value::Null | Value::Bool(false) => Ok(Value::Bool(false)),
        Value::Number(_) if id(value).is_some() => Ok(value.clone()),
        Value::Array(pair) => match pair.as_slice() {
            [first, Value::String(_)] if id(first).is_some() => Ok(first.clone()),
            _ => Err("it takes the id of one record; a list is read only as `[id, \"name\"]`".to_owned()),
        },
        Value::String(_) => {
            Err(format!("it takes the id of a record, not {}; search for the record first", shown(value)))
        }
        other => Err(format!("it takes the id of a record, or false for none, not {}", shown(other))),
    }
}

/// `model,id`.
pub(super) fn reference(value: &Value) -> Result<Value, String> {
    let form = "it takes `model,id` such as `res.partner,7`, or false for none";
    match value {
        Value::Null | Value::Bool(false) => Ok(Value::Bool(false)),
        Value::String(text) => {
            let fits = text.split_once(',').is_some_and(|(model, id)| {
                ModelName::parse(model).is_ok() && id.parse::<i64>().is_ok_and(|id| id > 0)
            });
            if fits { Ok(value.clone()) } else { Err(format!("{form}, not {}", shown(value))) }
        }
        other => Err(format!("{form}, not {}", shown(other))),
    }
}

/// The id half of a reference whose model stands in another field.
pub(super) fn record_id(value: &Value) -> Result<Value, String> {
    match value {
        Value::Null | Value::Bool(false) => Ok(Value::Bool(false)),
        Value::Number(_) if id(value).is_some() => Ok(value.clone()),
        other => Err(format!("it takes the id of a record, or false for none, not {}", shown(other))),
    }
}

fn id(value: &Value) -> Option<i64> {
    value.as_i64().filter(|id| *id > 0)
}

fn ids(value: &Value) -> Option<&Vec<Value>> {
    value.as_array().filter(|items| items.iter().all(|item| id(item).is_some()))
}

impl Checker<'_> {
    /// The commands of an x2many field, each in the form `[command, id, argument]`.
    pub(super) fn commands(&self, field: &FieldInfo, value: &Value) -> Result<Value, OdooError> {
        let refuse = |why: &str| Err(self.invalid(field, why.to_owned()));
        if self.depth >= COMMANDS_DEEP_MAX {
            return refuse("its commands stand too deep within each other");
        }
        let Value::Array(items) = value else {
            return refuse("it takes a list of commands such as `[[6, 0, [1, 2]]]`");
        };
        if items.is_empty() && self.mode == Mode::Write {
            return refuse("an empty list changes nothing; `[[5, 0, 0]]` empties it");
        }
        if ids(value).is_some_and(|ids| !ids.is_empty()) {
            return refuse(
                "a bare list of ids is ambiguous: `[[6, 0, [ids]]]` sets them, `[[4, id, 0]]` adds one",
            );
        }
        items.iter().map(|item| self.command(field, item)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    fn command(&self, field: &FieldInfo, item: &Value) -> Result<Value, OdooError> {
        let refuse = |why: &str| Err(self.invalid(field, why.to_owned()));
        let Some(parts) = item.as_array().filter(|parts| (1..=3).contains(&parts.len())) else {
            return refuse("a command is a list such as `[4, 7, 0]`");
        };
        let Some(command) = parts.first().and_then(Value::as_i64) else {
            return refuse("a command begins with a number from 0 to 6");
        };
        let second = parts.get(1).unwrap_or(&Value::Null);
        let third = parts.get(2).unwrap_or(&Value::Null);
        match (command, id(second), third) {
            (CREATE, None, Value::Object(values)) => {
                Ok(json!([CREATE, 0, self.nested(field, values, Mode::Create)?]))
            }
            (CREATE, ..) => refuse("`[0, 0, {values}]` makes a record"),
            (UPDATE, Some(id), Value::Object(values)) => {
                Ok(json!([UPDATE, id, self.nested(field, values, Mode::Write)?]))
            }
            (UPDATE, ..) => refuse("`[1, id, {values}]` changes a record"),
            (DELETE | UNLINK | LINK, Some(id), Value::Null | Value::Bool(_) | Value::Number(_)) => {
                Ok(json!([command, id, 0]))
            }
            (DELETE, ..) => refuse("`[2, id, 0]` deletes a record"),
            (UNLINK, ..) => refuse("`[3, id, 0]` removes a record from the list"),
            (LINK, ..) => refuse("`[4, id, 0]` adds a record to the list"),
            (CLEAR, None, Value::Null | Value::Bool(_) | Value::Number(_)) => Ok(json!([CLEAR, 0, 0])),
            (CLEAR, ..) => refuse("`[5, 0, 0]` empties the list"),
            (SET, None, list) if ids(list).is_some() => Ok(json!([SET, 0, list])),
            (SET, ..) => refuse("`[6, 0, [ids]]` sets the list to these records"),
            _ => refuse("a command begins with a number from 0 to 6"),
        }
    }

    /// Values inside a command; those of models we do not know are left to Odoo.
    fn nested(&self, field: &FieldInfo, values: &JsonObject, mode: Mode) -> Result<Value, OdooError> {
        let comodel = field.relation.as_ref().and_then(|model| self.comodels.get(model));
        let Some(schema) = comodel else { return Ok(Value::Object(values.clone())) };
        if values.is_empty() && mode == Mode::Write {
            return Err(self.invalid(field, "a command to change a record names no values".to_owned()));
        }
        let checker = Checker { schema, mode, comodels: self.comodels, depth: self.depth + 1 };
        checker.all(values).map(Value::Object)
    }
}

/// The models whose records the commands among these values make or change.
pub(in crate::odoo) fn models_of_commands(schema: &ModelSchema, values: &JsonObject) -> BTreeSet<ModelName> {
    values
        .iter()
        .filter(|(_, value)| carries_values(value))
        .filter_map(|(name, _)| schema.field(name)?.relation.clone())
        .collect()
}

fn carries_values(value: &Value) -> bool {
    let commands = value.as_array().map(Vec::as_slice).unwrap_or_default();
    commands.iter().any(|command| command.get(2).is_some_and(Value::is_object))
}
