//! `policy verify-log`: the same check as `audit verify`, where people look for it.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::{
    audit,
    cli::{Session, Stop},
    config::Flags,
};

/// Check the chain of the log, its gaps and its signed checkpoints
#[derive(Debug, Args)]
#[command(after_help = "\
The same as `odoo-mcp audit verify`. Exits 0 if the chain holds, 1 if not.

Examples:
  odoo-mcp policy verify-log
  odoo-mcp policy verify-log backup/audit.jsonl --json")]
pub(super) struct VerifyLog {
    /// The log [default: the one of the state directory]
    file: Option<PathBuf>,
    /// Where the log is kept
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl VerifyLog {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let flags =
            Flags { state_dir: self.state_dir, config: session.config_file.clone(), ..Flags::default() };
        let report = match self.file {
            Some(path) => {
                audit::verify(&path).map_err(|error| crate::cli::audit::unreadable(&path, &error))?
            }
            None => crate::cli::audit::report_of_own(session, &session.load(&flags)?)?,
        };
        if !self.json {
            return crate::cli::audit::tell(session, &report);
        }
        let listed = |found: &[audit::ChainBreak]| -> Vec<Value> {
            found
                .iter()
                .map(|found| json!({ "file": found.file, "line": found.line, "why": found.why }))
                .collect()
        };
        session.terminal.json(&json!({
            "ok": report.holds(),
            "lines": report.lines,
            "calls_opened": report.calls_open,
            "calls_closed": report.calls_closed,
            "checkpoints": report.checkpoints,
            "keys": report.keys,
            "begins_at": report.begins_at,
            "breaks": listed(&report.breaks),
            "torn": listed(&report.torn),
        }))?;
        if report.holds() { Ok(()) } else { Err(Stop::Failed) }
    }
}
