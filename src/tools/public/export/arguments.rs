//! What both exports take, and what they do.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    facts::{Effect, MethodName, ModelName, Operation, RecordEffect},
    odoo::{Context, MethodCall, OdooError, Target, with_names_searched},
    tools::{
        ArgumentsError,
        records::{budget::RowLimit, order::Order, scope::Scope, search_domain::SearchDomain},
    },
};

/// Columns of a file.
const FIELDS_MAX: usize = 200;
/// Records of a file where nobody says otherwise, and at most. Odoo answers a few thousand a second.
type RecordLimit = RowLimit<10_000, 100_000>;

/// Makes the cells of records.
pub(super) const EXPORT: &str = "export_data";
/// Tells Odoo to write what an import reads.
const IMPORT_COMPATIBLE: &str = "import_compat";

/// Arguments of both exports.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub(super) struct ExportArguments {
    /// Technical model name, such as `res.partner`.
    pub(super) model: ModelName,
    /// Columns: fields, or paths through relations such as `partner_id/name`; `.id` is the database id,
    /// `id` the external id, which Odoo makes where there is none.
    pub(super) fields: Vec<String>,
    /// Odoo search domain; empty means every record.
    #[serde(default)]
    pub(super) domain: SearchDomain,
    /// Write what Odoo's import reads: technical names as headers, relations by external id.
    #[serde(default)]
    pub(super) import_compat: bool,
    /// Path in the download area to save the file under; nothing is overwritten.
    #[serde(default)]
    pub(super) save_path: String,
    /// Order, such as `name desc, id`; the model's own when empty.
    #[serde(default)]
    pub(super) order: Order,
    /// Most records to export.
    #[serde(default)]
    pub(super) limit: RecordLimit,
    #[serde(flatten)]
    pub(super) scope: Scope,
}

impl ExportArguments {
    pub(super) fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: String| Err(ArgumentsError { message, hint: None });
        if self.fields.is_empty() || self.fields.len() > FIELDS_MAX {
            return refused(format!("`fields` names 1 to {FIELDS_MAX} columns"));
        }
        match self.exporting() {
            Ok(_) => Ok(()),
            Err(OdooError::BadCall { why, hint }) => Err(ArgumentsError { message: why, hint }),
            Err(error) => refused(error.to_string()),
        }
    }

    /// The context of the export.
    pub(super) fn context(&self) -> Result<Context, OdooError> {
        let compatible = std::iter::once((IMPORT_COMPATIBLE.to_owned(), Value::Bool(self.import_compat)));
        self.scope.context_over(compatible.collect())
    }

    /// What the export does; `grouped_by` are fields that make groups of its rows.
    pub(super) fn effects(&self, grouped_by: &[String]) -> Vec<Effect> {
        let ordered = self.order.fields().into_iter().chain(grouped_by.iter().cloned()).collect();
        let searching = RecordEffect::new(
            &self.scope.connection,
            &self.model,
            Operation::Read,
            MethodName::known("search"),
        )
        .in_context(self.scope.stated())
        .within(self.domain.conditions().into())
        .filtering(self.domain.paths())
        .ordering(ordered)
        .bounded(u64::from(self.limit.get()));
        let mut effects = vec![with_names_searched(searching)];
        // What cannot be understood was refused by `check`.
        effects.extend(self.exporting().unwrap_or_default());
        effects.into_iter().map(Effect::Records).collect()
    }

    /// What the call of `export_data` does, without its records, which the search tells.
    fn exporting(&self) -> Result<Vec<RecordEffect>, OdooError> {
        let method = MethodName::known(EXPORT);
        let target = Target { connection: &self.scope.connection, model: &self.model, method: &method };
        let context = self.context()?;
        let understood = MethodCall::understand(
            target,
            Some(Vec::new()),
            vec![json!(self.fields)],
            Default::default(),
            |_| Ok(context),
        )?;
        let open = |mut effect: RecordEffect| {
            effect.ids = None;
            effect.bounded(u64::from(self.limit.get()))
        };
        Ok(understood.effects.into_iter().map(open).collect())
    }
}
