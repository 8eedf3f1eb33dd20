//! `policy`: one file per command.

mod check;
mod doctor;
mod exchange;
mod explain;
mod input;
mod past;
mod pause;
mod pin;
mod recommend;
mod reload;
mod schema;
mod simulate;
mod test;
mod verify_log;
mod which;

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
    Explain(explain::Explain),
    Simulate(simulate::Simulate),
    Test(test::Test),
    Diff(past::Diff),
    Replay(past::ReplayLog),
    Recommend(recommend::Recommend),
    Import(exchange::Import),
    Export(exchange::Export),
    Doctor(doctor::PolicyDoctor),
    Pin(pin::Pin),
    Schema(schema::Schema),
    VerifyLog(verify_log::VerifyLog),
    Reload(reload::Reload),
    Pause(pause::Pause),
    Resume(pause::Resume),
}

impl PolicyCommand {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        match self.command {
            Subcommands::Check(check) => check.run(session),
            Subcommands::Explain(explain) => explain.run(session),
            Subcommands::Simulate(simulate) => simulate.run(session),
            Subcommands::Test(test) => test.run(session),
            Subcommands::Diff(diff) => diff.run(session),
            Subcommands::Replay(replay) => replay.run(session),
            Subcommands::Recommend(recommend) => recommend.run(session),
            Subcommands::Import(import) => import.run(session),
            Subcommands::Export(export) => export.run(session),
            Subcommands::Doctor(doctor) => doctor.run(session),
            Subcommands::Pin(pin) => pin.run(session),
            Subcommands::Schema(schema) => schema.run(session),
            Subcommands::VerifyLog(verify) => verify.run(session),
            Subcommands::Reload(reload) => reload.run(session),
            Subcommands::Pause(pause) => pause.run(session),
            Subcommands::Resume(resume) => resume.run(session),
        }
    }
}
