//! `usage`: the ledger of language models for whoever runs the server, one file per command.
//!
//! Works beside running servers and without Odoo: what was counted is in the state directory.

mod calls;
mod correct;
mod export;
mod place;
mod prices;
mod stats;
mod words;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Session, Stop, runtime};
use crate::config::Flags;
use place::{Place, Whose};

/// What language models were asked, and what they cost
#[derive(Debug, Args)]
#[command(after_help = "\
Amounts are in EUR. Every call is counted, failed and lost ones too; docs/usage.md says how.

Examples:
  odoo-mcp usage stats --period month
  odoo-mcp usage calls --state error --from 2026-01-01
  odoo-mcp usage export calls.csv --from 2026-01-01 --to 2026-01-31
  odoo-mcp usage correct --move 4711 --billed false --reason \"read twice by mistake\"
  odoo-mcp usage prices > prices.toml")]
pub(super) struct UsageCommand {
    #[command(subcommand)]
    command: Subcommands,
    /// Where connections, keys and the ledger are kept
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    whose: Whose,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    Prices(prices::Prices),
    Calls(calls::Calls),
    Stats(stats::Stats),
    Export(export::Export),
    Correct(correct::Correct),
}

impl UsageCommand {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let flags =
            Flags { state_dir: self.state_dir, config: session.config_file.clone(), ..Flags::default() };
        let place = || Place::open(session.load(&flags)?, self.whose);
        match self.command {
            Subcommands::Prices(prices) => prices.run(session),
            Subcommands::Calls(calls) => runtime::block_on(calls.run(session, place()?, self.json)),
            Subcommands::Stats(stats) => runtime::block_on(stats.run(session, place()?, self.json)),
            Subcommands::Export(export) => runtime::block_on(export.run(session, place()?, self.json)),
            Subcommands::Correct(correct) => runtime::block_on(correct.run(session, place()?, self.json)),
        }
    }
}
