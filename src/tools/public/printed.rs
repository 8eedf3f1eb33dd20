//! Reports as files: PDF and XLSX.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::{Caller, Class, Effect, Risk},
    tools::{
        ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError,
        reports::{Converter, PageOfReport, PrintArguments, page_of_report, print, print_effects},
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ReportPdf>(), row::<ReportXlsx>()];

/// Arguments of `public_access_report_pdf`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
struct ReportPdf(PrintArguments);

impl Tool for ReportPdf {
    const NAME: &'static str = "public_access_report_pdf";
    const TITLE: &'static str = "Report as PDF";
    const DESCRIPTION: &'static str = "Print records as PDF with one of Odoo's reports; the same as \
         odoo_report. A large file goes to the download area and comes as a link.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = PageOfReport;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        print_effects(&self.0)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        self.0.check()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<PageOfReport, ToolError> {
        Ok(page_of_report(print(&self.0, Converter::Pdf, cx).await?, "pdf"))
    }

    fn attached(output: &PageOfReport) -> Vec<Attached> {
        output.link()
    }
}

/// Arguments of `public_access_report_xlsx`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
struct ReportXlsx(PrintArguments);

impl Tool for ReportXlsx {
    const NAME: &'static str = "public_access_report_xlsx";
    const TITLE: &'static str = "Report as spreadsheet";
    const DESCRIPTION: &'static str = "Make a spreadsheet with a report of the community module `report_xlsx`. \
         Rows of any model come from public_access_export_xlsx instead.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = PageOfReport;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        print_effects(&self.0)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if self.0.portal {
            return Err(ArgumentsError {
                message: "the portal prints no spreadsheets".to_owned(),
                hint: Some("leave `portal` out".to_owned()),
            });
        }
        self.0.check()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<PageOfReport, ToolError> {
        Ok(page_of_report(print(&self.0, Converter::Xlsx, cx).await?, "xlsx"))
    }

    fn attached(output: &PageOfReport) -> Vec<Attached> {
        output.link()
    }
}
