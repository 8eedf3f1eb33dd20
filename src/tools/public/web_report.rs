//! Reports as text: the web form of a report, read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{Caller, Class, Effect, Risk},
    markup::{Page, sanitised},
    odoo::PageRequest,
    tools::{
        ArgumentsError, Attached, CallContext, Tool, ToolEntry, ToolError,
        delivery::{Delivered, Outgoing},
        reports::{PrintArguments, explained, found_report, print_effects, report_path},
        row,
    },
};

pub(super) const TOOLS: &[ToolEntry] = &[row::<ReportHtml>()];

/// A report is read whole before it is made into text; larger ones are for PDF.
const PAGE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Characters of text in the answer: about five thousand words. The file holds everything.
const TEXT_CHARACTERS_MAX: usize = 30_000;

/// Arguments of `public_access_report_html`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
struct ReportHtml(PrintArguments);

/// Result of `public_access_report_html`.
#[derive(Debug, Serialize, JsonSchema)]
struct ReportText {
    /// What people call the report.
    report: String,
    model: String,
    /// The report as text; tables row by row.
    text: String,
    /// There is more text than this; the file holds all of it.
    truncated: bool,
    /// Tables of the report: headers and rows.
    tables: Vec<ReportTable>,
    /// The report as harmless HTML, where it was asked for with `save_path` or is longer than the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Delivered>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ReportTable {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Tool for ReportHtml {
    const NAME: &'static str = "public_access_report_html";
    const TITLE: &'static str = "Report as text";
    const DESCRIPTION: &'static str = "Read one of Odoo's reports as text and tables, such as a quotation or an \
         invoice; `save_path` also keeps it as harmless HTML. Works where the server cannot make PDFs.";
    const CLASS: Class = Class::Read;
    const RISK: Risk = Risk::Low;
    type Output = ReportText;

    fn effects(&self, _: &Caller) -> Vec<Effect> {
        print_effects(&self.0)
    }

    fn check(&self) -> Result<(), ArgumentsError> {
        if self.0.portal {
            return Err(ArgumentsError {
                message: "the portal prints PDFs only".to_owned(),
                hint: Some("use public_access_report_pdf with `portal`".to_owned()),
            });
        }
        self.0.check()
    }

    async fn run(self, cx: &CallContext<'_>) -> Result<ReportText, ToolError> {
        let asked = self.0;
        let report = found_report(&asked, cx).await?;
        let name = format!("{}.html", report.title);
        let saving = !asked.save_path.is_empty();
        // Taken before anything is fetched, so that a wrong path costs nothing.
        let mut outgoing = Outgoing::begin(cx.files(), &name, &asked.save_path).await?;
        let request = PageRequest::get(report_path(&asked, "html")?).up_to(PAGE_BYTES_MAX);
        let answer = cx.web(&asked.connection)?.fetch(request).await?;
        let (status, is_html) = (answer.status, answer.media_type() == "text/html");
        let html = answer.text(PAGE_BYTES_MAX).await?;
        if status != 200 || !is_html {
            let odoo = cx.odoo(&asked.connection)?;
            return Err(explained(&odoo, status, &html, asked.ids.as_slice().len()).await);
        }
        let page = Page::parse(&html);
        let whole = page.text();
        let text = beginning(&whole);
        let truncated = text.len() < whole.len();
        let mut file = None;
        if saving || truncated {
            outgoing.write(sanitised(&html).markup.as_bytes()).await?;
            file = Some(outgoing.finish("text/html").await?);
        }
        Ok(ReportText {
            report: report.title,
            model: report.model.to_string(),
            text: text.to_owned(),
            truncated,
            tables: tables(&page),
            file,
        })
    }

    fn attached(output: &ReportText) -> Vec<Attached> {
        output.file.as_ref().and_then(Delivered::link).into_iter().collect()
    }
}

fn tables(page: &Page<'_>) -> Vec<ReportTable> {
    let read = page.tables().into_iter().map(|table| ReportTable {
        headers: table.headers,
        rows: table.rows.into_iter().map(|row| row.into_iter().map(|cell| cell.text).collect()).collect(),
    });
    read.filter(|table| !table.rows.is_empty()).collect()
}

/// As much of a text as an answer holds, cut between characters.
fn beginning(text: &str) -> &str {
    match text.char_indices().nth(TEXT_CHARACTERS_MAX) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}
