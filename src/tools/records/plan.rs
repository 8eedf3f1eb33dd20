//! A create without creating: what would be set, and what is missing, unknown or wrong.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::checked::Verdicts;
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
    records: Vec<Verdicts>,
    required: &[String],
    defaults: &JsonObject,
) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    for (record, verdicts) in records.into_iter().enumerate() {
        let is_given = |name: &String| verdicts.iter().any(|(given, _)| given == name);
        let missing = required.iter().filter(|name| !is_given(name) && !defaults.contains_key(*name));
        let missing: Vec<Problem> = missing
            .map(|name| Problem {
                record,
                field: name.clone(),
                problem: "required and without a default: Odoo computes it or refuses".to_owned(),
            })
            .collect();
        for (field, verdict) in verdicts {
            match verdict {
                Ok(value) => rehearsal.would_set.push(row(schema, record, &field, &value)),
                Err(error) => {
                    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                    rehearsal.problems.push(Problem { record, field, problem: format!("{error}{hint}") });
                }
            }
        }
        rehearsal.problems.extend(missing);
    }
    rehearsal
}

fn row(schema: &ModelSchema, record: usize, name: &str, value: &Value) -> JsonObject {
    let label = schema.fields.get(name).map_or("", |field| field.label.as_str());
    let mut row = JsonObject::new();
    row.insert("record".to_owned(), json!(record));
    row.insert("field".to_owned(), json!(name));
    row.insert("label".to_owned(), json!(label));
    row.insert("value".to_owned(), super::diff::shown(name, value));
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{facts::ModelName, odoo::OdooError};

    #[test]
    fn missing_and_wrong_fields_are_told_apart() {
        let model = ModelName::parse("sale.order").unwrap();
        let fields = json!({
            "id": {"type": "integer", "required": true},
            "partner_id": {"type": "many2one", "required": true, "string": "Customer"},
            "company_id": {"type": "many2one", "required": true},
            "note": {"type": "text", "string": "Terms"},
        });
        let schema = ModelSchema::read(&model, fields.as_object().unwrap());
        let required = required_fields(&schema);
        assert_eq!(required, ["company_id", "partner_id"]);

        let unknown = OdooError::UnknownField {
            model,
            field: "note_".to_owned(),
            nearest: vec!["note".to_owned()],
            answered: false,
        };
        let records = vec![vec![("note".to_owned(), Ok(json!("x"))), ("note_".to_owned(), Err(unknown))]];
        let defaults = json!({"company_id": 1});
        let rehearsal = rehearse(&schema, records, &required, defaults.as_object().unwrap());
        assert_eq!(
            json!(rehearsal.would_set),
            json!([{"record": 0, "field": "note", "label": "Terms", "value": "x"}])
        );
        let fields: Vec<&str> = rehearsal.problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["note_", "partner_id"]);
    }
}
