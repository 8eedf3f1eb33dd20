//! `approvals`: questions that wait for a person, and the person's answer.
//!
//! Works beside running servers: they share the state directory, and the caller's next try finds
//! what was said here.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Session, Stop, terminal::table};
use crate::{
    approvals::{ApprovalId, Approvals, Door, Entry},
    audit::AuditLog,
    config::{Config, Flags},
    house::AUDIT_FILE_NAME,
    identity::at_command_line,
    odoo::seal_keys,
    pipeline::ApprovalNote,
    store::StateDir,
};

/// Answer questions that calls wait for
#[derive(Debug, Args)]
#[command(after_help = "\
A grant is for exactly the call that was asked for, once. If the records or the policy change before
the call comes back, it is asked for again.

Examples:
  odoo-mcp approvals
  odoo-mcp approvals show 7k2m9x4c0q
  odoo-mcp approvals grant 7k2m9x4c0q
  odoo-mcp approvals refuse 7k2m9x4c0q")]
pub(super) struct ApprovalsCommand {
    #[command(subcommand)]
    command: Option<Subcommands>,
    /// Where connections, keys and the audit log are kept
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// What waits for an answer or for its call [default]
    List {
        /// Also what was refused, used or has expired
        #[arg(long)]
        all: bool,
    },
    /// What would happen, before and after, and which rule asks
    Show { id: String },
    /// Let exactly this call happen once
    Grant { id: String },
    /// Say no; also takes a grant back that was not used yet
    Refuse { id: String },
}

impl ApprovalsCommand {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let flags =
            Flags { state_dir: self.state_dir, config: session.config_file.clone(), ..Flags::default() };
        let desk = Desk::open(session, session.load(&flags)?)?;
        match self.command {
            None => desk.list(session, false, self.json),
            Some(Subcommands::List { all }) => desk.list(session, all, self.json),
            Some(Subcommands::Show { id }) => desk.show(session, &id, self.json),
            Some(Subcommands::Grant { id }) => desk.decide(session, &id, true, self.json),
            Some(Subcommands::Refuse { id }) => desk.decide(session, &id, false, self.json),
        }
    }
}

/// The approvals of a state directory and the log that hears of what is said.
struct Desk {
    config: Config,
    state: StateDir,
    approvals: Approvals,
}

impl Desk {
    fn open(session: &Session, config: Config) -> Result<Self, Stop> {
        let settings = |error: &dyn std::fmt::Display| Stop::Settings(error.to_string());
        let state = session.state(&config)?;
        let keys = seal_keys(&config, &state).map_err(|error| settings(&error))?;
        let approvals = Approvals::open(&state, keys).map_err(|error| settings(&error))?;
        Ok(Self { config, state, approvals })
    }

    fn list(&self, session: &Session, all: bool, as_json: bool) -> Result<(), Stop> {
        let now = Timestamp::now();
        let mut entries = self.approvals.list().map_err(|error| failed(&error))?;
        entries.retain(|entry| all || matches!(entry.standing(now), "pending" | "granted"));
        if as_json {
            let entries: Vec<Value> = entries.iter().map(|entry| described(entry, now)).collect();
            return Ok(session.terminal.json(&json!({ "approvals": entries }))?);
        }
        if entries.is_empty() {
            return Ok(session.terminal.line("nothing waits for an answer")?);
        }
        let head = ["id", "is", "tool", "asked by", "grant", "until", "rule"].map(str::to_owned).to_vec();
        let mut rows = vec![head];
        rows.extend(entries.iter().map(|entry| row(entry, now)));
        Ok(session.terminal.line(&table(&rows))?)
    }

    fn show(&self, session: &Session, id: &str, as_json: bool) -> Result<(), Stop> {
        let now = Timestamp::now();
        let entry = parse(id).map(|id| self.approvals.show(&id)).transpose();
        let entry = entry.map_err(|error| failed(&error))?.flatten().ok_or_else(|| unknown(id))?;
        if as_json {
            let mut shown = described(&entry, now);
            if let Some(members) = shown.as_object_mut() {
                members.insert("question".to_owned(), json!(entry.text));
            }
            return Ok(session.terminal.json(&shown)?);
        }
        let by = entry.state.by().map(|by| format!(" by {by}")).unwrap_or_default();
        let head = format!(
            "{} is {}{by}; asked at {}, good until {}",
            entry.id,
            entry.standing(now),
            short(entry.asked_at),
            short(entry.expires_at)
        );
        session.terminal.line(&head)?;
        session.terminal.line("")?;
        Ok(session.terminal.line(&entry.text)?)
    }

    fn decide(&self, session: &Session, id: &str, yes: bool, as_json: bool) -> Result<(), Stop> {
        let now = Timestamp::now();
        let person = at_command_line(self.state.root());
        let parsed = parse(id).ok_or_else(|| unknown(id))?;
        let keys = seal_keys(&self.config, &self.state).map_err(|error| Stop::Settings(error.to_string()))?;
        let log = AuditLog::open_in_state(&self.state, AUDIT_FILE_NAME, keys)
            .map_err(|error| Stop::Settings(format!("the audit log cannot be used: {error}")))?;
        let note = |entry: &Entry| {
            let note = ApprovalNote::of_entry(entry, now);
            log.note_event("approval", &note).map_err(|error| error.to_string())
        };
        let entry = self
            .approvals
            .decide(&parsed, yes, &person, Door::CommandLine, now, note)
            .map_err(|error| Stop::FailedWith(format!("approval `{parsed}`: {error}")))?;
        if as_json {
            return Ok(session.terminal.json(&json!({ "ok": true, "approval": described(&entry, now) }))?);
        }
        let sentence = if yes {
            format!(
                "granted: {} may call `{}` exactly as asked, once, until {}",
                entry.user,
                entry.tool,
                short(entry.expires_at)
            )
        } else {
            format!("refused: the call of `{}` by {} will not happen", entry.tool, entry.user)
        };
        Ok(session.terminal.line(&sentence)?)
    }
}

fn parse(id: &str) -> Option<ApprovalId> {
    ApprovalId::parse(id)
}

fn unknown(id: &str) -> Stop {
    let shown = crate::approvals::visible(id, 40);
    Stop::FailedWith(format!("there is no approval `{shown}`; `odoo-mcp approvals list --all` shows them"))
}

fn failed(error: &dyn std::fmt::Display) -> Stop {
    Stop::FailedWith(format!("the approvals cannot be read: {error}"))
}

fn short(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn row(entry: &Entry, now: Timestamp) -> Vec<String> {
    vec![
        entry.id.to_string(),
        entry.standing(now).to_owned(),
        entry.tool.clone(),
        entry.user.to_string(),
        entry.grant.to_string(),
        short(entry.expires_at),
        entry.rule.clone(),
    ]
}

fn described(entry: &Entry, now: Timestamp) -> Value {
    json!({
        "id": entry.id.as_str(),
        "is": entry.standing(now),
        "by": entry.state.by(),
        "tool": entry.tool,
        "class": entry.class.as_str(),
        "user": entry.user.as_str(),
        "grant": entry.grant.as_str(),
        "rule": entry.rule,
        "policy": entry.policy,
        "asked_at": entry.asked_at.to_string(),
        "expires_at": entry.expires_at.to_string(),
        "approvers": entry.approvers,
        "self_approval": entry.self_approval,
        "on_command_line": entry.on_console,
    })
}
