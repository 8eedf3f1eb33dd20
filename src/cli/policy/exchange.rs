//! `policy import` and `policy export`: the neighbouring formats.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{input, which::Which};
use crate::{
    cli::{Session, Stop},
    policy::{KnownTools as _, Policy, exchange},
    tools::Catalog,
};

/// Make a policy of a YAML file of Intercept, or of a fragment from a PolicyLayer page
#[derive(Debug, Args)]
#[command(after_help = "\
The policy goes to standard output, what was added to it to standard error. YAML is read strictly:
what two readers could read differently has to be quoted.
Exits 0 if the result can be used, 64 if not; then the problems are on standard error.

Examples:
  odoo-mcp policy import intercept.yaml > policy.json
  odoo-mcp policy import fragment.json --tool odoo_write
  echo '\"hide\": [\"odoo_unlink\"]' | odoo-mcp policy import - --default allow")]
pub(super) struct Import {
    /// The file, or `-`
    file: String,
    /// The tool that a fragment without a name is about
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// For tools that no entry lists, where the file does not say
    #[arg(long, value_name = "WORD", default_value = "deny")]
    default: DefaultWord,
    /// Print policy and notes as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DefaultWord {
    Allow,
    Deny,
}

/// Write the policy as PolicyLayer's format can say it
#[derive(Debug, Args)]
#[command(after_help = "\
The document goes to standard output, what the format cannot say to standard error. A tool with a rule
that cannot be said is denied, so that nothing becomes laxer for it.
Exits 0 if all of it could be said, 1 if something was left out.

Examples:
  odoo-mcp policy export --policylayer
  odoo-mcp policy export --policylayer --policy policy.json --json")]
pub(super) struct Export {
    /// The format
    #[arg(long, required = true)]
    policylayer: bool,
    #[command(flatten)]
    which: Which,
    /// Print document and omissions as one JSON object
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let text = String::from_utf8(input::text(&self.file)?)
            .map_err(|_| Stop::Settings(format!("`{}` is not UTF-8", self.file)))?;
        let default = match self.default {
            DefaultWord::Allow => "allow",
            DefaultWord::Deny => "deny",
        };
        let imported = exchange::import(&text, self.tool.as_deref(), default)
            .map_err(|error| Stop::Settings(format!("`{}`: {error}", self.file)))?;
        let loaded = Policy::load(imported.policy.to_string().as_bytes(), &Catalog::new());
        let problems = loaded.as_ref().err().map(|error| error.problems.clone()).unwrap_or_default();
        let warnings = loaded.as_ref().map(|policy| policy.warnings().to_vec()).unwrap_or_default();
        if self.json {
            let listed: Vec<Value> = problems
                .iter()
                .map(|problem| json!({ "pointer": problem.pointer, "message": problem.message }))
                .collect();
            session.terminal.json(&json!({
                "ok": problems.is_empty(), "policy": imported.policy, "notes": imported.notes,
                "problems": listed, "warnings": warnings,
            }))?;
        } else {
            session.terminal.line(&format!("{:#}", imported.policy))?;
            for note in &imported.notes {
                session.terminal.note(&format!("odoo-mcp: {note}"));
            }
            for warning in &warnings {
                session.terminal.note(&format!("odoo-mcp: warning: {warning}"));
            }
            for problem in &problems {
                session.terminal.note(&format!("odoo-mcp: {problem}"));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Stop::Refused) }
    }
}

impl Export {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let catalog = Catalog::new();
        // Only a policy that can be used is worth writing in another format.
        self.which.load(session, &catalog)?;
        let (source, text) = self.which.text(session)?;
        let file: Value = serde_json::from_slice(&text)
            .map_err(|_| Stop::Settings(format!("{source} changed while it was read")))?;
        let exported = exchange::export(&file, &catalog.tools());
        if self.json {
            let listed: Vec<Value> = exported
                .left_out
                .iter()
                .map(|left| json!({ "pointer": left.pointer, "why": left.why }))
                .collect();
            session.terminal.json(&json!({ "policy": exported.policy, "left_out": listed }))?;
        } else {
            session.terminal.line(&format!("{:#}", exported.policy))?;
            for left in &exported.left_out {
                session.terminal.note(&format!("odoo-mcp: {}: {}", left.pointer, left.why));
            }
        }
        if exported.left_out.is_empty() { Ok(()) } else { Err(Stop::Failed) }
    }
}
