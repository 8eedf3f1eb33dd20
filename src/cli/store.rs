//! `store`: where shared state is, and moving it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Session, Stop, runtime};
use crate::{
    config::{Flags, StoreAddress},
    house::{move_to_files, move_to_store},
};

/// Move the shared state between files and a PostgreSQL that replicas share
#[derive(Debug, Args)]
#[command(after_help = "\
Stop all servers first. Counters with the audit log, approvals, accounts, tokens, sessions, saved connections,
drafts and pauses move, all of them or none. The password of the store comes from ODOO_MCP_STORE_PASSWORD or
`store_password`. Afterwards set `store` (or take it out) for every server.

Examples:
  odoo-mcp store move --to postgres://odoo_mcp@db.example/odoo_mcp
  odoo-mcp store move --to files")]
pub(super) struct StoreCommand {
    #[command(subcommand)]
    command: Subcommands,
    /// Where connections, keys and the audit log are kept
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Move everything
    Move {
        /// `postgres://USER@HOST/DATABASE`, or `files`
        #[arg(long)]
        to: String,
    },
}

impl StoreCommand {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let flags =
            Flags { state_dir: self.state_dir, config: session.config_file.clone(), ..Flags::default() };
        let config = session.load(&flags)?;
        let Subcommands::Move { to } = self.command;
        let address = match to.as_str() {
            "files" => None,
            text => Some(StoreAddress::parse(text).map_err(Stop::Settings)?),
        };
        let moved = runtime::block_on(async move {
            let moved = match &address {
                Some(address) => move_to_store(&config, address).await,
                None => move_to_files(&config).await,
            };
            moved.map_err(|error| Stop::FailedWith(error.to_string()))
        })?;
        let line = format!(
            "moved {} lines of the log, {} documents and {} items",
            moved.lines, moved.documents, moved.items
        );
        Ok(session.terminal.line(&line)?)
    }
}
