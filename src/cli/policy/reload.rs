//! `policy reload`: running servers read their policy now, and say what came of it.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    cli::{Session, Stop},
    config::Flags,
    operator::{self, ServerStatus},
    store::StateDir,
};

/// Ask running servers to read their policy again, and say how it stands
#[derive(Debug, Args)]
#[command(after_help = "\
Servers look at their policy by themselves; this asks at once and waits for the answers.
Exits 0 if every server that runs on the state directory has the file in force, 1 otherwise.

Examples:
  odoo-mcp policy reload
  odoo-mcp policy reload --json")]
pub(super) struct Reload {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// The state directory of the servers
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

/// The state directory of the settings, or of a flag.
pub(super) fn state_dir(session: &Session, named: Option<PathBuf>) -> Result<StateDir, Stop> {
    let flags = Flags { state_dir: named, config: session.config_file.clone(), ..Flags::default() };
    let config = session.load(&flags)?;
    session.state(&config)
}

/// Asks all servers; the number of the request tells which of them have answered it.
pub(super) fn ask(dir: &StateDir) -> Result<(u64, Vec<ServerStatus>), Stop> {
    operator::ask_all(dir, Timestamp::now()).map_err(|error| Stop::FailedWith(error.to_string()))
}

impl Reload {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let dir = state_dir(session, self.state_dir)?;
        let (number, servers) = ask(&dir)?;
        let all_well = servers.iter().all(|server| word(server, number) == "in_force");
        if self.json {
            let listed: Vec<_> = servers.iter().map(|server| listed(server, number)).collect();
            session.terminal.json(&json!({ "ok": all_well, "servers": listed }))?;
        } else {
            for server in &servers {
                for line in lines(server, number) {
                    session.terminal.line(&line)?;
                }
            }
            if servers.is_empty() {
                let shown = dir.root().display();
                session.terminal.line(&format!("no server runs on `{shown}`"))?;
            }
        }
        if all_well { Ok(()) } else { Err(Stop::Failed) }
    }
}

/// How the policy of a server stands after a request.
fn word(server: &ServerStatus, number: u64) -> &'static str {
    if server.answered < number {
        "no_answer"
    } else if server.refused.is_some() {
        "refused"
    } else {
        "in_force"
    }
}

fn listed(server: &ServerStatus, number: u64) -> serde_json::Value {
    json!({
        "process": server.process,
        "state": word(server, number),
        "source": server.source,
        "policy": server.policy,
        "loaded_at": server.loaded_at,
        "refused": server.refused,
    })
}

pub(super) fn lines(server: &ServerStatus, number: u64) -> Vec<String> {
    let ServerStatus { process, source, policy, loaded_at, .. } = server;
    match (word(server, number), &server.refused) {
        ("no_answer", _) => vec![format!("process {process} has not answered; {policy} was in force")],
        (_, Some(refused)) => {
            let since = format!(
                "process {process}: {source} cannot be used since {}; {policy} of {loaded_at} stays in force",
                refused.since
            );
            std::iter::once(since)
                .chain(refused.problems.iter().map(|problem| format!("  {problem}")))
                .collect()
        }
        (_, None) => vec![format!("process {process}: {source} is in force since {loaded_at} ({policy})")],
    }
}
