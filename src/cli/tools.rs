//! `tools`: the catalogue, and what the policy says of each tool.

use clap::Args;
use serde_json::json;

use super::{Session, Stop, house_flags::HouseFlags, logging, terminal::table};
use crate::{
    house::PolicySource,
    policy::{Policy, Verdict},
    tools::{Catalog, Found},
};

/// List the tools, and what the policy says of each
#[derive(Debug, Args)]
#[command(after_help = "\
The last columns name the rule of the policy file by its JSON pointer and what it says.

Examples:
  odoo-mcp tools
  odoo-mcp tools --policy my-policy.json
  odoo-mcp tools --json")]
pub(super) struct Tools {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    house: HouseFlags,
}

impl Tools {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let config = session.settings(Some(&self.house))?;
        logging::start_quiet(config.log);
        let catalog = Catalog::new()
            .without(&config.features_off)
            .map_err(|error| Stop::Settings(error.to_string()))?;
        let source = PolicySource::choose(config.policy.as_deref());
        let policy = source.read(&catalog).map_err(|error| Stop::Settings(error.to_string()))?;
        let standings: Vec<Standing> = catalog.iter().map(|found| Standing::of(&policy, found)).collect();
        if self.json {
            print_json(session, &source, &policy, &standings)
        } else {
            print_table(session, &source, &policy, &standings)
        }
    }
}

/// One tool and its verdict in words.
struct Standing {
    found: Found,
    word: &'static str,
    rule: String,
    reason: Option<String>,
    limits: Vec<String>,
}

impl Standing {
    fn of(policy: &Policy, found: Found) -> Self {
        let (word, rule, reason, limits) = match policy.verdict(&found.facts()) {
            Verdict::Allowed { rule, limits } => ("allowed", rule, None, limits),
            Verdict::Denied { rule, reason } => ("denied", rule, Some(reason), Vec::new()),
            Verdict::NeedsApproval { rule, reason } => ("needs_approval", rule, Some(reason), Vec::new()),
            Verdict::Hidden { rule } => ("hidden", rule, None, Vec::new()),
            Verdict::Unlisted { rule } => ("unlisted", rule, None, Vec::new()),
        };
        Self { found, word, rule: rule.0.to_string(), reason, limits }
    }
}

fn print_table(
    session: &Session,
    source: &PolicySource,
    policy: &Policy,
    standings: &[Standing],
) -> Result<(), Stop> {
    let mut rows =
        vec![["TOOL", "CLASS", "RISK", "POLICY", "RULE", "WHY"].iter().map(ToString::to_string).collect()];
    rows.extend(standings.iter().map(|standing| {
        vec![
            standing.found.entry.name().to_owned(),
            standing.found.entry.class().as_str().to_owned(),
            standing.found.entry.risk().as_str().to_owned(),
            standing.word.replace('_', " "),
            standing.rule.clone(),
            standing.reason.clone().unwrap_or_else(|| standing.limits.join(", ")),
        ]
    }));
    session.terminal.line(&table(&rows))?;
    let shown = standings.iter().filter(|standing| !matches!(standing.word, "hidden" | "unlisted")).count();
    session.terminal.line(&format!(
        "\n{} of {} tools are shown to clients; {source} rules ({}).",
        shown,
        standings.len(),
        policy.digest().0
    ))?;
    for warning in policy.warnings() {
        session.terminal.line(&format!("warning: {warning}"))?;
    }
    Ok(())
}

fn print_json(
    session: &Session,
    source: &PolicySource,
    policy: &Policy,
    standings: &[Standing],
) -> Result<(), Stop> {
    let tools: Vec<serde_json::Value> = standings
        .iter()
        .map(|standing| {
            json!({
                "name": standing.found.entry.name(),
                "title": standing.found.entry.title(),
                "family": standing.found.family,
                "class": standing.found.entry.class(),
                "risk": standing.found.entry.risk(),
                "allowed": standing.word == "allowed",
                "verdict": standing.word,
                "rule": standing.rule,
                "reason": standing.reason,
                "limits": standing.limits,
            })
        })
        .collect();
    let file = match source {
        PolicySource::Shipped | PolicySource::Operator => None,
        PolicySource::File(path) => Some(path.display().to_string()),
    };
    session.terminal.json(&json!({
        "policy": { "file": file, "digest": &*policy.digest().0, "warnings": policy.warnings() },
        "tools": tools,
    }))?;
    Ok(())
}
