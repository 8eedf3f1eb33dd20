//! Which models the server has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    budget::{Offset, RowLimit},
    next_page::Asked,
    scope::Scope,
};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::{Domain, FaultKind, OdooError, PageQuery},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ListModels>()];

const FIELDS: [&str; 4] = ["model", "name", "state", "transient"];
/// The longest technical name is far shorter.
const PATTERN_CHARS_MAX: usize = 128;

/// Arguments of `odoo_list_models`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct ListModels {
    /// Part of the technical name or of the label, such as `sale`; empty means every model.
    #[serde(default)]
    pattern: String,
    /// Most models to return.
    #[serde(default)]
    limit: RowLimit<100, 1000>,
    /// Models to skip.
    #[serde(default)]
    offset: Offset,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_list_models`.
#[derive(Debug, Serialize, JsonSchema)]
struct Models {
    /// Id, technical name, label, state (`base` or `manual`) and whether the model is transient (a wizard).
    models: Vec<JsonObject>,
    /// Models that match.
    total: u64,
    /// There are more than these.
    has_more: bool,
    /// Pass this as `offset` for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

impl Tool for ListModels {
    const NAME: &'static str = "odoo_list_models";
    const TITLE: &'static str = "List models";
    const DESCRIPTION: &'static str =
        "List the models of the database by technical name or label. Returns `models` and their `total`.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Models;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let Ok(model) = ModelName::parse("ir.model") else { return Vec::new() };
        let effect = RecordEffect::new(
            &self.scope.connection,
            &model,
            Operation::Read,
            MethodName::known("search_read"),
        )
        .in_context(self.scope.stated())
        .reading(&fields())
        .filtering(vec!["model".to_owned(), "name".to_owned()])
        .bounded(u64::from(self.limit.get()));
        vec![Effect::Records(effect)]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Models, ToolError> {
        if self.pattern.chars().count() > PATTERN_CHARS_MAX {
            return Err(ToolError::arguments(format!(
                "`pattern` is longer than {PATTERN_CHARS_MAX} characters"
            )));
        }
        let query = PageQuery {
            model: ModelName::parse("ir.model").map_err(OdooError::from)?,
            domain: domain_of(self.pattern.trim())?,
            fields: fields(),
            limit: self.limit.get(),
            offset: self.offset.get(),
            order: Some("model, id".to_owned()),
            context: self.scope.context()?,
        };
        let page = cx.odoo(&self.scope.connection)?.page(&query).await.map_err(explained)?;
        let asked = Asked { offset: query.offset, limit: query.limit, total: page.total };
        let next = asked.next(page.records.len(), page.records.len());
        Ok(Models {
            models: page.records,
            total: page.total,
            has_more: next.has_more,
            next_offset: next.offset,
        })
    }
}

fn fields() -> Vec<FieldName> {
    FIELDS.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}

/// Technical name or label contains the pattern, wildcards taken literally.
fn domain_of(pattern: &str) -> Result<Domain, ToolError> {
    let leaves = if pattern.is_empty() {
        json!([])
    } else {
        let literal = without_wildcards(pattern);
        json!(["|", ["model", "ilike", literal], ["name", "ilike", literal]])
    };
    Ok(Domain::parse(leaves)?)
}

fn without_wildcards(pattern: &str) -> String {
    let mut literal = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        if matches!(c, '%' | '_' | '\\') {
            literal.push('\\');
        }
        literal.push(c);
    }
    literal
}

/// Not every user may read the list of models; the models themselves may still be open to them.
fn explained(error: OdooError) -> OdooError {
    match error {
        OdooError::Fault { kind: kind @ FaultKind::AccessError, exception, message, model, method, .. } => {
            OdooError::Fault {
                kind,
                exception,
                message,
                model,
                method,
                hint: Some(
                    "this user may not read the list of models; name a model you know, odoo_fields_get tells whether it exists"
                        .to_owned(),
                ),
            }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn wildcards_are_taken_literally() {
        assert_eq!(without_wildcards(r"a_b%c\d"), r"a\_b\%c\\d");
        assert_eq!(Value::from(domain_of("").unwrap()), json!([]));
    }
}
