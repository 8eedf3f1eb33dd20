//! Values against the field definitions, before Odoo could lose them in silence.

use serde_json::Value;

use crate::{
    facts::{JsonObject, ModelName, nearest},
    odoo::{ModelSchema, OdooError, PermittedOdoo},
};

const NEAREST_SHOWN: usize = 3;

/// The values of new records as Odoo takes them.
pub(super) async fn for_create(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    records: &[JsonObject],
) -> Result<Vec<JsonObject>, OdooError> {
    let schema = odoo.schema(model).await?;
    records.iter().map(|values| all(&schema, values)).collect()
}

/// The values of a write as Odoo takes them.
pub(super) async fn for_write(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    values: &JsonObject,
) -> Result<JsonObject, OdooError> {
    all(&*odoo.schema(model).await?, values)
}

fn all(schema: &ModelSchema, values: &JsonObject) -> Result<JsonObject, OdooError> {
    values.iter().map(|(name, value)| Ok((name.clone(), one(schema, name, value)?))).collect()
}

/// One value as Odoo takes it.
pub(super) fn one(schema: &ModelSchema, name: &str, value: &Value) -> Result<Value, OdooError> {
    if !schema.fields.contains_key(name) {
        let known = schema.fields.keys().map(String::as_str);
        return Err(OdooError::UnknownField {
            model: schema.model.clone(),
            field: name.to_owned(),
            nearest: nearest(name, known, NEAREST_SHOWN).into_iter().map(str::to_owned).collect(),
        });
    }
    Ok(value.clone())
}
