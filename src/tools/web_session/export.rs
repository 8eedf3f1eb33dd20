//! Rows as Odoo exports them: columns by path, external ids, ready to be imported again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    facts::{Caller, Class, Effect, FieldName, JsonObject, MethodName, ModelName, RecordEffect, Risk},
    odoo::{Call, Context, FaultKind, MethodCall, ModelSchema, OdooError, PageQuery, PermittedOdoo, Target},
    tools::{
        ArgumentsError, CallContext, Tool, ToolEntry, ToolError,
        records::{
            budget::{MaxBytes, Offset, RowLimit},
            order::Order,
            rows,
            scope::Scope,
            search::reading,
            search_domain::SearchDomain,
        },
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<WebExport>()];

/// Records of one answer; files of any size come from the exports to files.
type RecordLimit = RowLimit<500, 5000>;
/// Records per request: few enough that a column through lists stays a small answer.
const BATCH: usize = 200;
/// Columns that one export may have.
const COLUMNS_MAX: usize = 200;

/// Arguments of `odoo_web_export`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct WebExport {
    /// Technical model name, such as `res.partner`.
    model: ModelName,
    /// Columns: `name`, `partner_id/name`, `.id` (number), `id` (external id, which Odoo makes where there is none).
    fields: Vec<String>,
    /// Odoo search domain; empty means every record.
    #[serde(default)]
    domain: SearchDomain,
    /// Columns and values as an import takes them again.
    #[serde(default)]
    import_compat: bool,
    /// Most records to export.
    #[serde(default)]
    limit: RecordLimit,
    /// Records to skip.
    #[serde(default)]
    offset: Offset,
    /// Order, such as `name desc, id`; the model's own when empty.
    #[serde(default)]
    order: Order,
    /// Most bytes of JSON to return.
    #[serde(default)]
    max_bytes: MaxBytes,
    #[serde(flatten)]
    scope: Scope,
}

/// Result of `odoo_web_export`.
#[derive(Debug, Serialize, JsonSchema)]
struct Exported {
    /// The columns, as they were asked for.
    fields: Vec<String>,
    /// What people call the columns; the columns themselves with `import_compat`.
    header: Vec<String>,
    /// One list per row. A record with lists of lines spreads over several rows; only its first names it.
    datas: Vec<Value>,
    /// Records that these rows are about.
    records: u64,
    /// Records that match.
    total: u64,
    /// There are more than these.
    has_more: bool,
    /// Pass this as `offset` for the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
    /// How it was read: `web_session`, or `rpc` where there is none.
    via: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Tool for WebExport {
    const NAME: &'static str = "odoo_web_export";
    const TITLE: &'static str = "Export rows";
    const DESCRIPTION: &'static str = "Export records as rows with Odoo's own export, columns through relations \
         included. Works with and without a web session. The user needs Odoo's right to export.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = Exported;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        let search = reading(&self.scope, &self.model, "search", &self.domain, &self.order);
        let mut effects = vec![Effect::Records(search.bounded(u64::from(self.limit.get())))];
        // Arguments that cannot be read are refused by `check`, before anybody decides.
        if let Ok(export) = self.understood() {
            let bounded = |effect: RecordEffect| effect.bounded(u64::from(self.limit.get()));
            effects.extend(export.effects.into_iter().map(bounded).map(Effect::Records));
        }
        effects
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        let refused = |message: String| ArgumentsError {
            message,
            hint: Some("columns are paths with `/`, such as `partner_id/name`".to_owned()),
        };
        if self.fields.is_empty() || self.fields.len() > COLUMNS_MAX {
            return Err(refused(format!("`fields` names 1 to {COLUMNS_MAX} columns")));
        }
        self.understood().map(drop).map_err(|error| refused(error.to_string()))
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Exported, ToolError> {
        let web = cx.web(&self.scope.connection)?;
        if web.is_available() {
            self.export(web.odoo(), "web_session").await
        } else {
            let odoo = cx.odoo(&self.scope.connection)?;
            self.export(&odoo, "rpc").await
        }
    }
}

impl WebExport {
    /// The export as any other way would state it.
    fn understood(&self) -> Result<MethodCall, OdooError> {
        let method = MethodName::known("export_data");
        let target = Target { connection: &self.scope.connection, model: &self.model, method: &method };
        let mut call = MethodCall::understand(
            target,
            Some(Vec::new()),
            vec![json!(self.fields)],
            JsonObject::new(),
            |members| self.scope.context_over(members),
        )?;
        // Which records they are is known when they were searched.
        for effect in &mut call.effects {
            effect.ids = None;
        }
        Ok(call)
    }

