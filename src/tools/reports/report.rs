//! `odoo_report`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Converter, PrintArguments, print, print::Printed, print_effects};
use crate::{
    facts::{Caller, Class, Effect, Risk},
    tools::{ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError, delivery::Delivered, row},
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Report>()];

/// A document as an answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct PageOfReport {
    /// Such as `pdf`.
    format: &'static str,
    #[serde(flatten)]
    file: Delivered,
    /// Pages of the document, where they can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u64>,
    /// What people call the report.
    report: String,
    /// The model that it prints.
    model: String,
}

/// The answer of every tool that prints.
pub(in crate::tools) fn page_of_report(printed: Printed, format: &'static str) -> PageOfReport {
    PageOfReport {
        format,
        file: printed.file,
        pages: printed.pages,
        report: printed.report.title,
        model: printed.report.model.to_string(),
    }
}

impl PageOfReport {
    pub(in crate::tools) fn link(&self) -> Vec<Attached> {
        self.file.link().into_iter().collect()
    }
}

/// Arguments of `odoo_report`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
struct Report(PrintArguments);

impl Tool for Report {
    const NAME: &'static str = "odoo_report";
    const TITLE: &'static str = "Print a report as PDF";
    const DESCRIPTION: &'static str = "Print records as PDF with one of Odoo's reports, such as \
         `sale.report_saleorder` for quotations and orders or `account.report_invoice_with_payments` for \
         invoices. A large file goes to the download area and comes as a link.";
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
