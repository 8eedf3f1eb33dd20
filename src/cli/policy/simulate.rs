//! `policy simulate`: what would become of calls, in this order, without any Odoo.

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::{input, which::Which};
use crate::{
    cli::{Session, Stop},
    rehearsal::{Outcome, Stage, StageTools},
    tools::Catalog,
};
/// Say what would become of calls, one after the other, without any Odoo
#[derive(Debug, Args)]
#[command(after_help = "\
A call is a JSON object in the form of case files: `tool`, `args`, and where they matter `grant`,
`user`, `at`, `effects`, `records`, `currencies`, `approved`. The effects follow from the arguments of a tool.
Counters begin empty and are shared by the calls. What only Odoo knows and the call does not say is
answered by `needs_definitions`, `needs_currencies` or `needs_records`.
Exits 0 if every call would run, 1 otherwise.

Examples:
  odoo-mcp policy simulate '{\"tool\": \"odoo_unlink\", \"args\": {\"model\": \"res.partner\", \"ids\": [1]}}'
  odoo-mcp policy simulate calls.json --policy policy.json --json
  echo '[...]' | odoo-mcp policy simulate -")]
pub(super) struct Simulate {
    /// Calls: a JSON object or list, a file that holds one, or `-`
    #[arg(required = true, value_name = "CALL")]
    calls: Vec<String>,
    /// Field definitions as JSON: model to what `fields_get` answers
    #[arg(long, value_name = "FILE")]
    definitions: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Simulate {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let catalog = Catalog::new();
        let tools = StageTools::all(&catalog);
        let (source, policy) = self.which.load(session, &tools)?;
        let definitions = input::definitions(self.definitions.as_deref())?;
        let stage = Stage::new(Arc::new(policy), &tools, &definitions);
        let mut outcomes: Vec<(String, Outcome)> = Vec::new();
        for argument in &self.calls {
            for call in input::calls(argument)? {
                for _ in 0..call.times {
                    outcomes.push((call.tool.clone(), stage.walk(&call)));
                }
            }
        }
        let all_run = outcomes.iter().all(|(_, outcome)| outcome.outcome == "allow");
        if self.json {
            let listed: Vec<_> =
                outcomes.iter().map(|(tool, outcome)| json!({ "tool": tool, "result": outcome })).collect();
            let digest = &stage.policy().digest().0;
            session.terminal.json(&json!({ "ok": all_run, "policy": digest, "calls": listed }))?;
        } else {
            for (number, (tool, outcome)) in outcomes.iter().enumerate() {
                session.terminal.line(&format!("{} {tool}: {}", number + 1, sentence(outcome)))?;
            }
            session.terminal.line(&format!("under {source}"))?;
        }
        if all_run { Ok(()) } else { Err(Stop::Failed) }
    }
}

/// An outcome in one line.
pub(super) fn sentence(outcome: &Outcome) -> String {
    let mut text = outcome.outcome.replace('_', " ");
    let mut add = |piece: String| text.push_str(&piece);
    if !outcome.rule.is_empty() {
        add(format!(" by {}", outcome.rule));
    }
    if let Some(reason) = &outcome.reason {
        add(format!(": {reason}"));
    }
    if let Some(wait) = outcome.retry_after_ms {
        add(format!(" (wait {} s)", wait.div_ceil(1_000)));
    }
    if !outcome.charges.is_empty() {
        let charges: Vec<String> =
            outcome.charges.iter().map(|(counter, amount)| format!("{amount} on {counter}")).collect();
        add(format!(" [charges {}]", charges.join(", ")));
    }
    for question in &outcome.questions {
        let domain = serde_json::to_string(&question.domain).unwrap_or_default();
        add(format!("; are {} {:?} within {domain}?", question.model, question.ids));
    }
    if !outcome.would_deny.is_empty() {
        add(format!("; in shadow refused by {}", outcome.would_deny.join(", ")));
    }
    text
}
