//! Deleting records, after a look at what would go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{existing, ids::Ids, scope::Scope};
use crate::{
    facts::{
        Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, Operation, RecordEffect, Risk,
    },
    odoo::PermittedOdoo,
    tools::{CallContext, Tool, ToolEntry, ToolError, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Unlink>()];

/// Records one call may delete: few enough that a person can look at the dry run.
pub(super) const UNLINK_MAX: usize = 200;

/// Arguments of `odoo_unlink`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct Unlink {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Ids of the records to delete.
    ids: Ids<UNLINK_MAX>,
    /// Only say which records would go; delete nothing.
    #[serde(default)]
    dry_run: bool,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_unlink`.
#[derive(Debug, Serialize, JsonSchema)]
struct Unlinked {
    /// The records are gone; on a dry run, that they exist.
    success: bool,
    ids: Vec<i64>,
    /// Nothing was deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// Dry run: id, display name and whether the record is active.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_delete: Vec<JsonObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for Unlink {
    const NAME: &'static str = "odoo_unlink";
    const TITLE: &'static str = "Delete records";
    const DESCRIPTION: &'static str = "Delete records by id, all or none; there is no undo. `dry_run` lists \
         what would go. Where a model has `active`, archiving with odoo_write is safer.";
    const CLASS: Class = Class::Destructive;
    const RISK: Risk = Risk::Critical;
    type Output = Unlinked;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let ids = self.ids.as_slice();
        let effect = |operation, method| {
            RecordEffect::new(&self.scope.connection, &self.model, operation, method)
                .in_context(self.scope.stated())
                .with_ids(ids)
                .bounded(ids.len() as u64)
        };
        let look = effect(Operation::Read, MethodName::known("read")).reading(&names(true));
        if self.dry_run {
            return vec![Effect::Records(look)];
        }
        let unlink = effect(Operation::Unlink, MethodName::known("unlink"));
        vec![Effect::Records(unlink), Effect::Records(look.auxiliary())]
    }

    fn class(&self) -> Class {
        if self.dry_run { Class::Read } else { Self::CLASS }
    }

    fn is_rehearsal(&self) -> bool {
        self.dry_run
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Unlinked, ToolError> {
        let odoo = cx.odoo(&self.scope.connection)?;
        if self.dry_run {
            return self.rehearse(&odoo).await;
        }
        let (ids, context) = (self.ids.as_slice(), self.scope.context()?);
        existing::all(&odoo, &self.model, ids, &names(false), &context).await?;
        odoo.unlink(&self.model, ids, &context).await?;
        Ok(Unlinked {
            success: true,
            ids: ids.to_vec(),
            dry_run: false,
            would_delete: Vec::new(),
            note: None,
        })
    }
}

impl Unlink {
    async fn rehearse(&self, odoo: &PermittedOdoo<'_>) -> Result<Unlinked, ToolError> {
        let schema = odoo.schema(&self.model).await?;
        let can_archive = schema.fields.get("active").is_some_and(|field| field.stored);
        let (ids, fields) = (self.ids.as_slice(), names(can_archive));
        let mut found = existing::all(odoo, &self.model, ids, &fields, &self.scope.context()?).await?;
        let archive = "; to archive instead: odoo_write with values {\"active\": false}";
        Ok(Unlinked {
            success: true,
            ids: ids.to_vec(),
            dry_run: true,
            would_delete: ids.iter().filter_map(|id| found.remove(id)).collect(),
            note: Some(format!("nothing was deleted{}", if can_archive { archive } else { "" })),
        })
    }
}

fn names(with_active: bool) -> Vec<FieldName> {
    let names = if with_active { &["display_name", "active"][..] } else { &["display_name"][..] };
    names.iter().filter_map(|name| FieldName::parse(name).ok()).collect()
}
