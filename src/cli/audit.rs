//! `audit`: is the chain of the log whole, and what does it say?

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Session, Stop, terminal::table};
use crate::{
    audit::{self, AuditLog, ChainReport},
    config::{Config, Flags},
    house::AUDIT_FILE_NAME,
    odoo::seal_keys,
};

/// Read and verify the audit log
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  odoo-mcp audit verify
  odoo-mcp audit verify /backup/audit.jsonl
  odoo-mcp audit show --last 20")]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Subcommands,
    /// Where connections, keys and the audit log are kept
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Check every hash and link from the first line to the last
    Verify {
        /// The log to check [default: the one of the state directory]
        file: Option<PathBuf>,
    },
    /// Show the last calls
    Show {
        /// How many lines of the log
        #[arg(long, value_name = "N", default_value_t = 40)]
        last: usize,
        /// The log to read [default: the one of the state directory]
        file: Option<PathBuf>,
    },
}

impl Audit {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let flags =
            Flags { state_dir: self.state_dir, config: session.config_file.clone(), ..Flags::default() };
        match self.command {
            Subcommands::Verify { file: Some(file) } => verify(session, &file),
            Subcommands::Verify { file: None } => verify_own(session, &session.load(&flags)?),
            Subcommands::Show { last, file: Some(file) } => show(session, &file, last),
            Subcommands::Show { last, file: None } => {
                show(session, &own_log(session, &session.load(&flags)?)?, last)
            }
        }
    }
}

/// The log of these settings as a file. Where replicas share it, their lines are fetched first.
pub(super) fn own_log(session: &Session, config: &Config) -> Result<PathBuf, Stop> {
    let path = config.state_dir.join(AUDIT_FILE_NAME);
    if config.store.is_some() {
        let state = session.state(config)?;
        let keys = seal_keys(config, &state).map_err(|error| Stop::Settings(error.to_string()))?;
        let failed = |error: audit::AuditError| Stop::FailedWith(error.to_string());
        let log = AuditLog::open_in_state(&state, AUDIT_FILE_NAME, keys).map_err(failed)?;
        log.catch_up().map_err(failed)?;
    }
    Ok(path)
}

/// The report of the log of these settings: of the store, where replicas share it.
pub(super) fn report_of_own(session: &Session, config: &Config) -> Result<ChainReport, Stop> {
    let path = config.state_dir.join(AUDIT_FILE_NAME);
    if config.store.is_none() {
        return audit::verify(&path).map_err(|error| unreadable(&path, &error));
    }
    let state = session.state(config)?;
    let Some(store) = state.store() else { return Err(Stop::Internal("no shared store".to_owned())) };
    audit::verify_shared(store, &path).map_err(|error| {
        Stop::FailedWith(format!("the audit log of the shared store cannot be read: {error}"))
    })
}