    async fn export(self, odoo: &PermittedOdoo<'_>, via: &'static str) -> Result<Exported, ToolError> {
        let schema = odoo.schema(&self.model).await?;
        let header = self.header(&schema);
        let order = self.order.stable(odoo, &self.model).await;
        let context = self.context()?;
        let query = PageQuery {
            model: self.model,
            domain: self.domain.into_domain()?,
            fields: FieldName::parse("id").into_iter().collect(),
            limit: self.limit.get(),
            offset: self.offset.get(),
            order: Some(order),
            context: self.scope.context()?,
        };
        let page = odoo.page(&query).await?;
        let ids: Vec<i64> =
            page.records.iter().filter_map(|record| record.get("id").and_then(Value::as_i64)).collect();
        let mut datas = Vec::new();
        let (mut done, mut bytes) = (0, 0);
        for batch in ids.chunks(BATCH) {
            let rows = exported(odoo, &query.model, batch, &self.fields, &context).await?;
            let size = rows.iter().map(rows::bytes_of).sum::<usize>();
            if bytes + size > self.max_bytes.get() && done > 0 {
                break;
            }
            bytes += size;
            done += batch.len();
            datas.extend(rows);
            if bytes > self.max_bytes.get() {
                break;
            }
        }
        if bytes > self.max_bytes.get() {
            return Err(ToolError::too_large(
                format!(
                    "{done} records are {bytes} bytes of rows and `max_bytes` is {}",
                    self.max_bytes.get()
                ),
                "ask for fewer columns, pass a smaller `limit`, or raise `max_bytes`",
            ));
        }
        let next = u64::from(query.offset) + done as u64;
        let has_more = next < page.total && done > 0;
        Ok(Exported {
            note: (datas.len() > done)
                .then(|| format!("{done} records are {} rows: records with lists take several", datas.len())),
            fields: self.fields,
            header,
            datas,
            records: done as u64,
            total: page.total,
            has_more,
            next_offset: has_more.then_some(next),
            via,
        })
    }

    /// The mode is a member of the context, in every version.
    fn context(&self) -> Result<Context, ToolError> {
        let mut members = JsonObject::new();
        members.insert("import_compat".to_owned(), self.import_compat.into());
        Ok(self.scope.context_over(members)?)
    }

    fn header(&self, schema: &ModelSchema) -> Vec<String> {
        let named = |column: &String| {
            if self.import_compat {
                return column.clone();
            }
            let (first, rest) = column.split_once('/').unwrap_or((column, ""));
            match schema.field(first) {
                Some(field) if rest.is_empty() => field.label.clone(),
                Some(field) => format!("{}/{rest}", field.label),
                None => column.clone(),
            }
        };
        self.fields.iter().map(named).collect()
    }
}

/// One batch of rows. Without the right to export Odoo says so in the user's language.
async fn exported(
    odoo: &PermittedOdoo<'_>,
    model: &ModelName,
    ids: &[i64],
    fields: &[String],
    context: &Context,
) -> Result<Vec<Value>, ToolError> {
    let call = Call::new(model, MethodName::known("export_data"))
        .on(ids)
        .arg("fields_to_export", json!(fields))
        .within(context);
    match odoo.call(call).await {
        Ok(answer) => Ok(answer.get("datas").and_then(Value::as_array).cloned().unwrap_or_default()),
        Err(OdooError::Fault { kind: FaultKind::User, message, .. }) => Err(ToolError::Stopped {
            code: "export_refused",
            message: format!("odoo refused the export: {message}"),
            hint: Some(
                "the user needs the group `base.group_allow_export`; reading the same fields with odoo_web_read needs no such right".to_owned(),
            ),
        }),
        Err(error) => Err(error.into()),
    }
}
