//! `odoo_report`.

use super::{Converter, Printing, PrintsAs};
use crate::tools::{ToolEntry, row};

pub(super) const TOOLS: &[ToolEntry] = &[row::<Printing<Report>>()];

#[derive(Debug)]
struct Report;

impl PrintsAs for Report {
    const NAME: &'static str = "odoo_report";
    const TITLE: &'static str = "Print a report as PDF";
    const DESCRIPTION: &'static str = "Print records as PDF with one of Odoo's reports, such as \
         `sale.report_saleorder` for quotations and orders or `account.report_invoice_with_payments` for \
         invoices. A large file goes to the download area and comes as a link.";
    const CONVERTER: Converter = Converter::Pdf;
}
