//! `policy schema`: the JSON Schema of policy files, for editors.

use clap::Args;

use crate::{
    cli::{Session, Stop},
    policy::file,
};

/// Print the JSON Schema of policy files
#[derive(Debug, Args)]
#[command(after_help = "\
Name the file in the policy, and editors complete keys and show what they mean:
  {\"$schema\": \"./policy.schema.json\", \"version\": \"1\", ...}

Examples:
  odoo-mcp policy schema > policy.schema.json
  odoo-mcp policy schema --json")]
pub(super) struct Schema {
    /// Print it in one line for programs
    #[arg(long)]
    json: bool,
}

impl Schema {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let schema = file::schema();
        if self.json {
            return Ok(session.terminal.json(&schema)?);
        }
        Ok(session.terminal.line(&format!("{schema:#}"))?)
    }
}
