//! Which fields a model has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    budget::{MaxBytes, Offset, RowLimit},
    field_names::FieldNames,
    result, rows,
    scope::Scope,
};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::Call,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<FieldsGet>()];

/// Odoo's own attributes are about thirty.
const ATTRIBUTES_MAX: usize = 40;

/// Arguments of `odoo_fields_get`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct FieldsGet {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// What to tell of each field; also useful: `help`, `selection`, `store`, `translate`, `related`.
    #[serde(default = "default_attributes")]
    attributes: Vec<FieldName>,
    /// Only these fields.
    #[serde(default)]
    fields: FieldNames,
    /// Only fields of this type, such as `many2one`.
    #[serde(default, rename = "type")]
    #[schemars(with = "String")]
    kind: Option<String>,
    /// Only fields whose name or label contains this.
    #[serde(default)]
    #[schemars(with = "String")]
    search: Option<String>,
    /// Most fields to return.
    #[serde(default)]
    limit: RowLimit<500, 1000>,
    /// Fields to skip.
    #[serde(default)]
    offset: Offset,
    /// Most bytes of JSON to return.
    #[serde(default)]
    max_bytes: MaxBytes,
    #[serde(flatten)]
    scope: Scope,
}

fn default_attributes() -> Vec<FieldName> {
    ["string", "type", "required", "readonly", "relation"]
        .iter()
        .filter_map(|name| FieldName::parse(name).ok())
        .collect()
}

/// Result of `odoo_fields_get`.
#[derive(Debug, Serialize, JsonSchema)]
struct Fields {
    /// One object per field, by name; attributes that are false or empty are left out.
    fields: Vec<JsonObject>,
    /// Fields that match.
    total: u64,
    /// There are more than these.
    has_more: bool,
    /// Pass this as `offset` for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

impl Tool for FieldsGet {
    const NAME: &'static str = "odoo_fields_get";
    const TITLE: &'static str = "Describe the fields of a model";
    const DESCRIPTION: &'static str = "List the fields of a model with label, type, required, readonly and \
         related model. Narrow large models with `fields`, `type` or `search`.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Fields;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let effect = RecordEffect::new(
            &self.scope.connection,
            &self.model,
            Operation::Read,
            MethodName::known("fields_get"),
        )
        .in_context(self.scope.stated())
        .bounded(0);
        vec![Effect::Records(effect)]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Fields, ToolError> {
        if self.attributes.len() > ATTRIBUTES_MAX {
            return Err(ToolError::arguments(format!("`attributes` holds more than {ATTRIBUTES_MAX} names")));
        }
        let odoo = cx.odoo(&self.scope.connection)?;
        let call = Call::new(&self.model, MethodName::known("fields_get"))
            .arg("allfields", json!(self.fields.as_slice()))
            .arg("attributes", json!(self.attributes_to_ask()))
            .within(&self.scope.context()?);
        let Value::Object(definitions) = odoo.call(call).await? else {
            return Err(ToolError::Internal { detail: "fields_get answered no object".into() });
        };
        if let Some(unknown) =
            self.fields.as_slice().iter().find(|name| !definitions.contains_key(name.as_str()))
        {
            odoo.schema(&self.model).await?.expect_field(unknown.as_str())?;
        }
        Ok(self.page_of(definitions))
    }
}

impl FieldsGet {
    /// Label and type decide which fields match, so they are always asked for.
    fn attributes_to_ask(&self) -> Vec<&str> {
        let mut asked: Vec<&str> = self.attributes.iter().map(FieldName::as_str).collect();
        asked.extend(
            ["string", "type"]
                .into_iter()
                .filter(|name| !self.attributes.iter().any(|a| a.as_str() == *name)),
        );
        asked
    }

    fn page_of(&self, definitions: JsonObject) -> Fields {
        let mut matching: Vec<(String, Value)> =
            definitions.into_iter().filter(|(name, definition)| self.matches(name, definition)).collect();
        matching.sort_by(|a, b| a.0.cmp(&b.0));
        let total = matching.len() as u64;
        let offset = self.offset.get() as usize;
        let page: Vec<JsonObject> = matching
            .into_iter()
            .skip(offset)
            .take(self.limit.get() as usize)
            .map(|(name, definition)| self.row_of(name, &definition))
            .collect();
        let fitting = rows::fit(page, self.max_bytes.get());
        let next = (offset + fitting.rows.len()) as u64;
        let has_more = next < total && !fitting.rows.is_empty();
        Fields { fields: fitting.rows, total, has_more, next_offset: has_more.then_some(next) }
    }

    fn matches(&self, name: &str, definition: &Value) -> bool {
        let text = |key: &str| definition.get(key).and_then(Value::as_str).unwrap_or_default();
        let of_kind = self.kind.as_deref().is_none_or(|kind| kind.is_empty() || text("type") == kind);
        let found = self.search.as_deref().is_none_or(|wanted| {
            let wanted = wanted.trim().to_lowercase();
            name.contains(&wanted) || text("string").to_lowercase().contains(&wanted)
        });
        of_kind && found
    }

    fn row_of(&self, name: String, definition: &Value) -> JsonObject {
        let mut row = JsonObject::new();
        row.insert("name".to_owned(), Value::String(name));
        for attribute in
            self.attributes.iter().map(FieldName::as_str).filter(|attribute| *attribute != "name")
        {
            if let Some(value) = definition.get(attribute).filter(|value| result::says_something(value)) {
                row.insert(attribute.to_owned(), value.clone());
            }
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: Value) -> FieldsGet {
        serde_json::from_value(arguments).unwrap()
    }

    fn definitions() -> JsonObject {
        let definitions = json!({
            "name": {"string": "Name", "type": "char", "required": true, "readonly": false},
            "country_id": {"string": "Country", "type": "many2one", "relation": "res.country", "required": false},
            "zip": {"string": "Postcode", "type": "char"},
        });
        definitions.as_object().unwrap().clone()
    }

    #[test]
    fn rows_hold_only_what_says_something() {
        let page = asked(json!({"model": "res.partner"})).page_of(definitions());
        assert_eq!(
            json!(page.fields),
            json!([
                {"name": "country_id", "string": "Country", "type": "many2one", "relation": "res.country"},
                {"name": "name", "string": "Name", "type": "char", "required": true},
                {"name": "zip", "string": "Postcode", "type": "char"},
            ])
        );
        assert!(!page.has_more);
    }

    #[test]
    fn filters_and_pages() {
        let page = asked(json!({"model": "res.partner", "type": "char", "limit": 1})).page_of(definitions());
        assert_eq!((page.total, page.has_more, page.next_offset), (2, true, Some(1)));
        let page =
            asked(json!({"model": "res.partner", "search": "POST", "attributes": []})).page_of(definitions());
        assert_eq!(json!(page.fields), json!([{"name": "zip"}]));
        let page = asked(json!({"model": "res.partner", "offset": 9})).page_of(definitions());
        assert_eq!((page.fields.len(), page.has_more), (0, false));
    }
}
