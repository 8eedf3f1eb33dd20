//! `client`: programs that people let in through the built-in authorization server, and ending that.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::place::{Where, account_name, shown, stopped};
use crate::{
    cli::{Session, Stop, runtime, terminal::table},
    facts::UserName,
    identity::oauth::{ClientGrant, ClientGrants},
};

/// Programs that people let in by a consent: listed, shut out
#[derive(Debug, Args)]
#[command(after_help = "\
A program that was shut out has to ask its person again. Its tokens do not work from the next request on.

Examples:
  odoo-mcp client list
  odoo-mcp client revoke anna 0123456789abcdef
  odoo-mcp client revoke anna --all")]
pub(in crate::cli) struct ClientCommand {
    #[command(subcommand)]
    command: Subcommands,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// List which programs people let in, and for what
    List {
        /// Only those of this account
        #[arg(long, value_parser = account_name)]
        user: Option<UserName>,
    },
    /// Shut out one program of an account, or all
    Revoke {
        #[arg(value_parser = account_name)]
        user: UserName,
        /// As `client list` shows it
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All programs of the account
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
}

impl ClientCommand {
    pub(in crate::cli) fn run(self, session: &Session) -> Result<(), Stop> {
        let grants = ClientGrants::new(&self.place.cabinet(session)?);
        let json = self.place.json;
        runtime::block_on(async move {
            match self.command {
                Subcommands::List { user } => list(session, &grants, user.as_ref(), json).await,
                Subcommands::Revoke { user, id, .. } => revoke(session, &grants, &user, id.as_deref()).await,
            }
        })
    }
}

async fn revoke(
    session: &Session,
    grants: &ClientGrants,
    user: &UserName,
    id: Option<&str>,
) -> Result<(), Stop> {
    let Some(id) = id else {
        let ended = grants.revoke_all_of(user).await.map_err(stopped)?;
        return Ok(session.terminal.line(&format!("{ended} programs of {user} were shut out"))?);
    };
    if grants.revoke(user, id).await.map_err(stopped)? {
        Ok(session.terminal.line(&format!("a program of {user} was shut out"))?)
    } else {
        Err(Stop::FailedWith(format!("{user} let in no such program")))
    }
}

async fn list(
    session: &Session,
    grants: &ClientGrants,
    user: Option<&UserName>,
    json: bool,
) -> Result<(), Stop> {
    let found = match user {
        Some(user) => grants.of(user).await,
        None => grants.all().await,
    };
    let found = found.map_err(stopped)?;
    if json {
        return Ok(session.terminal.json(&Value::Array(found.iter().map(as_json).collect()))?);
    }
    if found.is_empty() {
        return Ok(session.terminal.line("nobody let a program in")?);
    }
    let heading = ["ID", "USER", "PROGRAM", "SCOPES", "SINCE", "LAST USED"].map(str::to_owned).to_vec();
    let row = |grant: &ClientGrant| {
        vec![
            grant.id.clone(),
            grant.user.to_string(),
            if grant.client_name.is_empty() { grant.client_id.clone() } else { grant.client_name.clone() },
            grant.scopes.to_string(),
            shown(grant.created_at),
            shown(grant.used_at),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(found.iter().map(row)).collect();
    Ok(session.terminal.line(&table(&rows))?)
}

fn as_json(grant: &ClientGrant) -> Value {
    json!({
        "id": grant.id,
        "user": grant.user,
        "client_id": grant.client_id,
        "client_name": grant.client_name,
        "scopes": grant.scopes,
        "created_at": shown(grant.created_at),
        "used_at": shown(grant.used_at),
    })
}
