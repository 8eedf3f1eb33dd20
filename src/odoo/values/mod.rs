//! Values against field definitions, before they are sent: Odoo loses many wrong ones in silence
//! (a text written to a many2one empties it, any text is true to a boolean).

mod moments;
mod relations;
mod scalars;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{FieldInfo, FieldType, ModelSchema, OdooError};
use crate::facts::{JsonObject, ModelName};
pub(super) use relations::models_of_commands;

/// What the values are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Create,
    Write,
}

/// Field definitions of the models that commands of x2many fields make or change.
pub type Comodels = BTreeMap<ModelName, Arc<ModelSchema>>;

/// Fields that Odoo keeps itself; it drops other values without a word.
const KEPT_BY_ODOO: &[&str] =
    &["id", "create_uid", "create_date", "write_uid", "write_date", "__last_update"];

/// The values as Odoo takes them, or what is wrong with the first one that it would lose or refuse.
pub fn check_values(schema: &ModelSchema, values: &JsonObject, mode: Mode) -> Result<JsonObject, OdooError> {
    check_values_with(schema, values, mode, &Comodels::new())
}

/// The same, with values inside x2many commands checked against the models that are known.
pub fn check_values_with(
    schema: &ModelSchema,
    values: &JsonObject,
    mode: Mode,
    comodels: &Comodels,
) -> Result<JsonObject, OdooError> {
    if values.is_empty() && mode == Mode::Write {
        return Err(OdooError::BadCall {
            why: format!("no values are given for `{}`: nothing would change", schema.model),
            hint: None,
        });
    }
    Checker { schema, mode, comodels, depth: 0 }.all(values)
}

/// One model's values, at some depth of commands.
struct Checker<'a> {
    schema: &'a ModelSchema,
    mode: Mode,
    comodels: &'a Comodels,
    depth: usize,
}

impl Checker<'_> {
    fn all(&self, values: &JsonObject) -> Result<JsonObject, OdooError> {
        values
            .iter()
            .map(|(name, value)| {
                let field = self.schema.expect_field(name)?;
                Ok((name.clone(), self.one(field, value)?))
            })
            .collect()
    }

    fn one(&self, field: &FieldInfo, value: &Value) -> Result<Value, OdooError> {
        if KEPT_BY_ODOO.contains(&field.name.as_str()) {
            return Err(self.invalid(field, "Odoo sets it itself".to_owned()));
        }
        if field.readonly && !field.stored {
            return Err(self.invalid(field, "it is computed and cannot be written".to_owned()));
        }
        let checked = match &field.kind {
            FieldType::Boolean => scalars::boolean(value),
            FieldType::Integer => scalars::integer(value),
            FieldType::Float | FieldType::Monetary => scalars::number(value),
            FieldType::Char | FieldType::Text | FieldType::Html => scalars::text(value),
            FieldType::Date => moments::date(value),
            FieldType::Datetime => moments::datetime(value),
            FieldType::Selection => scalars::choice(field, value),
            FieldType::Binary | FieldType::Image => scalars::base64(value),
            FieldType::Many2one => relations::many2one(value),
            FieldType::Reference => relations::reference(value),
            FieldType::Many2oneReference => relations::record_id(value),
            FieldType::One2many | FieldType::Many2many => return self.commands(field, value),
            FieldType::Json
            | FieldType::Properties
            | FieldType::PropertiesDefinition
            | FieldType::Other(_) => Ok(value.clone()),
        };
        checked.map_err(|why| self.invalid(field, why))
    }

    fn invalid(&self, field: &FieldInfo, why: String) -> OdooError {
        OdooError::InvalidValue { model: self.schema.model.clone(), field: field.name.clone(), why }
    }
}

/// Longest piece of a refused value that an error repeats.
const SHOWN_CHARS_MAX: usize = 40;

/// A refused value in a sentence.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => {
            let mut short: String =
                text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
            if short.len() < text.len() {
                short.push('…');
            }
            format!("the text `{short}`")
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
