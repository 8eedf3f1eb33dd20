//! Changing records, after a look at what they are now, and saying what changed.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{budget::MaxBytes, checked, diff, existing, ids::Ids, read, rows, scope::Scope, values::Values};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::{Context, ModelSchema},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Write>()];

/// Arguments of `odoo_write`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Write {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Ids of the records to change.
    ids: Ids,
    /// New field values, the same for all records. Many2one takes an id or `false`; x2many takes commands such as `[[6, 0, [1, 2]]]`.
    values: Values,
    /// Only say what would change, before and after; change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Write only if every record still has this `write_date`.
    #[serde(default)]
    #[schemars(with = "String")]
    expected_write_date: Option<String>,
    /// Write only if these fields still have these values.
    #[serde(default)]
    #[schemars(with = "Values")]
    expected: Option<Values>,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_write`.
#[derive(Debug, Serialize, JsonSchema)]
struct Written {
    /// The records were written; on a dry run, that they could be found and the values are valid.
    success: bool,
    ids: Vec<i64>,
    /// Nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Record, field, value before and after; fields that stay the same are left out.
    changes: Vec<JsonObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for Write {
    const NAME: &'static str = "odoo_write";
    const TITLE: &'static str = "Change records";
    const DESCRIPTION: &'static str = "Change fields of records by id and return what changed. Values are \
         checked first; `dry_run` shows before and after without writing.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    const IDEMPOTENT: bool = true;
    type Output = Written;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let ids = self.ids.as_slice();
        let effect = |operation, method| {
            RecordEffect::new(&self.scope.connection, &self.model, operation, method)
                .in_context(self.scope.stated())
                .with_ids(ids)
                .bounded(ids.len() as u64)
        };
        let compare = effect(Operation::Read, MethodName::known("read")).reading(&self.fields_compared());
        if self.dry_run {
            return vec![Effect::Records(compare)];
        }
        let write = effect(Operation::Write, MethodName::known("write"))
            .writing(self.values.field_names())
            .with_values(Arc::from([self.values.as_object().clone()]));
        vec![Effect::Records(write), Effect::Records(compare.auxiliary())]
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Written, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let values = checked::for_write(&odoo, &self.model, self.values.as_object()).await?;
        let (ids, context) = (self.ids.as_slice(), self.scope.reading_context()?);
        let compared = self.fields_compared();
        let before = existing::all(&odoo, &self.model, ids, &compared, &context).await?;
        self.check_unchanged(&before)?;
        let schema = odoo.schema(&self.model).await?;
        let language = self.note_on_language(&schema, &context);
        if self.dry_run {
            let changes = ids
                .iter()
                .filter_map(|id| before.get(id).map(|record| (id, record)))
                .flat_map(|(id, record)| diff::planned(&schema, *id, record, &values))
                .collect();
            return Ok(self.written(changes, [Some("nothing was written".to_owned()), language]));
        }
        odoo.write(&self.model, ids, values, &self.scope.context()?).await?;
        // The change is made: whatever reading it back meets, the call succeeded.
        match read::records(&odoo, &self.model, ids, &compared, &context).await {
            Ok(after) => Ok(self.written(self.changes_between(&before, &after), [None, language])),
            Err(error) => {
                let unread = format!("written, but could not be read back: {error}");
                Ok(self.written(Vec::new(), [Some(unread), language]))
            }
        }
    }
}

type Records = std::collections::HashMap<i64, JsonObject>;

impl Write {
    /// The fields that are read before and after.
    fn fields_compared(&self) -> Vec<FieldName> {
        let mut fields = self.values.field_names();
        let expected = self.expected.iter().flat_map(Values::field_names);
        let date = self.expected_write_date.iter().filter_map(|_| FieldName::parse("write_date").ok());
        for name in expected.chain(date) {
            if !fields.contains(&name) {
                fields.push(name);
            }
        }
        fields
    }

    /// Somebody else may have been faster than the caller's last look.
    fn check_unchanged(&self, before: &Records) -> Result<(), ToolError> {
        let conflict = |id: i64, field: &str| {
            Err(ToolError::conflict(
                format!("`{field}` of `{}` {id} is not what was expected; nothing was written", self.model),
                "read the record again and decide anew",
            ))
        };
        for id in self.ids.as_slice() {
            let Some(record) = before.get(id) else { continue };
            if let Some(date) = &self.expected_write_date
                && record.get("write_date").and_then(Value::as_str) != Some(date.as_str())
            {
                return conflict(*id, "write_date");
            }
            for (name, value) in self.expected.iter().flat_map(|expected| expected.as_object()) {
                if !record.get(name).is_some_and(|found| diff::same(found, value)) {
                    return conflict(*id, name);
                }
            }
        }
        Ok(())
    }

    fn changes_between(&self, before: &Records, after: &Records) -> Vec<JsonObject> {
        let names: Vec<&str> = self.values.as_object().keys().map(String::as_str).collect();
        self.ids
            .as_slice()
            .iter()
            .filter_map(|id| Some((*id, before.get(id)?, after.get(id)?)))
            .flat_map(|(id, before, after)| diff::between(id, before, after, &names))
            .collect()
    }

    /// Odoo keeps one text per language; writing one of them leaves the others as they are.
    fn note_on_language(&self, schema: &ModelSchema, context: &Context) -> Option<String> {
        let lang = context.lang()?;
        let names = self.values.as_object().keys();
        let translated: Vec<&str> = names
            .filter(|name| schema.field(name).is_some_and(|field| field.translate))
            .map(String::as_str)
            .collect();
        (!translated.is_empty()).then(|| format!("in {lang} only: {}", translated.join(", ")))
    }

    fn written(&self, changes: Vec<JsonObject>, [note, language]: [Option<String>; 2]) -> Written {
        let fitting = rows::fit(changes, MaxBytes::default().get());
        let left_out =
            (fitting.left_out > 0).then(|| format!("{} more changes are not listed", fitting.left_out));
        Written {
            success: true,
            ids: self.ids.as_slice().to_vec(),
            dry_run: self.dry_run,
            changes: fitting.rows,
            note: rows::joined_notes([note, language, left_out]),
        }
    }
}
