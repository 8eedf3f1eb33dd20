//! `policy check`: a policy file read as strictly as the server reads it.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::{
    cli::{Session, Stop},
    house::{PolicyLoadError, PolicySource},
    policy::PolicyProblem,
    tools::Catalog,
};

/// Check a policy file and report every problem with its place
#[derive(Debug, Args)]
#[command(after_help = "\
Exits 0 if the file can be used (warnings included), 64 if not. With --strict a warning is as good as
an error.

Examples:
  odoo-mcp policy check policy.json
  odoo-mcp policy check policy.json --strict --json")]
pub(super) struct Check {
    /// The file to check
    file: PathBuf,
    /// Take warnings for errors, names that no tool bears among them
    #[arg(long)]
    strict: bool,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let (problems, warnings, digest) = match PolicySource::File(self.file.clone()).read(&Catalog::new()) {
            Ok(policy) => (Vec::new(), policy.warnings().to_vec(), Some(policy.digest().0.to_string())),
            Err(PolicyLoadError::Refused { error, .. }) => (error.problems, Vec::new(), None),
            Err(PolicyLoadError::Unreadable { kind, .. }) => {
                let message = format!("the file cannot be read: {kind}");
                (vec![PolicyProblem { pointer: String::new(), message }], Vec::new(), None)
            }
        };
        let fits = problems.is_empty() && (!self.strict || warnings.is_empty());
        if self.json {
            let listed: Vec<_> = problems
                .iter()
                .map(|problem| json!({ "pointer": problem.pointer, "message": problem.message }))
                .collect();
            session.terminal.json(&json!({
                "ok": fits, "problems": listed, "warnings": warnings, "digest": digest,
            }))?;
        } else {
            let file = self.file.display();
            for problem in &problems {
                session.terminal.line(&format!("{file}: {problem}"))?;
            }
            for warning in &warnings {
                session.terminal.line(&format!("{file}: warning: {warning}"))?;
            }
            let verdict = match (problems.len(), &digest) {
                (0, Some(_)) if !fits => format!("{file} has warnings, and --strict takes them for errors"),
                (0, Some(digest)) => format!("{file} can be used ({digest})"),
                (1, _) => format!("{file} cannot be used: 1 problem"),
                (count, _) => format!("{file} cannot be used: {count} problems"),
            };
            session.terminal.line(&verdict)?;
        }
        if fits { Ok(()) } else { Err(Stop::Refused) }
    }
}
