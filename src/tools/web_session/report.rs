//! Reports over the web session: the one implementation of them, under this family's name.

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

pub(super) const TOOLS: &[ToolEntry] = &[row::<WebReport>()];

/// Arguments of `odoo_web_report`: those of every report.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
struct WebReport(PrintArguments);

impl Tool for WebReport {
    const NAME: &'static str = "odoo_web_report";
    const TITLE: &'static str = "Report as PDF over the web session";
    const DESCRIPTION: &'static str = "Print records as PDF with one of Odoo's reports, over your web session: \
         `{\"report_name\": \"sale.report_saleorder\", \"ids\": [7]}`. The same as odoo_report.";
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
