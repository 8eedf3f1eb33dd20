//! `policy`: one file per command.

mod check;
mod pause;
mod reload;

use clap::{Args, Subcommand};

use super::{Session, Stop};
pub(super) use pause::sentence;

/// Check policies, try them out, and steer running servers
#[derive(Debug, Args)]
pub(super) struct PolicyCommand {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    Check(check::Check),
    Reload(reload::Reload),
    Pause(pause::Pause),
    Resume(pause::Resume),
}

impl PolicyCommand {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        match self.command {
            Subcommands::Check(check) => check.run(session),
            Subcommands::Reload(reload) => reload.run(session),
            Subcommands::Pause(pause) => pause.run(session),
            Subcommands::Resume(resume) => resume.run(session),
        }
    }
}
