//! `plugin`: one file per command.

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
}

impl PluginCommand {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        match self.command {
            Subcommands::New(new) => new.run(session),
        }
    }
}
