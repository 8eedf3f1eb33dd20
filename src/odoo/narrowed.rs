//! A permitted call under rules that narrow what its caller sees: before it leaves, it is kept to
//! their records and to fields that exist for them; what comes back is made into what they may see.
//!
//! Where no rule narrows anything, nothing here costs more than the question whether one does.

use serde_json::{Value, json};

use super::{
    Call, FaultKind, OdooError, Page, PageQuery, PermittedOdoo,
    read_scope::{self, Way},
    redaction::{Asked, models_of},
};
use crate::facts::{JsonObject, ModelName, Operation};

/// Methods that answer every field where none are named, and the place of the names.
const ALL_FIELDS: &[(&str, usize, &[&str])] = &[
    ("read", 0, &["fields"]),
    ("search_read", 1, &["fields"]),
    ("search_fetch", 1, &["field_names"]),
    ("web_search_read", 1, &["specification", "fields"]),
];

/// A call that is ready to leave, or an answer that needs none.
enum Ready {
    Call(Call),
    Answer(Value),
}

impl PermittedOdoo<'_> {
    pub(super) async fn sent(&self, call: Call) -> Result<Value, OdooError> {
        if !self.eyes.narrow() {
            return self.reach(call).await;
        }
        let call = if call.operation() == Operation::Read {
            match self.kept_within_scope(call).await? {
                Ready::Call(call) => self.with_visible_fields(call).await?,
                Ready::Answer(answer) => return Ok(answer),
            }
        } else {
            call
        };
        let asked = Asked::of(&call);
        let (model, changes) = (call.model.clone(), call.operation() != Operation::Read);
        let answer = self.reach(call).await.map_err(|error| self.worded(error, &model))?;
        match self.eyes.redacted(&self.client, &asked, answer).await {
            // The change is made; what cannot be shown of its answer is not shown.
            Err(error) if changes => {
                tracing::warn!(%error, "the answer of a change cannot be shown under this policy");
                Ok(Value::Null)
            }
            redacted => redacted.map_err(|error| self.worded(error, &model)),
        }
    }

    pub(super) async fn narrowed_page(&self, query: &PageQuery) -> Result<Page, OdooError> {
        let query = self.narrowed_query(query)?;
        let page = self
            .client
            .page_over(&self.way, &query)
            .await
            .map_err(|error| self.worded(error, &query.model))?;
        Ok(Page { records: self.visible_rows(&query.model, page.records).await?, total: page.total })
    }

    pub(super) async fn narrowed_rows(&self, query: &PageQuery) -> Result<Vec<JsonObject>, OdooError> {
        let query = self.narrowed_query(query)?;
        let rows = self
            .client
            .rows_over(&self.way, &query)
            .await
            .map_err(|error| self.worded(error, &query.model))?;
        self.visible_rows(&query.model, rows).await
    }

    fn narrowed_query(&self, query: &PageQuery) -> Result<PageQuery, OdooError> {
        let mut query = query.clone();
        query.domain = query.domain.and(self.eyes.scope(&query.model)?);
        Ok(query)
    }

    async fn visible_rows(
        &self,
        model: &ModelName,
        mut rows: Vec<JsonObject>,
    ) -> Result<Vec<JsonObject>, OdooError> {
        self.eyes.redact_rows(&self.client, model, &mut rows).await?;
        Ok(rows)
    }

    /// The call with the caller's read domain in it.
    async fn kept_within_scope(&self, call: Call) -> Result<Ready, OdooError> {
        let scope = self.eyes.scope(&call.model)?;
        if scope.is_empty() {
            return Ok(Ready::Call(call));
        }
        match read_scope::way(call.method.as_str()) {
            Way::Nothing => Ok(Ready::Call(call)),
            Way::Domain(place) => Ok(Ready::Call(read_scope::joined(call, place, scope)?)),
            Way::Ids => self.on_visible_records(call).await,
            Way::AllIds => match &call.ids {
                Some(ids) if !self.all_visible(&call, ids).await? => Err(no_such_record(&call)),
                _ => Ok(Ready::Call(call)),
            },
            Way::Closed => Err(OdooError::Closed {
                why: format!("`{}` cannot be kept to the records this policy lets be read", call.method),
            }),
        }
    }

    /// The call on those of its records that are within scope, in the caller's order. The others are
    /// missing from the answer, as records that do not exist are.
    async fn on_visible_records(&self, mut call: Call) -> Result<Ready, OdooError> {
        let Some(ids) = call.ids.take() else {
            return Err(OdooError::BadCall {
                why: format!("`{}` needs record ids", call.method),
                hint: None,
            });
        };
        let within = self.eyes.within_scope(&self.client, &call.model, &ids, &call.context).await?;
        let visible: Vec<i64> = ids.into_iter().filter(|id| within.contains(id)).collect();
        if visible.is_empty() {
            return Ok(Ready::Answer(read_scope::empty_answer(call.method.as_str())));
        }
        call.ids = Some(visible);
        Ok(Ready::Call(call))
    }

    async fn all_visible(&self, call: &Call, ids: &[i64]) -> Result<bool, OdooError> {
        let within = self.eyes.within_scope(&self.client, &call.model, ids, &call.context).await?;
        Ok(ids.iter().all(|id| within.contains(id)))
    }

    /// Where no field is named all come back: then those are named that exist for the caller.
    async fn with_visible_fields(&self, mut call: Call) -> Result<Call, OdooError> {
        let Some((_, place, names)) = ALL_FIELDS.iter().find(|(method, ..)| *method == call.method.as_str())
        else {
            return Ok(call);
        };
        let placed = call.positional.get(*place).map(|argument| &argument.value);
        let named = names.iter().filter_map(|name| call.named.get(*name));
        if placed.into_iter().chain(named).any(names_something) {
            return Ok(call);
        }
        let schema = self.client.schema(&call.model).await?;
        let visible = self.eyes.visible(schema);
        let fields = json!(visible.fields.keys().collect::<Vec<_>>());
        match call.positional.get_mut(*place) {
            Some(argument) => argument.value = fields,
            None => {
                let name = names.last().copied().unwrap_or_default();
                // A specification that says nothing names no field; it is Odoo's to refuse.
                if call.named.contains_key("specification") {
                    return Ok(call);
                }
                call.named.insert(name.to_owned(), fields);
            }
        }
        Ok(call)
    }

    /// An error without the words of Odoo, where they could repeat what the caller may not see.
    fn worded(&self, error: OdooError, model: &ModelName) -> OdooError {
        self.eyes.worded(error, models_of(self.permit.effects()).chain([model]))
    }
}

fn names_something(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What Odoo answers where a record is gone; one out of scope and one that never was are answered alike.
fn no_such_record(call: &Call) -> OdooError {
    OdooError::Fault {
        kind: FaultKind::Missing,
        exception: "odoo.exceptions.MissingError".to_owned(),
        message: "a record does not exist or has been deleted".to_owned(),
        model: Some(call.model.clone()),
        method: Some(call.method.clone()),
        hint: None,
    }
}