fn verify_own(session: &Session, config: &Config) -> Result<(), Stop> {
    tell(session, &report_of_own(session, config)?)
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Stop {
    Stop::FailedWith(format!("the audit log `{}` cannot be read: {}", path.display(), error.kind()))
}

pub(super) fn verify(session: &Session, path: &Path) -> Result<(), Stop> {
    tell(session, &audit::verify(path).map_err(|error| unreadable(path, &error))?)
}

pub(super) fn tell(session: &Session, report: &ChainReport) -> Result<(), Stop> {
    for found in report.breaks.iter().chain(&report.torn) {
        session.terminal.line(&format!("{} line {}: {}", found.file, found.line, found.why))?;
    }
    if let Some(first) = report.begins_at {
        session.terminal.line(&format!("the files before line {first} are not here"))?;
    }
    for key in &report.keys {
        let line = format!("{} checkpoints, signed by ed25519 {key}", report.checkpoints);
        session.terminal.line(&line)?;
    }
    let counts =
        format!("{} lines, {} calls opened, {} closed", report.lines, report.calls_open, report.calls_closed);
    if report.holds() {
        Ok(session.terminal.line(&format!("the chain holds: {counts}"))?)
    } else {
        session.terminal.line(&format!("the chain is broken in {} places: {counts}", report.breaks.len()))?;
        Err(Stop::Failed)
    }
}

fn show(session: &Session, path: &Path, last: usize) -> Result<(), Stop> {
    let lines = last_lines(path, last).map_err(|error| unreadable(path, &error))?;
    let rows: Vec<Vec<String>> = lines.iter().map(readable).collect();
    Ok(session.terminal.line(&table(&rows))?)
}

/// What a plugin asked for, such as `vendor_match odoo.read res.partner: answered`.
fn plugin_request(request: &Value) -> String {
    let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
    let asked: Vec<&str> = ["plugin", "capability", "model", "method"]
        .map(text)
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    format!("{}: {}", asked.join(" "), text("outcome"))
}

/// The last lines that are whole.
pub(super) fn last_lines(path: &Path, count: usize) -> io::Result<Vec<Value>> {
    let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        kept.push_back(line?);
        if kept.len() > count {
            kept.pop_front();
        }
    }
    Ok(kept.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

/// One line of the log as the columns number, time, call, what.
pub(super) fn readable(line: &Value) -> Vec<String> {
    let text = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = line.get("seq").map(ToString::to_string).unwrap_or_default();
    let event = text("event");
    let what = match event.as_str() {
        "open" => {
            let grant = line.pointer("/caller/grant").and_then(Value::as_str).unwrap_or_default();
            let by = line.pointer("/caller/by").and_then(Value::as_str).unwrap_or_default();
            let effects: Vec<String> =
                line.get("effects").and_then(Value::as_array).into_iter().flatten().map(effect).collect();
            format!(
                "{} {} by {grant} ({by}) {} {}",
                text("decision"),
                text("tool"),
                text("rule"),
                effects.join("; ")
            )
        }
        "close" => {
            let duration_us = line.get("duration_us").and_then(Value::as_u64).unwrap_or_default();
            let code = text("code");
            let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
            let asked = line
                .get("plugin_requests")
                .and_then(Value::as_array)
                .map(|asked| asked.iter().map(plugin_request));
            let asked =
                asked.map(|asked| format!("; {}", asked.collect::<Vec<_>>().join("; "))).unwrap_or_default();
            let (ms, tenth) = (duration_us / 1_000, duration_us % 1_000 / 100);
            format!("{}{code} in {ms}.{tenth} ms{asked}", text("outcome"))
        }
        "approval" => {
            let by = text("by");
            let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
            format!(
                "{} {}{by}: {} for {} {}",
                text("approval"),
                text("what"),
                text("tool"),
                text("user"),
                text("rule")
            )
        }
        "unknown" => {
            let hidden = line.get("hidden").and_then(Value::as_bool).unwrap_or_default();
            let why = if hidden { "hidden" } else { "no such tool" };
            format!("{} by {} ({why})", text("tool"), text("grant"))
        }
        "signed_in" | "signed_out" => format!("{} from {}", text("user"), text("address")),
        "client_allowed" | "client_denied" => {
            format!("{} by {}: {}", text("name"), text("user"), text("scopes"))
        }
        "alarm" => text("kind"),
        _ => String::new(),
    };
    vec![number, text("at"), text("call"), event, what.trim_end().to_owned()]
}

fn effect(effect: &Value) -> String {
    let text = |key: &str| effect.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("kind") {
        "connection" => return format!("{} {}", text("change"), text("connection")),
        "all_connections" => return format!("{} all connections", text("change")),
        _ => {}
    }
    let ids = effect.get("ids").map(|ids| format!(" {ids}")).unwrap_or_default();
    let fields = effect.get("fields_written").map(|fields| format!(" {fields}")).unwrap_or_default();
    format!("{} {}.{}{ids}{fields}", text("connection"), text("model"), text("method"))
}
