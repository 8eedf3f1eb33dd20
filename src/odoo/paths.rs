//! Dotted field paths such as `order_id.partner_id.name`, followed through the field definitions.

use std::sync::Arc;

use super::{FieldInfo, FieldType, ModelSchema, OdooClient, OdooError};
use crate::facts::ModelName;

/// Steps of one path; each may cost a request the first time.
const STEPS_MAX: usize = 16;

impl OdooClient {
    /// The field at the end of a path, or an error that names the step that leads nowhere.
    pub async fn field_path(&self, model: &ModelName, path: &str) -> Result<FieldInfo, OdooError> {
        let steps: Vec<&str> = path.split('.').collect();
        if steps.len() > STEPS_MAX {
            return Err(OdooError::BadDomain {
                why: format!("a field path has more than {STEPS_MAX} steps"),
            });
        }
        let mut model = model.clone();
        let mut steps = steps.into_iter().peekable();
        while let Some(step) = steps.next() {
            let schema = self.schema_knowing(&model, step).await?;
            let field = schema.expect_field(step)?;
            if steps.peek().is_none() || reads_further(&field.kind) {
                return Ok(field.clone());
            }
            model = field.relation.clone().ok_or_else(|| OdooError::BadDomain {
                why: format!("`{step}` of `{model}` is no relation, so `{path}` leads nowhere"),
            })?;
        }
        Err(OdooError::BadDomain { why: "a field path is empty".to_owned() })
    }

    /// Field definitions that know a field; asked anew when they might be old.
    pub(super) async fn schema_knowing(
        &self,
        model: &ModelName,
        field: &str,
    ) -> Result<Arc<ModelSchema>, OdooError> {
        let schema = self.schema(model).await?;
        if schema.field(field).is_some() {
            return Ok(schema);
        }
        self.schemas.forget(model);
        let schema = self.schema(model).await?;
        schema.expect_field(field)?;
        Ok(schema)
    }
}

/// What stands behind these is no field: parts of a date, keys of a property.
fn reads_further(kind: &FieldType) -> bool {
    matches!(kind, FieldType::Date | FieldType::Datetime | FieldType::Properties | FieldType::Json)
}
