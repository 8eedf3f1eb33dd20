//! Rows in groups with their totals, as Odoo's own export writes them: over the form of the web client,
//! with its token.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{arguments::ExportArguments, columns::columns};
use crate::{
    facts::FieldName,
    odoo::{PageBody, PagePath, PageRequest},
    tools::{
        ArgumentsError, CallContext, ToolError,
        delivery::{Delivered, Expected, Kept, Outgoing, keep_answer},
    },
};

/// Groups within groups.
const GROUPS_MAX: usize = 4;
/// Parts of a date that make groups.
const PERIODS: &[&str] = &["day", "week", "month", "quarter", "year"];

/// Fields that make groups; a date with its period behind a colon.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Groups(Vec<String>);

/// A grouped file.
#[derive(Debug)]
pub(super) struct Grouped {
    pub(super) file: Delivered,
    pub(super) records: u64,
    pub(super) columns: usize,
}

impl Groups {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields, without periods.
    pub(super) fn fields(&self) -> Vec<String> {
        self.0.iter().map(|group| group.split(':').next().unwrap_or_default().to_owned()).collect()
    }

    pub(super) fn check(&self, asked: &ExportArguments) -> Result<(), ArgumentsError> {
        let refused = |message: String| Err(ArgumentsError { message, hint: None });
        if self.0.len() > GROUPS_MAX {
            return refused(format!("`group_by` names at most {GROUPS_MAX} fields"));
        }
        let is_group = |group: &String| match group.split_once(':') {
            Some((field, period)) => FieldName::parse(field).is_ok() && PERIODS.contains(&period),
            None => FieldName::parse(group).is_ok(),
        };
        if !self.0.iter().all(is_group) {
            return refused("`group_by` holds fields such as `country_id` or `date_order:month`".to_owned());
        }
        if !self.is_empty() && asked.import_compat {
            return refused("an import reads no groups: leave `group_by` or `import_compat` out".to_owned());
        }
        Ok(())
    }

    /// Lets Odoo write the file. `None` where nothing matches.
    pub(super) async fn export(
        self,
        asked: ExportArguments,
        cx: &CallContext<'_>,
    ) -> Result<Option<Grouped>, ToolError> {
        let odoo = cx.odoo(&asked.scope.connection)?;
        let columns = columns(&odoo, &asked.model, &asked.fields, false).await?;
        let name = format!("{}.xlsx", asked.model);
        let outgoing = Outgoing::begin(cx.files(), &name, &asked.save_path).await?;
        let context = asked.scope.context()?;
        let domain = asked.domain.into_domain()?;
        let records = odoo.search_count(&asked.model, &domain, &context).await?;
        if records == 0 {
            return Ok(None);
        }
        if records > u64::from(asked.limit.get()) {
            return Err(ToolError::too_large(
                format!("{records} records match, and `limit` is {}", asked.limit.get()),
                "narrow the domain or raise `limit`; without `group_by` the first records are exported",
            ));
        }
        let fields: Vec<Value> = asked
            .fields
            .iter()
            .zip(&columns)
            .map(|(path, column)| {
                json!({"name": path, "label": column.sheet.header, "type": column.kind.as_str()})
            })
            .collect();
        let data = json!({
            "model": asked.model.as_str(), "fields": fields, "ids": false, "domain": Value::from(domain),
            "groupby": self.0, "import_compat": false, "context": context.as_object(),
        });
        // Old versions want a token of the client beside that of the form.
        let form = vec![("data".to_owned(), data.to_string()), ("token".to_owned(), "export".to_owned())];
        let limits = cx.files().limits();
        let request = PageRequest::post(PagePath::parse("/web/export/xlsx")?, PageBody::Form(form));
        let request = request.up_to(limits.file_bytes_max.max(limits.inline_bytes_max));
        let answer = cx.web(&asked.scope.connection)?.fetch(request).await?;
        match keep_answer(answer, Expected::Xlsx, outgoing).await? {
            Kept::File { file, .. } => Ok(Some(Grouped { file, records, columns: columns.len() })),
            Kept::Page { status, .. } => Err(ToolError::Stopped {
                code: "export_failed",
                message: format!("odoo did not write the grouped export (HTTP {status})"),
                hint: Some("group by stored fields, or leave `group_by` out".to_owned()),
            }),
        }
    }
}
