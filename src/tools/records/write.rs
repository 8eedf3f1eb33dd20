//! Tools that make and change records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    budget::MaxBytes,
    checked, diff, existing,
    ids::Ids,
    plan::{self, Problem},
    read, rows,
    scope::Scope,
    values::{NewRecords, Values},
};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::{Call, PermittedOdoo},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Create>(), row::<Write>()];

/// Arguments of `odoo_create`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Create {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Field values of the new record, or a list of them. Many2one takes an id; x2many takes commands such as `[[0, 0, {…}]]`.
    values: NewRecords,
    /// Only say what would be set; create nothing.
    #[serde(default)]
    dry_run: bool,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_create`.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Created {
    /// Ids of the new records; empty on a dry run.
    created_ids: Vec<i64>,
    /// Id and display name of the new records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    records: Vec<JsonObject>,
    /// Nothing was created.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Dry run: record (from 0), field, label and value that would be set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_set: Vec<JsonObject>,
    /// Dry run: what Odoo would refuse or has to fill in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for Create {
    const NAME: &'static str = "odoo_create";
    const TITLE: &'static str = "Create records";
    const DESCRIPTION: &'static str = "Create one record, or several in one transaction. Values are checked \
         first; `dry_run` says what would be set, what is missing and what is unknown.";
    const CLASS: Class = Class::Write;
    const RISK: Risk = Risk::Medium;
    type Output = Created;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let count = self.values.as_slice().len() as u64;
        let effect =
            |operation, method| RecordEffect::new(&self.scope.connection, &self.model, operation, method);
        if self.dry_run {
            return vec![Effect::Records(effect(Operation::Read, MethodName::known("default_get")))];
        }
        let create = effect(Operation::Create, MethodName::known("create"))
            .writing(self.values.field_names())
            .bounded(count);
        let read_back =
            effect(Operation::Read, MethodName::known("read")).reading(&display_name()).bounded(count);
        vec![Effect::Records(create), Effect::Records(read_back)]
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Created, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        if self.dry_run {
            return self.rehearse(&odoo).await;
        }
        let records = checked::for_create(&odoo, &self.model, self.values.as_slice()).await?;
        let context = self.scope.context()?;
        let created_ids = odoo.create(&self.model, records, &context).await?;
        let mut created = Created { created_ids, ..Created::default() };
        // The records exist now: whatever reading them back meets, the call succeeded.
        match read::records(&odoo, &self.model, &created.created_ids, &display_name(), &context).await {
            Ok(mut found) => {
                created.records = created.created_ids.iter().filter_map(|id| found.remove(id)).collect();
            }
            Err(error) => created.note = Some(format!("created, but could not be read back: {error}")),
        }
        Ok(created)
    }
}

impl Create {
    async fn rehearse(&self, odoo: &PermittedOdoo<'_>) -> Result<Created, ToolError> {
        let schema = odoo.schema(&self.model).await?;
        let required = plan::required_fields(&schema);
        let call = Call::new(&self.model, MethodName::known("default_get"))
            .arg("fields", json!(required))
            .within(&self.scope.context()?);
        let defaults = match odoo.call(call).await? {
            Value::Object(defaults) => defaults,
            _ => JsonObject::new(),
        };
        let rehearsal = plan::rehearse(&schema, self.values.as_slice(), &required, &defaults);
        Ok(Created {
            dry_run: true,
            would_set: rows::fit(rehearsal.would_set, MaxBytes::default().get()).rows,
            problems: rehearsal.problems,
            note: Some("nothing was created; constraints of the server run only on a real create".to_owned()),
            ..Created::default()
        })
    }
}

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
                .with_ids(ids)
                .bounded(ids.len() as u64)
        };
        let compare = effect(Operation::Read, MethodName::known("read")).reading(&self.fields_compared());
        if self.dry_run {
            return vec![Effect::Records(compare)];
        }
        let write = effect(Operation::Write, MethodName::known("write")).writing(self.values.field_names());
        vec![Effect::Records(write), Effect::Records(compare)]
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Written, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        let values = checked::for_write(&odoo, &self.model, self.values.as_object()).await?;
        let (ids, context) = (self.ids.as_slice(), self.scope.reading_context()?);
        let compared = self.fields_compared();
        let before = existing::all(&odoo, &self.model, ids, &compared, &context).await?;
        self.check_unchanged(&before)?;
        if self.dry_run {
            let schema = odoo.schema(&self.model).await?;
            let changes = ids
                .iter()
                .filter_map(|id| before.get(id).map(|record| (id, record)))
                .flat_map(|(id, record)| diff::planned(&schema, *id, record, &values))
                .collect();
            return Ok(self.written(changes, Some("nothing was written".to_owned())));
        }
        odoo.write(&self.model, ids, values, &self.scope.context()?).await?;
        // The change is made: whatever reading it back meets, the call succeeded.
        match read::records(&odoo, &self.model, ids, &compared, &context).await {
            Ok(after) => Ok(self.written(self.changes_between(&before, &after), None)),
            Err(error) => {
                Ok(self.written(Vec::new(), Some(format!("written, but could not be read back: {error}"))))
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

    fn written(&self, changes: Vec<JsonObject>, note: Option<String>) -> Written {
        let fitting = rows::fit(changes, MaxBytes::default().get());
        let left_out =
            (fitting.left_out > 0).then(|| format!("{} more changes are not listed", fitting.left_out));
        Written {
            success: true,
            ids: self.ids.as_slice().to_vec(),
            dry_run: self.dry_run,
            changes: fitting.rows,
            note: rows::joined_notes([note, left_out]),
        }
    }
}

fn display_name() -> Vec<FieldName> {
    FieldName::parse("display_name").into_iter().collect()
}
