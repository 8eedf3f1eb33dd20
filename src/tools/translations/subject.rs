//! What all tools of the family take: one field of one record.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    facts::{ConnectionAlias, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect},
    tools::ArgumentsError,
};

/// One field of one record.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct Subject {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    pub(super) connection: ConnectionAlias,
    /// Technical model name, such as `product.template`.
    pub(super) model: ModelName,
    /// Id of the record.
    pub(super) res_id: i64,
    /// The translated field, such as `name`.
    pub(super) field_name: FieldName,
}

impl Subject {
    pub(super) fn check(&self) -> Result<(), ArgumentsError> {
        if self.res_id < 1 {
            return Err(ArgumentsError {
                message: "argument `res_id`: it is the id of a record, a whole number from 1 up".to_owned(),
                hint: None,
            });
        }
        Ok(())
    }

    fn effect(&self, operation: Operation, method: &'static str) -> RecordEffect {
        effect_on(&self.connection, &self.model, &[self.res_id], operation, method)
    }

    /// Looking at all languages.
    pub(super) fn read(&self) -> RecordEffect {
        self.effect(Operation::Read, "get_field_translations").reading(&self.fields())
    }

    /// The value as one language shows it.
    pub(super) fn look(&self) -> Effect {
        Effect::Records(self.effect(Operation::Read, "read").reading(&self.fields()).auxiliary())
    }

    /// Changing languages; the values are texts by language.
    pub(super) fn write(&self, texts: Value) -> Effect {
        let mut values = JsonObject::new();
        values.insert(self.field_name.as_str().to_owned(), texts);
        let write = self.effect(Operation::Write, "update_field_translations").writing(self.fields());
        Effect::Records(write.with_values(Arc::from([values])))
    }

    fn fields(&self) -> Vec<FieldName> {
        vec![self.field_name.clone()]
    }

    pub(super) fn named(&self) -> String {
        format!("`{}` of `{}` {}", self.field_name.as_str(), self.model, self.res_id)
    }
}

/// An effect on records by id.
pub(super) fn effect_on(
    connection: &ConnectionAlias,
    model: &ModelName,
    ids: &[i64],
    operation: Operation,
    method: &'static str,
) -> RecordEffect {
    RecordEffect::new(connection, model, operation, MethodName::known(method))
        .with_ids(ids)
        .bounded(ids.len() as u64)
}
