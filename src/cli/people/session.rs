//! `session`: who is signed in with a browser, and ending that.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::place::{Where, account_name, shown, stopped};
use crate::{
    cli::{Session as Process, Stop, runtime, terminal::table},
    facts::UserName,
    identity::{People, Session},
};

/// Browsers that are signed in: listed, signed out
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  odoo-mcp session list
  odoo-mcp session revoke 0123456789abcdef
  odoo-mcp session revoke --user anna")]
pub(in crate::cli) struct SessionCommand {
    #[command(subcommand)]
    command: Subcommands,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// List who is signed in
    List {
        /// Only this account
        #[arg(long, value_parser = account_name)]
        user: Option<UserName>,
    },
    /// Sign a browser out, or all of an account
    Revoke {
        /// As `session list` shows it
        #[arg(required_unless_present = "user")]
        id: Option<String>,
        /// All sessions of this account
        #[arg(long, value_parser = account_name, conflicts_with = "id")]
        user: Option<UserName>,
    },
}

impl SessionCommand {
    pub(in crate::cli) fn run(self, process: &Process) -> Result<(), Stop> {
        let people = self.place.open(process)?;
        let json = self.place.json;
        runtime::block_on(async move {
            match self.command {
                Subcommands::List { user } => list(process, &people, user.as_ref(), json).await,
                Subcommands::Revoke { id, user } => {
                    revoke(process, &people, id.as_deref(), user.as_ref()).await
                }
            }
        })
    }
}

async fn revoke(
    process: &Process,
    people: &People,
    id: Option<&str>,
    user: Option<&UserName>,
) -> Result<(), Stop> {
    let sessions = people.sessions();
    if let Some(user) = user {
        let ended = sessions.revoke_all_of(user).await.map_err(stopped)?;
        let sessions = if ended == 1 { "session" } else { "sessions" };
        return Ok(process.terminal.line(&format!("{ended} {sessions} of {user} ended"))?);
    }
    match sessions.revoke(id.unwrap_or_default()).await.map_err(stopped)? {
        Some(session) => Ok(process.terminal.line(&format!("a session of {} ended", session.user))?),
        None => Err(Stop::FailedWith("there is no such session".to_owned())),
    }
}

async fn list(process: &Process, people: &People, user: Option<&UserName>, json: bool) -> Result<(), Stop> {
    let mut sessions = people.sessions().list().await.map_err(stopped)?;
    sessions.retain(|session| user.is_none_or(|user| session.user == *user));
    if json {
        return Ok(process.terminal.json(&Value::Array(sessions.iter().map(as_json).collect()))?);
    }
    if sessions.is_empty() {
        return Ok(process.terminal.line("nobody is signed in")?);
    }
    let heading = ["ID", "USER", "SINCE", "LAST SEEN", "ADDRESS", "BROWSER"].map(str::to_owned).to_vec();
    let row = |session: &Session| {
        vec![
            session.id.clone(),
            session.user.to_string(),
            shown(session.began_at),
            shown(session.seen_at),
            session.address.map_or_else(String::new, |address| address.to_string()),
            session.agent.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(sessions.iter().map(row)).collect();
    Ok(process.terminal.line(&table(&rows))?)
}

fn as_json(session: &Session) -> Value {
    json!({
        "id": session.id,
        "user": session.user,
        "began_at": shown(session.began_at),
        "seen_at": shown(session.seen_at),
        "address": session.address.map(|address| address.to_string()),
        "browser": session.agent,
    })
}
