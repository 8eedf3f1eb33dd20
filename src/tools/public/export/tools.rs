//! Both exports as tools.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arguments::ExportArguments,
    grouped::{Grouped, Groups},
    rows::{Exported, export},
};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    sheets::{CsvOptions, Format},
    tools::{
        ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError,
        delivery::{Delivered, DeliveredAs},
        row,
    },
};

pub(in crate::tools::public) const TOOLS: &[ToolEntry] = &[row::<ExportXlsx>(), row::<ExportCsv>()];

const XLSX_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CSV_TYPE: &str = "text/csv; charset=utf-8";

/// What became of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// Nothing matches the domain; there is no file.
    Empty,
    /// The file is in the download area.
    Saved,
    /// The file is in this answer.
    Inline,
}

/// Result of an export.
#[derive(Debug, Serialize, JsonSchema)]
struct ExportResult {
    status: Status,
    /// `xlsx` or `csv`.
    format: &'static str,
    /// Records exported.
    records: u64,
    /// Rows of the file without its header; a record has several where a column lists its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    columns: usize,
    /// More records match than were exported: raise `limit`, or narrow the domain.
    has_more: bool,
    /// Texts that were longer than a cell may be and were cut.
    #[serde(skip_serializing_if = "is_zero")]
    shortened_cells: u64,
    /// Texts that look like formulas; a quote stands before them.
    #[serde(skip_serializing_if = "is_zero")]
    guarded_cells: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Path inside the caller's download area.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The resource that serves the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// SHA-256 of the content, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// The content, where it is small and no `save_path` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_base64: Option<String>,
    #[serde(skip)]
    link: Option<Attached>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl ExportResult {
    fn of(exported: Option<Exported>, format: &'static str) -> Self {
        let mut result = Self {
            status: Status::Empty,
            format,
            records: 0,
            rows: Some(0),
            columns: 0,
            has_more: false,
            shortened_cells: 0,
            guarded_cells: 0,
            name: None,
            path: None,
            uri: None,
            mime_type: None,
            size: None,
            sha256: None,
            content_base64: None,
            link: None,
        };
        if let Some(exported) = exported {
            result.records = exported.records;
            result.rows = Some(exported.summary.rows);
            result.columns = exported.columns;
            result.has_more = exported.has_more;
            result.shortened_cells = exported.summary.shortened;
            result.guarded_cells = exported.summary.guarded;
            result.take(exported.file);
        }
        result
    }

    /// Odoo wrote the file, so how many rows it has is not known.
    fn of_groups(grouped: Option<Grouped>) -> Self {
        let mut result = Self::of(None, "xlsx");
        if let Some(grouped) = grouped {
            result.records = grouped.records;
            result.columns = grouped.columns;
            result.rows = None;
            result.take(grouped.file);
        }
        result
    }

    fn take(&mut self, file: Delivered) {
        self.link = file.link();
        self.status = match file.status {
            DeliveredAs::Saved => Status::Saved,
            DeliveredAs::Inline => Status::Inline,
        };
        self.name = Some(file.name);
        self.path = file.path;
        self.uri = file.uri;
        self.mime_type = Some(file.mime_type);
        self.size = Some(file.size);
        self.sha256 = Some(file.sha256);
        self.content_base64 = file.content_base64;
    }
}

/// Arguments of `public_access_export_xlsx`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct ExportXlsx {
    #[serde(flatten)]
    asked: ExportArguments,
    /// Fields to group the rows by, such as `country_id` or `date_order:month`; Odoo itself writes the
    /// file then, which needs a web session.
    #[serde(default)]
    group_by: Groups,
}

impl Tool for ExportXlsx {
    const NAME: &'static str = "public_access_export_xlsx";
    const TITLE: &'static str = "Export as spreadsheet";
    const DESCRIPTION: &'static str = "Export records as an XLSX file with typed cells: \
         `{\"model\": \"sale.order\", \"fields\": [\"name\", \"partner_id/name\", \"amount_total\"]}`. A large file \
         goes to the download area and comes as a link; to see a few rows use odoo_search_read.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = ExportResult;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.asked.effects(&self.group_by.fields())
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        self.group_by.check(&self.asked)?;
        self.asked.check()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<ExportResult, ToolError> {
        if !self.group_by.is_empty() {
            return Ok(ExportResult::of_groups(self.group_by.export(self.asked, cx).await?));
        }
        let format = Format::Xlsx { sheet: self.asked.model.to_string() };
        Ok(ExportResult::of(export(self.asked, format, XLSX_TYPE, cx).await?, "xlsx"))
    }

    fn attached(output: &ExportResult) -> Vec<Attached> {
        output.link.iter().cloned().collect()
    }
}

/// Arguments of `public_access_export_csv`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct ExportCsv {
    #[serde(flatten)]
    asked: ExportArguments,
    /// Begin with a byte order mark, which some spreadsheets need to read accents.
    #[serde(default)]
    byte_order_mark: bool,
}

impl Tool for ExportCsv {
    const NAME: &'static str = "public_access_export_csv";
    const TITLE: &'static str = "Export as CSV";
    const DESCRIPTION: &'static str = "Export records as comma-separated values: \
         `{\"model\": \"res.partner\", \"fields\": [\"name\", \"country_id/code\"]}`. Texts that a spreadsheet would \
         take for a formula begin with a quote. A large file goes to the download area and comes as a link.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = ExportResult;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        self.asked.effects(&[])
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        self.asked.check()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<ExportResult, ToolError> {
        let options = CsvOptions { byte_order_mark: self.byte_order_mark, guard_formulas: true };
        Ok(ExportResult::of(export(self.asked, Format::Csv(options), CSV_TYPE, cx).await?, "csv"))
    }

    fn attached(output: &ExportResult) -> Vec<Attached> {
        output.link.iter().cloned().collect()
    }
}
