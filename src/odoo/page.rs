//! A page of a search: rows and total together.
//!
//! `web_search_read` gives both in one request. From 17 on it takes a specification instead of
//! field names and answers many2one values as objects, which are turned back into pairs here.

use serde_json::{Value, json};

use super::{Call, FieldType, ModelSchema, OdooClient, OdooError, Page, PageQuery, permitted::Way};
use crate::facts::{FieldName, JsonObject, MethodName};

/// From this version on `web_search_read` takes a specification.
const SPECIFICATION_SINCE: u16 = 17;
/// The oldest version this program knows.
const OLDEST: u16 = 14;

impl OdooClient {
    /// Rows and total, in one request where the version is known.
    pub async fn page(&self, query: &PageQuery) -> Result<Page, OdooError> {
        self.page_over(&Way::Connection, query).await
    }

    /// Rows alone: cheaper for the server than a page, where the total is not needed.
    pub async fn rows(&self, query: &PageQuery) -> Result<Vec<JsonObject>, OdooError> {
        self.rows_over(&Way::Connection, query).await
    }

    pub(super) async fn page_over(&self, way: &Way, query: &PageQuery) -> Result<Page, OdooError> {
        if query.limit == 0 {
            // To Odoo a limit of 0 is none.
            return Ok(Page { records: Vec::new(), total: self.count(way, query).await? });
        }
        match self.major_version().await? {
            Some(SPECIFICATION_SINCE..) => {
                let schema = self.schema_with(query).await?;
                let call =
                    with_page(query, "web_search_read").named("specification", specification(query, &schema));
                self.page_from(way, query, way.call(self, call).await?).await
            }
            Some(OLDEST..) => {
                let call = with_page(query, "web_search_read").named("fields", field_names(query));
                self.page_from(way, query, way.call(self, call).await?).await
            }
            _ => self.page_in_two(way, query).await,
        }
    }

    pub(super) async fn rows_over(&self, way: &Way, query: &PageQuery) -> Result<Vec<JsonObject>, OdooError> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let call = with_page(query, "search_read").named("fields", field_names(query));
        self.rows_from(way.call(self, call).await?)
    }

    async fn page_in_two(&self, way: &Way, query: &PageQuery) -> Result<Page, OdooError> {
        let (records, total) = futures_util::join!(self.rows_over(way, query), self.count(way, query));
        Ok(Page { records: records?, total: total? })
    }

    async fn count(&self, way: &Way, query: &PageQuery) -> Result<u64, OdooError> {
        let call = Call::new(&query.model, MethodName::known("search_count"))
            .arg("domain", query.domain.clone().into())
            .within(&query.context);
        way.call(self, call).await?.as_u64().ok_or_else(|| self.bad_answer("a count is no number"))
    }

    async fn page_from(&self, way: &Way, query: &PageQuery, answer: Value) -> Result<Page, OdooError> {
        let Value::Object(mut answer) = answer else {
            return Err(self.bad_answer("a page of a search is no object"));
        };
        let records = self.rows_from(answer.remove("records").unwrap_or_default())?;
        let length = answer.get("length").and_then(Value::as_u64);
        let total = match length {
            // Behind the last page Odoo says 0, whatever there is.
            _ if records.is_empty() && query.offset > 0 => self.count(way, query).await?,
            Some(length) => length,
            None => return Err(self.bad_answer("a page of a search has no length")),
        };
        Ok(Page { records, total })
    }

    fn rows_from(&self, rows: Value) -> Result<Vec<JsonObject>, OdooError> {
        let Value::Array(rows) = rows else { return Err(self.bad_answer("rows of a search are no list")) };
        rows.into_iter()
            .map(|row| match row {
                Value::Object(mut row) => {
                    row.values_mut().for_each(as_read);
                    Ok(row)
                }
                _ => Err(self.bad_answer("a row of a search is no object")),
            })
            .collect()
    }

    /// Field definitions that know every field of the query; asked anew when they might be old.
    async fn schema_with(&self, query: &PageQuery) -> Result<std::sync::Arc<ModelSchema>, OdooError> {
        let schema = self.schema(&query.model).await?;
        match query.fields.iter().find(|field| schema.field(field.as_str()).is_none()) {
            None => Ok(schema),
            Some(missing) => self.schema_knowing(&query.model, missing.as_str()).await,
        }
    }
}

fn with_page(query: &PageQuery, method: &'static str) -> Call {
    let mut call = Call::new(&query.model, MethodName::known(method))
        .named("domain", query.domain.clone().into())
        .named("limit", json!(query.limit))
        .within(&query.context);
    if query.offset > 0 {
        call = call.named("offset", json!(query.offset));
    }
    if let Some(order) = &query.order {
        call = call.named("order", json!(order));
    }
    call
}

/// No field at all would mean every field.
fn field_names(query: &PageQuery) -> Value {
    if query.fields.is_empty() {
        return json!(["id"]);
    }
    json!(query.fields.iter().map(FieldName::as_str).collect::<Vec<_>>())
}

fn specification(query: &PageQuery, schema: &ModelSchema) -> Value {
    if query.fields.is_empty() {
        return json!({ "id": {} });
    }
    let of = |name: &FieldName| match schema.field(name.as_str()).map(|field| &field.kind) {
        Some(FieldType::Many2one) => json!({ "fields": { "display_name": {} } }),
        _ => json!({}),
    };
    query.fields.iter().map(|name| (name.to_string(), of(name))).collect::<JsonObject>().into()
}

/// `{"id": 7, "display_name": "x"}` as `read` writes it: `[7, "x"]`.
fn as_read(value: &mut Value) {
    let Value::Object(record) = value else { return };
    if record.len() == 2
        && let Some(id @ Value::Number(_)) = record.get("id")
        && let Some(name) = record.get("display_name")
    {
        *value = json!([id, name]);
    }
}
