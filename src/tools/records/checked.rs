//! Values against the field definitions, before Odoo could lose them in silence.

use serde_json::Value;

use crate::{
    facts::{JsonObject, ModelName},
    odoo::{Mode, OdooError, PermittedOdoo},
};

/// The values of new records as Odoo takes them.
pub(super) async fn for_create(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    records: &[JsonObject],
) -> Result<Vec<JsonObject>, OdooError> {
    let mut checked = Vec::with_capacity(records.len());
    for values in records {
        checked.push(odoo.checked_values(model, values, Mode::Create).await?);
    }
    Ok(checked)
}

/// The values of a write as Odoo takes them.
pub(super) async fn for_write(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    values: &JsonObject,
) -> Result<JsonObject, OdooError> {
    odoo.checked_values(model, values, Mode::Write).await
}

/// Name and value of each field, or what is wrong with it.
pub(super) type Verdicts = Vec<(String, Result<Value, OdooError>)>;

/// Field by field, so that one wrong value does not hide the next.
pub(super) async fn one_by_one(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    values: &JsonObject,
) -> Result<Verdicts, OdooError> {
    let mut verdicts = Vec::with_capacity(values.len());
    for (name, value) in values {
        let alone: JsonObject = std::iter::once((name.clone(), value.clone())).collect();
        let verdict = match odoo.checked_values(model, &alone, Mode::Create).await {
            Ok(checked) => Ok(checked.get(name).cloned().unwrap_or_default()),
            Err(error @ (OdooError::UnknownField { .. } | OdooError::InvalidValue { .. })) => Err(error),
            Err(error) => return Err(error),
        };
        verdicts.push((name.clone(), verdict));
    }
    Ok(verdicts)
}
