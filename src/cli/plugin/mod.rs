//! `plugin`: one file per command.

mod check;
mod keys;
mod new;
mod template;

use clap::{Args, Subcommand};

use super::{Session, Stop};

/// Write plugins, and look after those that are installed
#[derive(Debug, Args)]
pub(super) struct PluginCommand {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    New(new::New),
    Pack(keys::Pack),
    Check(check::Check),
    List(check::List),
    Keygen(keys::Keygen),
    Sign(keys::Sign),
}

impl PluginCommand {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        match self.command {
            Subcommands::New(new) => new.run(session),
            Subcommands::Pack(pack) => pack.run(session),
            Subcommands::Check(check) => check.run(session),
            Subcommands::List(list) => list.run(session),
            Subcommands::Keygen(keygen) => keygen.run(session),
            Subcommands::Sign(sign) => sign.run(session),
        }
    }
}
