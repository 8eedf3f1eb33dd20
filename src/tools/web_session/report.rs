//! Reports over the web session: the one implementation of them, under this family's name.

use crate::tools::{
    ToolEntry,
    reports::{Converter, Printing, PrintsAs},
    row,
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Printing<WebReport>>()];

#[derive(Debug)]
struct WebReport;

impl PrintsAs for WebReport {
    const NAME: &'static str = "odoo_web_report";
    const TITLE: &'static str = "Report as PDF over the web session";
    const DESCRIPTION: &'static str = "Print records as PDF with one of Odoo's reports, over your web session: \
         `{\"report_name\": \"sale.report_saleorder\", \"ids\": [7]}`. The same as odoo_report.";
    const CONVERTER: Converter = Converter::Pdf;
}
