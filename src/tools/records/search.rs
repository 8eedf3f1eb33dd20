//! Tools that find records: ids, rows, or how many.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    budget::{MaxBytes, Offset, RowLimit},
    default_fields,
    field_names::FieldNames,
    links,
    next_page::Asked,
    order::Order,
    read, rows,
    scope::Scope,
    search_domain::SearchDomain,
};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::{PageQuery, with_names_searched},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Search>(), row::<SearchRead>(), row::<SearchCount>()];

/// Ids of a search: seven bytes each, so that a full page stays within the answer's budget.
type IdLimit = RowLimit<80, 5000>;
/// Rows of a search; bytes end most pages before this does.
type ReadLimit = RowLimit<80, 1000>;

/// Arguments of `odoo_search`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Search {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Odoo search domain, such as `[["is_company", "=", true]]`; empty means every record.
    #[serde(default)]
    domain: SearchDomain,
    /// Most ids to return.
    #[serde(default)]
    limit: IdLimit,
    /// Records to skip.
    #[serde(default)]
    offset: Offset,
    /// Order, such as `name desc, id`; the model's own when empty.
    #[serde(default)]
    order: Order,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_search`.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundIds {
    ids: Vec<i64>,
    /// Records that match.
    total: u64,
    /// There are more than these.
    has_more: bool,
    /// Pass this as `offset` for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
}

impl Tool for Search {
    const NAME: &'static str = "odoo_search";
    const TITLE: &'static str = "Search record ids";
    const DESCRIPTION: &'static str =
        "Find the ids of records that match a domain. To see their fields too, use odoo_search_read instead.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = FoundIds;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let effect = reading(&self.scope, &self.model, "search", &self.domain, &self.order)
            .bounded(u64::from(self.limit.get()));
        vec![Effect::Records(effect)]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<FoundIds, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let order = self.order.stable(&odoo, &self.model).await;
        let query = PageQuery {
            model: self.model,
            domain: self.domain.into_domain()?,
            fields: FieldName::parse("id").into_iter().collect(),
            limit: self.limit.get(),
            offset: self.offset.get(),
            order: Some(order),
            context: self.scope.context()?,
        };
        let page = odoo.page(&query).await?;
        let ids: Vec<i64> = page
            .records
            .iter()
            .filter_map(|record| record.get("id").and_then(serde_json::Value::as_i64))
            .collect();
        let asked = Asked { offset: query.offset, limit: query.limit, total: page.total };
        let next = asked.next(ids.len(), ids.len());
        Ok(FoundIds { ids, total: page.total, has_more: next.has_more, next_offset: next.offset })
    }
}

/// Arguments of `odoo_search_read`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct SearchRead {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Odoo search domain, such as `[["is_company", "=", true]]`; empty means every record.
    #[serde(default)]
    domain: SearchDomain,
    /// Fields to return; a useful few when empty.
    #[serde(default)]
    fields: FieldNames,
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

/// Result of `odoo_search_read`.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundRecords {
    /// One object per record: many2one as `[id, name]`, empty as `false`, binary as a link.
    records: Vec<JsonObject>,
    /// Records that match.
    total: u64,
    /// There are more than these.
    has_more: bool,
    /// Pass this as `offset` for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
    /// Fields that were left out because none were named.
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted_fields: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for SearchRead {
    const NAME: &'static str = "odoo_search_read";
    const TITLE: &'static str = "Search and read records";
    const DESCRIPTION: &'static str = "Find records by a domain and return their fields, with the `total`. \
         Without `fields` a useful few are chosen.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = FoundRecords;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let effect = reading(&self.scope, &self.model, "search_read", &self.domain, &self.order)
            .reading(self.fields.as_slice())
            .bounded(u64::from(self.limit.get()));
        vec![Effect::Records(read::chosen_or_named(effect, &self.fields))]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<FoundRecords, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let chosen = default_fields::choose(&odoo, &self.model, self.fields.as_slice()).await?;
        let order = self.order.stable(&odoo, &self.model).await;
        let query = PageQuery {
            model: self.model,
            domain: self.domain.into_domain()?,
            fields: chosen.fields.clone(),
            limit: self.limit.get(),
            offset: self.offset.get(),
            order: Some(order),
            context: self.scope.reading_context()?,
        };
        let mut page = odoo.page(&query).await?;
        links::replace_binaries(&odoo, &self.scope.connection, &query.model, &mut page.records).await?;
        let fitting = rows::fit(page.records, self.max_bytes.get());
        let asked = Asked { offset: query.offset, limit: query.limit, total: page.total };
        let next = asked.next(fitting.rows.len() + fitting.left_out, fitting.rows.len());
        Ok(FoundRecords {
            total: page.total,
            has_more: next.has_more,
            next_offset: next.offset,
            omitted_fields: (chosen.omitted > 0).then_some(chosen.omitted as u64),
            note: rows::joined_notes([
                chosen.note(),
                next.note(),
                rows::note_on_shortened(&fitting.shortened),
            ]),
            records: fitting.rows,
        })
    }
}

/// Arguments of `odoo_search_count`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct SearchCount {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Odoo search domain, such as `[["is_company", "=", true]]`; empty means every record.
    #[serde(default)]
    domain: SearchDomain,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_search_count`.
#[derive(Debug, Serialize, JsonSchema)]
struct Count {
    /// Records that match.
    count: u64,
}

impl Tool for SearchCount {
    const NAME: &'static str = "odoo_search_count";
    const TITLE: &'static str = "Count records";
    const DESCRIPTION: &'static str = "Count the records of a model that match a domain.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = Count;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![Effect::Records(
            reading(&self.scope, &self.model, "search_count", &self.domain, &Order::default()).bounded(0),
        )]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Count, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let count =
            odoo.search_count(&self.model, &self.domain.into_domain()?, &self.scope.context()?).await?;
        Ok(Count { count })
    }
}

/// What every search does: read one model, through paths that choose the records.
pub(in crate::tools) fn reading(
    scope: &Scope,
    model: &ModelName,
    method: &'static str,
    domain: &SearchDomain,
    order: &Order,
) -> RecordEffect {
    let effect = RecordEffect::new(&scope.connection, model, Operation::Read, MethodName::known(method))
        .in_context(scope.stated())
        .within(domain.conditions().into())
        .filtering(domain.paths())
        .ordering(order.fields());
    with_names_searched(effect)
}
