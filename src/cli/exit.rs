//! How a command ends, and the number that says so.

use std::process::ExitCode;

use super::terminal::{PipeClosed, Terminal};
use crate::house::HouseError;

const FAILED: u8 = 1;
/// `EX_USAGE` of `sysexits.h`: the command line, the settings or the policy have to change.
const USAGE: u8 = 64;
/// `EX_SOFTWARE` of `sysexits.h`.
const INTERNAL: u8 = 70;

/// Why a command stops before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The outcome is already on standard output; only the number is left to say.
    Failed,
    /// The same, for what has to be changed before anything can run.
    Refused,
    /// One sentence on standard error.
    FailedWith(String),
    /// The command line, the settings or the policy; one sentence per line.
    Settings(String),
    Internal(String),
    /// Nobody reads any more, which is not an error.
    PipeClosed,
}

impl From<PipeClosed> for Stop {
    fn from(_: PipeClosed) -> Self {
        Self::PipeClosed
    }
}

impl From<HouseError> for Stop {
    fn from(error: HouseError) -> Self {
        Self::Settings(error.to_string())
    }
}

/// Says what has to be said and gives the number.
pub(super) fn report(terminal: &Terminal, outcome: Result<(), Stop>) -> ExitCode {
    let (message, code) = match outcome {
        Ok(()) | Err(Stop::PipeClosed) => return ExitCode::SUCCESS,
        Err(Stop::Failed) => return ExitCode::from(FAILED),
        Err(Stop::Refused) => return ExitCode::from(USAGE),
        Err(Stop::FailedWith(message)) => (message, FAILED),
        Err(Stop::Settings(message)) => (message, USAGE),
        Err(Stop::Internal(message)) => (message, INTERNAL),
    };
    for line in message.lines() {
        terminal.note(&format!("odoo-mcp: {line}"));
    }
    ExitCode::from(code)
}

/// Help and version are answers; everything else clap says is wrong usage.
pub(super) fn of_clap(error: &clap::Error) -> ExitCode {
    let asked_for = !error.use_stderr();
    // A closed pipe is as good as a reader who has seen enough.
    let _ = error.print();
    if asked_for { ExitCode::SUCCESS } else { ExitCode::from(USAGE) }
}
