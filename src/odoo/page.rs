//! A page of a search: rows and total together.

use serde_json::{Value, json};

use super::{Call, OdooClient, OdooError, Page, PageQuery};
use crate::facts::{FieldName, JsonObject, MethodName};

impl OdooClient {
    /// Rows and total, in one request where the route allows it.
    pub async fn page(&self, query: &PageQuery) -> Result<Page, OdooError> {
        let rows = self.call(rows_call(query)).await?;
        let Value::Array(rows) = rows else {
            return Err(OdooError::BadAnswer {
                connection: self.alias(),
                why: "a search did not answer a list".to_owned(),
            });
        };
        let records: Vec<JsonObject> = rows
            .into_iter()
            .filter_map(|row| match row {
                Value::Object(row) => Some(row),
                _ => None,
            })
            .collect();
        let count = Call::new(&query.model, MethodName::known("search_count"))
            .arg("domain", query.domain.clone().into())
            .within(&query.context);
        let total = self.call(count).await?.as_u64().unwrap_or_default();
        Ok(Page { records, total })
    }
}

fn rows_call(query: &PageQuery) -> Call {
    let fields: Vec<&str> = query.fields.iter().map(FieldName::as_str).collect();
    let mut call = Call::new(&query.model, MethodName::known("search_read"))
        .named("domain", query.domain.clone().into())
        .named("fields", json!(fields))
        .named("limit", json!(query.limit))
        .named("offset", json!(query.offset))
        .within(&query.context);
    if let Some(order) = &query.order {
        call = call.named("order", json!(order));
    }
    call
}
