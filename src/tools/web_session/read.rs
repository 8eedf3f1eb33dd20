//! Rows with fields behind relations, as the web client reads them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::nested::Wanted;
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::{Call, Context, FieldType, PageQuery, PermittedOdoo},
    tools::{
        ArgumentsError, CallContext, Tool, ToolEntry, ToolError,
        records::{
            budget::{MaxBytes, Offset, RowLimit},
            next_page::Asked,
            order::Order,
            rows,
            scope::Scope,
            search::reading,
            search_domain::SearchDomain,
        },
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<WebRead>()];

/// Rows of a page; bytes end most pages before this does.
type ReadLimit = RowLimit<80, 1000>;
/// From this version on nested fields come by a specification.
const SPECIFICATION_SINCE: u16 = 17;

/// Arguments of `odoo_web_read`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct WebRead {
    /// Technical model name, such as `sale.order`.
    model: ModelName,
    /// Fields to return; a path such as `partner_id.email` follows relations.
    fields: Vec<String>,
    /// Odoo search domain, such as `[["state", "=", "sale"]]`; empty means every record.
    #[serde(default)]
    domain: SearchDomain,
    /// Most records to return.
    #[serde(default)]
    limit: ReadLimit,
    /// Records to skip.
    #[serde(default)]
    offset: Offset,
    /// Order, such as `name desc, id`; the model's own when empty.
    #[serde(default)]
    order: Order,
    /// Most bytes of JSON to return.
    #[serde(default)]
    max_bytes: MaxBytes,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_web_read`.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundRecords {
    /// One object per record: many2one as `[id, name]`, or as an object where a path led through it.
    records: Vec<JsonObject>,
    /// Records that match.
    total: u64,
    /// There are more than these.
    has_more: bool,
    /// Pass this as `offset` for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
    /// How it was read: `web_session`, or `rpc` where there is none.
    via: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for WebRead {
    const NAME: &'static str = "odoo_web_read";
    const TITLE: &'static str = "Read records over the web session";
    const DESCRIPTION: &'static str = "Find records and return their fields, fields of related records included: \
         `{\"model\": \"sale.order\", \"fields\": [\"name\", \"partner_id.email\"]}`. Uses your web session, and works \
         without one.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = FoundRecords;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let Ok(wanted) = Wanted::parse(&self.fields) else { return Vec::new() };
        let rows = u64::from(self.limit.get());
        let search = reading(&self.scope, &self.model, "web_search_read", &self.domain, &self.order);
        let mut effects = vec![search.reading(&wanted.plain).bounded(rows)];
        if !wanted.paths.is_empty() {
            let method = MethodName::known("web_read");
            let nested = RecordEffect::new(&self.scope.connection, &self.model, Operation::Read, method)
                .in_context(self.scope.stated())
                .reading(&firsts(&wanted))
                .reading_paths(stated_paths(&wanted));
            effects.push(nested.bounded(rows));
        }
        effects.into_iter().map(Effect::Records).collect()
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: String| ArgumentsError { message, hint: None };
        if self.fields.is_empty() {
            return Err(refused("`fields` names at least one field".to_owned()));
        }
        Wanted::parse(&self.fields).map(drop).map_err(refused)
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<FoundRecords, ToolError> {
        let wanted = Wanted::parse(&self.fields).map_err(ToolError::arguments)?;
        let web = cx.web(&self.scope.connection)?;
        if web.is_available() {
            self.read(web.odoo(), &wanted, "web_session").await
        } else {
            let odoo = cx.odoo(&self.scope.connection)?;
            self.read(&odoo, &wanted, "rpc").await
        }
    }
}

impl WebRead {
    async fn read(
        self,
        odoo: &PermittedOdoo<'_>,
        wanted: &Wanted,
        via: &'static str,
    ) -> Result<FoundRecords, ToolError> {
        let order = self.order.stable(odoo, &self.model).await;
        let context = self.scope.reading_context()?;
        let query = PageQuery {
            model: self.model,
            domain: self.domain.into_domain()?,
            fields: wanted.plain.clone(),
            limit: self.limit.get(),
            offset: self.offset.get(),
            order: Some(order),
            context,
        };
        let mut page = odoo.page(&query).await?;
        if !wanted.paths.is_empty() && !page.records.is_empty() {
            add_nested(odoo, &query.model, wanted, &query.context, &mut page.records).await?;
        }
        let fitting = rows::fit(page.records, self.max_bytes.get());
        let asked = Asked { offset: query.offset, limit: query.limit, total: page.total };
        let next = asked.next(fitting.rows.len() + fitting.left_out, fitting.rows.len());
        Ok(FoundRecords {
            total: page.total,
            has_more: next.has_more,
            next_offset: next.offset,
            via,
            note: rows::joined_notes([next.note(), rows::note_on_shortened(&fitting.shortened)]),
            records: fitting.rows,
        })
    }
}

/// Puts what stands behind relations into the records.
async fn add_nested(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    wanted: &Wanted,
    context: &Context,
    records: &mut [JsonObject],
) -> Result<(), ToolError> {
    let ids: Vec<i64> = records.iter().filter_map(id_of).collect();
    let known = odoo.version().await.major();
    let mut nested: Vec<(i64, JsonObject)> = if known.is_some_and(|major| major >= SPECIFICATION_SINCE) {
        let call = Call::new(model, MethodName::known("web_read"))
            .on(&ids)
            .arg("specification", Value::Object(wanted.specification()))
            .within(context);
        let rows = odoo.call(call).await?;
        let rows = rows.as_array().cloned().unwrap_or_default();
        let object = |row: Value| match row {
            Value::Object(row) => Some((id_of(&row)?, row)),
            _ => None,
        };
        rows.into_iter().filter_map(object).collect()
    } else {
        let schema = odoo.schema(model).await?;
        let call = Call::new(model, MethodName::known("export_data"))
            .on(&ids)
            .arg("fields_to_export", json!(wanted.columns()))
            .within(context);
        let answer = odoo.call(call).await?;
        let rows = answer.get("datas").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_list = |first: &FieldName| {
            let kind = schema.field(first.as_str()).map(|field| &field.kind);
            matches!(kind, Some(FieldType::One2many | FieldType::Many2many))
        };
        wanted.nested_rows(&rows, is_list)
    };
    let firsts = wanted.first_steps();
    for record in records {
        let Some(id) = id_of(record) else { continue };
        let Some((_, found)) = nested.iter_mut().find(|(of, _)| *of == id) else { continue };
        for first in &firsts {
            if let Some(value) = found.remove(first.as_str()) {
                record.insert(first.to_string(), value);
            }
        }
    }
    Ok(())
}

fn id_of(record: &JsonObject) -> Option<i64> {
    record.get("id")?.as_i64()
}

fn firsts(wanted: &Wanted) -> Vec<FieldName> {
    let mut fields: Vec<FieldName> = wanted.first_steps().into_iter().cloned().collect();
    fields.extend(FieldName::parse("id"));
    fields
}

/// The paths in both spellings: old servers give them by an export, which names ids on the way.
fn stated_paths(wanted: &Wanted) -> Vec<String> {
    let mut paths: Vec<String> = wanted
        .columns()
        .iter()
        .map(|column| column.replace("/.id", ".id").replace('/', "."))
        .map(|path| path.trim_start_matches('.').to_owned())
        .collect();
    paths.dedup();
    paths
}
