//! `policy recommend`: a policy for the tools of this program, from their classes.

use clap::Args;

use crate::{
    cli::{Session, Stop},
    policy::{KnownTools as _, recommended_policy},
    tools::Catalog,
};

/// Print a policy for the tools of this program, from what they say of themselves
#[derive(Debug, Args)]
#[command(after_help = "\
Reading is allowed; writing 30 times, executing 10 times and anything else 60 times a minute for each
grant; what takes away is hidden; what moves money asks a person.

Examples:
  odoo-mcp policy recommend > policy.json
  odoo-mcp policy recommend --json")]
pub(super) struct Recommend {
    /// Print it in one line for programs
    #[arg(long)]
    json: bool,
}

impl Recommend {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let policy = recommended_policy(&Catalog::new().tools());
        if self.json {
            return Ok(session.terminal.json(&policy)?);
        }
        Ok(session.terminal.line(&format!("{policy:#}"))?)
    }
}
