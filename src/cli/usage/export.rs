//! `usage export`: every row and column as a CSV file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use super::{
    place::{Place, stopped},
    words::Between,
};
use crate::{
    cli::{Session, Stop},
    sheets::{CsvOptions, Format, Sheet, Summary},
    tools::{usage_cells, usage_columns},
    usage::{CallFilter, Span, Tenant, UsageLedger},
};

/// Rows that are in memory at once.
const PAGE_ROWS: usize = 1_000;

/// Write calls to a CSV file, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
FILE must not exist yet; nothing is ever overwritten. Texts that a spreadsheet would run as formulas
begin with a quote.")]
pub(super) struct Export {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    between: Between,
}

impl Export {
    pub(super) async fn run(self, session: &Session, place: Place, as_json: bool) -> Result<(), Stop> {
        let span = self.between.span(place.ledger.time_zone())?;
        let tenant = place.tenant().await?;
        let shown = self.file.display();
        let file = new_file(&self.file).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => {
                Stop::Settings(format!("`{shown}` is there already; nothing was written"))
            }
            kind => Stop::FailedWith(format!("`{shown}` cannot be written: {kind}")),
        })?;
        let summary = match write(&place.ledger, tenant.as_ref(), span, file, &self.file).await {
            Ok(summary) => summary,
            Err(stop) => {
                // Half a file would look like a whole one.
                let _ = fs::remove_file(&self.file);
                return Err(stop);
            }
        };
        if as_json {
            let code = tenant.map(|tenant| tenant.code);
            let done = json!({ "tenant_code": code, "rows": summary.rows, "guarded": summary.guarded });
            return Ok(session.terminal.json(&done)?);
        }
        Ok(session.terminal.line(&format!("`{shown}`: {} rows", summary.rows))?)
    }
}

/// Names of files and texts of errors are for this user's eyes.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

async fn write(
    ledger: &UsageLedger,
    tenant: Option<&Tenant>,
    span: Span,
    file: File,
    path: &Path,
) -> Result<Summary, Stop> {
    let failed = |why: &dyn std::fmt::Display| {
        Stop::FailedWith(format!("`{}` cannot be written: {why}", path.display()))
    };
    let format = Format::Csv(CsvOptions { byte_order_mark: false, guard_formulas: true });
    let mut sheet =
        Sheet::begin(BufWriter::new(file), &format, &usage_columns()).map_err(|error| failed(&error))?;
    let filter = CallFilter { span, ..CallFilter::default() };
    let mut after: Option<String> = None;
    while let Some(tenant) = tenant {
        let page = ledger.calls(tenant, filter.clone(), PAGE_ROWS, 0, after.as_deref());
        let page = page.await.map_err(|error| stopped(&error))?;
        for row in &page.rows {
            sheet.row(&usage_cells(row)).map_err(|error| failed(&error))?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let (mut file, summary) = sheet.finish().map_err(|error| failed(&error))?;
    file.flush().map_err(|error| failed(&error.kind()))?;
    Ok(summary)
}
