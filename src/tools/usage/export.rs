//! The rows of the ledger as a CSV file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    shared::{ledger_of, looks_at, zone},
    table::{usage_cells, usage_columns},
};
use crate::{
    facts::{Caller, Class, ConnectionAlias, Effect, Risk},
    sheets::{CsvOptions, Format, Sheet, SheetError},
    tools::{
        Attached, CallContext, Tool, ToolEntry, ToolError,
        delivery::{Buffer, Delivered},
        row,
    },
    usage::{CallFilter, Span},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<LogExport>()];

/// Rows that are in memory at once.
const PAGE_ROWS: usize = 1_000;
const MIME_TYPE: &str = "text/csv";

/// Arguments of `ai_usage_log_export`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogExport {
    /// Connection alias.
    #[serde(default = "ConnectionAlias::default_alias")]
    connection: ConnectionAlias,
    /// The connection's own tenant; may be left out. Another one is refused.
    #[serde(default)]
    tenant_code: String,
    /// Not before this day (`2026-01-31`) or time (`2026-01-31T12:00:00Z`).
    #[serde(default)]
    date_from: String,
    /// Not after this day, which is included as a whole, or time.
    #[serde(default)]
    date_to: String,
    /// Time zone of days and of times without an offset, such as `Europe/Sofia`; the company's one of the settings when empty.
    #[serde(default)]
    tz: String,
    /// Where in the download area the file goes: a path, or a folder with `/` at the end.
    #[serde(default)]
    save_path: String,
}

/// Result of `ai_usage_log_export`.
#[derive(Debug, Serialize, JsonSchema)]
struct Exported {
    tenant_code: String,
    /// Records of the file, without the header.
    rows: u64,
    /// Texts that a spreadsheet would have taken for a formula; they begin with a quote now.
    guarded: u64,
    /// The file in the download area; none where nothing matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Delivered>,
    /// The content, where it is small; empty where nothing matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    csv: Option<String>,
}

impl Tool for LogExport {
    const NAME: &'static str = "ai_usage_log_export";
    const TITLE: &'static str = "Calls of language models as CSV";
    const DESCRIPTION: &'static str = "All calls of language models for this connection between two days as a \
         CSV file in the download area, newest first, with size and SHA-256; a small file is in `csv` as well. \
         Texts that a spreadsheet would run as formulas are made harmless. Needs no reachable Odoo.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Medium;
    type Output = Exported;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        vec![looks_at(&self.connection)]
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<Exported, ToolError> {
        let (ledger, tenant) = ledger_of(cx, &self.connection, &self.tenant_code)?;
        let span = Span::between(&self.date_from, &self.date_to, &zone(&self.tz, &ledger)?)?;
        let filter = CallFilter { span, ..CallFilter::default() };
        ledger.sweep().await?;
        let mut page = ledger.calls(&tenant, filter.clone(), PAGE_ROWS, 0, None).await?;
        if page.rows.is_empty() {
            let csv = Some(String::new());
            return Ok(Exported { tenant_code: tenant.code, rows: 0, guarded: 0, file: None, csv });
        }
        let name = format!("ai-usage-{}.csv", tenant.code);
        let save_path = Some(self.save_path.as_str()).filter(|path| !path.is_empty());
        let mut file = cx.files().begin(&name, save_path).await?;
        let inline_bytes_max = cx.files().limits().inline_bytes_max;
        let mut inline: Option<Vec<u8>> = Some(Vec::new());
        let format = Format::Csv(CsvOptions { byte_order_mark: false, guard_formulas: true });
        let buffer = Buffer::default();
        let mut sheet =
            Sheet::begin(buffer.clone(), &format, &usage_columns()).map_err(|error| refused(&error))?;
        let mut done = 0;
        loop {
            for row in &page.rows {
                sheet.row(&usage_cells(row)).map_err(|error| refused(&error))?;
            }
            let bytes = buffer.take();
            file.write(&bytes).await?;
            inline = inline.filter(|held| (held.len() + bytes.len()) as u64 <= inline_bytes_max);
            if let Some(held) = &mut inline {
                held.extend_from_slice(&bytes);
            }
            done += page.rows.len() as u64;
            cx.progress().report(done as f64, Some(page.total.max(done) as f64), "exporting calls");
            let Some(next) = page.next.take() else { break };
            page = ledger.calls(&tenant, filter.clone(), PAGE_ROWS, 0, Some(&next)).await?;
        }
        let (_, summary) = sheet.finish().map_err(|error| refused(&error))?;
        let file = Delivered::saved(file.finish(MIME_TYPE).await?);
        let csv = inline.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(Exported {
            tenant_code: tenant.code,
            rows: summary.rows,
            guarded: summary.guarded,
            file: Some(file),
            csv,
        })
    }

    fn attached(output: &Exported) -> Vec<Attached> {
        output.file.as_ref().and_then(Delivered::link).into_iter().collect()
    }
}

fn refused(error: &SheetError) -> ToolError {
    ToolError::Internal { detail: error.to_string().into() }
}
