//! `policy test`: case files, run without any Odoo.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{input, which::Which};
use crate::{
    cli::{Session, Stop},
    rehearsal::{self, Report},
    tools::Catalog,
};

/// Run case files: policies, calls, and what must come of them
#[derive(Debug, Args)]
#[command(after_help = "\
A case file is a JSON object. Under `documents` stand policies with calls in order; each call names a
`tool` and what it should `expect` (`allow`, `deny`, `ask`, `limited`, `unknown`, ...), and may give
`args`, `effects`, `grant`, `at`, `rule`, `reason`. Under `refused` stand documents that must not load.
A document without a `policy` is run under --policy.
Exits 0 if all came out as expected, 1 if not, 64 if a file cannot be read.

Examples:
  odoo-mcp policy test tests/policies
  odoo-mcp policy test my-cases.json --policy policy.json --json")]
pub(super) struct Test {
    /// A folder of `*.json` files, or one file
    path: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Test {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let (_, policy) = self.which.text(session)?;
        let catalog = Catalog::new();
        let mut reports: Vec<(String, Report)> = Vec::new();
        for path in case_files(&self.path)? {
            let shown = path.display().to_string();
            let text = input::text(&shown)?;
            let cases =
                rehearsal::read(&text).map_err(|error| Stop::Settings(format!("{shown}: {error}")))?;
            reports.push((shown, rehearsal::check(&cases, &catalog, Some(&policy))));
        }
        let findings = reports.iter().map(|(_, report)| report.findings.len()).sum::<usize>();
        let calls = reports.iter().map(|(_, report)| report.calls).sum::<usize>();
        let refused = reports.iter().map(|(_, report)| report.refused).sum::<usize>();
        if self.json {
            let listed: Vec<_> = reports.iter().map(|(file, report)| listed(file, report)).collect();
            session.terminal.json(&json!({ "ok": findings == 0, "files": listed }))?;
        } else {
            for (file, report) in &reports {
                for finding in &report.findings {
                    session.terminal.line(&format!("{file}: {finding}"))?;
                }
            }
            let files = reports.len();
            session.terminal.line(&format!(
                "{files} files, {calls} calls, {refused} refused documents: {}",
                match findings {
                    0 => "all as expected".to_owned(),
                    1 => "1 not as expected".to_owned(),
                    count => format!("{count} not as expected"),
                }
            ))?;
        }
        if findings == 0 { Ok(()) } else { Err(Stop::Failed) }
    }
}

fn listed(file: &str, report: &Report) -> serde_json::Value {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| json!({ "document": finding.document, "call": finding.call, "why": finding.why }))
        .collect();
    json!({
        "file": file, "documents": report.documents, "calls": report.calls, "refused": report.refused,
        "findings": findings,
    })
}

/// The files of a folder by name, or the file itself.
fn case_files(path: &Path) -> Result<Vec<PathBuf>, Stop> {
    let unreadable = |error: std::io::Error| {
        Stop::Settings(format!("`{}` cannot be read: {}", path.display(), error.kind()))
    };
    if !path.metadata().map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Stop::Settings(format!("there are no `*.json` files in `{}`", path.display())));
    }
    Ok(files)
}
