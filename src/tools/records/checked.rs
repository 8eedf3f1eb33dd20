//! Values against the field definitions, before Odoo could lose them in silence.

use serde_json::Value;

use crate::{
    facts::{JsonObject, ModelName},
    odoo::{ModelSchema, OdooError, PermittedOdoo},
};

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
    schema.expect_field(name)?;
    Ok(value.clone())
}
