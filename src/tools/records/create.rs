//! Making records: several in one transaction, or a rehearsal that makes none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    budget::MaxBytes,
    checked,
    plan::{self, Problem},
    read, rows,
    scope::Scope,
    values::NewRecords,
};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::{Call, PermittedOdoo},
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Create>()];

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
        let effect = |operation, method| {
            RecordEffect::new(&self.scope.connection, &self.model, operation, method)
                .in_context(self.scope.stated())
        };
        if self.dry_run {
            let defaults = effect(Operation::Read, MethodName::known("default_get")).bounded(0);
            return vec![Effect::Records(defaults)];
        }
        let create = effect(Operation::Create, MethodName::known("create"))
            .writing(self.values.field_names())
            .with_values(self.values.as_slice().into())
            .bounded(count);
        let read_back = effect(Operation::Read, MethodName::known("read"))
            .reading(&display_name())
            .bounded(count)
            .auxiliary();
        vec![Effect::Records(create), Effect::Records(read_back)]
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
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
        let mut verdicts = Vec::new();
        for values in self.values.as_slice() {
            verdicts.push(checked::one_by_one(odoo, &self.model, values).await?);
        }
        let rehearsal = plan::rehearse(&schema, verdicts, &required, &defaults);
        Ok(Created {
            dry_run: true,
            would_set: rows::fit(rehearsal.would_set, MaxBytes::default().get()).rows,
            problems: rehearsal.problems,
            note: Some("nothing was created; constraints of the server run only on a real create".to_owned()),
            ..Created::default()
        })
    }
}

fn display_name() -> Vec<FieldName> {
    FieldName::parse("display_name").into_iter().collect()
}
