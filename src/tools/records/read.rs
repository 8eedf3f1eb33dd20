//! Reading records that the caller names by id.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{budget::MaxBytes, default_fields, field_names::FieldNames, ids::Ids, links, rows, scope::Scope};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::{Context, PermittedOdoo},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Read>()];

/// Records per request: large enough to be few requests, small enough to stop when the answer is full.
const BATCH: usize = 200;

/// Arguments of `odoo_read`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Read {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Ids of the records.
    ids: Ids,
    /// Fields to return; a useful few when empty.
    #[serde(default)]
    fields: FieldNames,
    /// Most bytes of JSON to return.
    #[serde(default)]
    max_bytes: MaxBytes,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_read`.
#[derive(Debug, Serialize, JsonSchema)]
struct ReadRecords {
    /// One object per record, in the order of `ids`: many2one as `[id, name]`, empty as `false`, binary as a link.
    records: Vec<JsonObject>,
    /// Ids that do not exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<i64>,
    /// The answer was full before all ids were read.
    has_more: bool,
    /// Pass these as `ids` for the rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remaining_ids: Vec<i64>,
    /// Fields that were left out because none were named.
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted_fields: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for Read {
    const NAME: &'static str = "odoo_read";
    const TITLE: &'static str = "Read records by id";
    const DESCRIPTION: &'static str = "Read records by their ids. Says which ids are `missing`. \
         Without `fields` a useful few are chosen.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    const IDEMPOTENT: bool = true;
    type Output = ReadRecords;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let effect = RecordEffect::new(
            &self.scope.connection,
            &self.model,
            Operation::Read,
            MethodName::known("read"),
        )
        .in_context(self.scope.stated())
        .with_ids(self.ids.as_slice())
        .reading(self.fields.as_slice())
        .bounded(self.ids.as_slice().len() as u64);
        vec![Effect::Records(chosen_or_named(effect, &self.fields))]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<ReadRecords, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let chosen = default_fields::choose(&odoo, &self.model, self.fields.as_slice()).await?;
        let context = self.scope.reading_context()?;
        let mut answer = ReadRecords {
            records: Vec::new(),
            missing: Vec::new(),
            has_more: false,
            remaining_ids: Vec::new(),
            omitted_fields: (chosen.omitted > 0).then_some(chosen.omitted as u64),
            note: chosen.note(),
        };
        let mut asked = 0;
        for batch in self.ids.as_slice().chunks(BATCH) {
            let found = records(&odoo, &self.model, batch, &chosen.fields, &context).await?;
            asked += batch.len();
            answer.missing.extend(batch.iter().filter(|id| !found.contains_key(id)));
            let mut found = found;
            answer.records.extend(batch.iter().filter_map(|id| found.remove(id)));
            if asked >= self.ids.as_slice().len()
                || rows::bytes_of_all(&answer.records) > self.max_bytes.get()
            {
                break;
            }
        }
        links::replace_binaries(&odoo, &self.scope.connection, &self.model, &mut answer.records).await?;
        let fitting = rows::fit(std::mem::take(&mut answer.records), self.max_bytes.get());
        answer.note = rows::joined_notes([answer.note, rows::note_on_shortened(&fitting.shortened)]);
        answer.records = fitting.rows;
        answer.remaining_ids = self.remaining(&answer);
        answer.has_more = !answer.remaining_ids.is_empty();
        Ok(answer)
    }
}

impl Read {
    /// Everything asked for that is neither in the answer nor known to be missing.
    fn remaining(&self, answer: &ReadRecords) -> Vec<i64> {
        let given: Vec<i64> =
            answer.records.iter().filter_map(|record| record.get("id").and_then(Value::as_i64)).collect();
        let ids = self.ids.as_slice().iter().copied();
        ids.filter(|id| !given.contains(id) && !answer.missing.contains(id)).collect()
    }
}

/// Where no fields are named the tool chooses some, which may be any.
pub(super) fn chosen_or_named(effect: RecordEffect, fields: &FieldNames) -> RecordEffect {
    if fields.as_slice().is_empty() { effect.choosing_fields() } else { effect }
}

/// Records by id; those that do not exist are absent.
pub(super) async fn records(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    ids: &[i64],
    fields: &[FieldName],
    context: &Context,
) -> Result<HashMap<i64, JsonObject>, ToolError> {
    let rows = odoo.read(model, ids, fields, context).await?;
    let by_id = rows.into_iter().filter_map(|row| row.get("id").and_then(Value::as_i64).map(|id| (id, row)));
    Ok(by_id.collect())
}
