//! Reports as files: PDF and XLSX.

use crate::tools::{
    ToolEntry,
    reports::{Converter, Printing, PrintsAs},
    row,
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Printing<ReportPdf>>(), row::<Printing<ReportXlsx>>()];

#[derive(Debug)]
struct ReportPdf;

impl PrintsAs for ReportPdf {
    const NAME: &'static str = "public_access_report_pdf";
    const TITLE: &'static str = "Report as PDF";
    const DESCRIPTION: &'static str = "Print records as PDF with one of Odoo's reports; the same as \
         odoo_report. A large file goes to the download area and comes as a link.";
    const CONVERTER: Converter = Converter::Pdf;
}

#[derive(Debug)]
struct ReportXlsx;

impl PrintsAs for ReportXlsx {
    const NAME: &'static str = "public_access_report_xlsx";
    const TITLE: &'static str = "Report as spreadsheet";
    const DESCRIPTION: &'static str = "Make a spreadsheet with a report of the community module `report_xlsx`. \
         Rows of any model come from public_access_export_xlsx instead.";
    const CONVERTER: Converter = Converter::Xlsx;
}
