//! A create without creating: what would be set, and what is missing, unknown or wrong.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::checked;
use crate::{facts::JsonObject, odoo::ModelSchema};

/// Something that stands in the way of a create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// Which record of `values`, from 0.
    record: usize,
    field: String,
    problem: String,
}

#[derive(Debug, Default)]
pub(super) struct Rehearsal {
    pub(super) would_set: Vec<JsonObject>,
    pub(super) problems: Vec<Problem>,
}

/// Required fields that a caller could be asked for.
pub(super) fn required_fields(schema: &ModelSchema) -> Vec<String> {
    let fields = schema.fields.values().filter(|field| field.required && field.stored);
    fields.map(|field| field.name.clone()).filter(|name| name != "id").collect()
}

/// Goes through the records as Odoo would, as far as the field definitions tell.
pub(super) fn rehearse(
    schema: &ModelSchema,
    records: &[JsonObject],
    required: &[String],
    defaults: &JsonObject,
) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    for (record, values) in records.iter().enumerate() {
        for (name, value) in values {
            match checked::one(schema, name, value) {
                Ok(value) => rehearsal.would_set.push(row(schema, record, name, value)),
                Err(error) => {
                    rehearsal.problems.push(Problem {
                        record,
                        field: name.clone(),
                        problem: error.to_string(),
                    });
                }
            }
        }
        let given = |name: &String| values.get(name).is_some_and(|value| *value != Value::Bool(false));
        for name in required.iter().filter(|name| !given(name) && !defaults.contains_key(*name)) {
            let problem = "required and without a default: Odoo computes it or refuses".to_owned();
            rehearsal.problems.push(Problem { record, field: name.clone(), problem });
        }
    }
    rehearsal
}

fn row(schema: &ModelSchema, record: usize, name: &str, value: Value) -> JsonObject {
    let label = schema.fields.get(name).map_or("", |field| field.label.as_str());
    let mut row = JsonObject::new();
    row.insert("record".to_owned(), json!(record));
    row.insert("field".to_owned(), json!(name));
    row.insert("label".to_owned(), json!(label));
    row.insert("value".to_owned(), value);
    row
}
