//! `policy explain`: the risk page of a tool, or every step of the decision about a call.

use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::{input, simulate::sentence, which::Which};
use crate::{
    cli::{Session, Stop},
    facts::nearest,
    policy::{Decision, Explanation, Policy, Recommended, Verdict, recommended, why_a_rule},
    rehearsal::{Call, Stage, StageTools},
    tools::{Catalog, Found},
};

/// Explain a tool, or every step of the decision about a call
#[derive(Debug, Args)]
#[command(after_help = "\
With the name of a tool: what it does, how dangerous it is, why it needs a rule, the recommended rule,
and which rule holds now. With a call in the form of case files: what every rule says of it, also after
the first refusal.

Examples:
  odoo-mcp policy explain odoo_write
  odoo-mcp policy explain call.json --policy policy.json
  odoo-mcp policy explain '{\"tool\": \"odoo_search_count\", \"args\": {\"model\": \"res.partner\"}}'")]
pub(super) struct Explain {
    /// Name of a tool, or a call: JSON, a file, or `-`
    #[arg(value_name = "TOOL|CALL")]
    subject: String,
    /// Field definitions as JSON: model to what `fields_get` answers
    #[arg(long, value_name = "FILE")]
    definitions: Option<String>,
    #[command(flatten)]
    which: Which,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let catalog = Catalog::new();
        if input::is_call(&self.subject) {
            return self.explain_calls(session, &catalog);
        }
        let Some(found) = catalog.find(&self.subject) else {
            let names: Vec<&str> = catalog.iter().map(|found| found.entry.name()).collect();
            let near = nearest(&self.subject, names.iter().copied(), 1);
            let near = near.first().map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            return Err(Stop::Settings(format!("there is no tool `{}`{near}", self.subject)));
        };
        let (source, policy) = self.which.load(session, &catalog)?;
        let page = Page::of(found, &policy);
        if self.json {
            let under = json!({ "source": source.to_string(), "digest": policy.digest().0 });
            return Ok(session.terminal.json(&page.json(&under))?);
        }
        for line in page.lines() {
            session.terminal.line(&line)?;
        }
        Ok(session.terminal.line(&format!("\nunder {source}"))?)
    }

    fn explain_calls(&self, session: &Session, catalog: &Catalog) -> Result<(), Stop> {
        let tools = StageTools::all(catalog);
        let (source, policy) = self.which.load(session, &tools)?;
        let definitions = input::definitions(self.definitions.as_deref())?;
        let stage = Stage::new(Arc::new(policy), &tools, &definitions);
        let mut listed = Vec::new();
        for call in input::calls(&self.subject)? {
            if self.json {
                listed.push(call_json(&stage, &call));
            } else {
                session.terminal.line(&format!("{}:", call.tool))?;
                for line in call_lines(&stage, &call) {
                    session.terminal.line(&line)?;
                }
            }
        }
        if self.json {
            let digest = &stage.policy().digest().0;
            return Ok(session.terminal.json(&json!({ "policy": digest, "calls": listed }))?);
        }
        Ok(session.terminal.line(&format!("under {source}"))?)
    }
}

fn call_lines(stage: &Stage<'_>, call: &Call) -> Vec<String> {
    let explanation = match stage.explain(call) {
        Ok(explanation) => explanation,
        Err(outcome) => return vec![format!("  {}", sentence(&outcome))],
    };
    let mut lines = Vec::new();
    for step in &explanation.steps {
        lines.push(format!("  {} {}", step.number, step.name));
        for finding in &step.findings {
            let detail =
                if finding.detail.is_empty() { String::new() } else { format!(": {}", finding.detail) };
            lines.push(format!("      {} {}{detail}", finding.rule.0, finding.word));
        }
    }
    lines.push(format!("  so: {}", sentence(&stage.walk(call))));
    lines
}

fn call_json(stage: &Stage<'_>, call: &Call) -> Value {
    match stage.explain(call) {
        Ok(explanation) => json!({
            "tool": call.tool, "steps": steps_json(&explanation), "decision": decision_word(&explanation.decision),
            "result": stage.walk(call),
        }),
        Err(outcome) => json!({ "tool": call.tool, "steps": [], "result": outcome }),
    }
}

fn steps_json(explanation: &Explanation) -> Vec<Value> {
    let findings = |step: &crate::policy::Step| -> Vec<Value> {
        let shown = |finding: &crate::policy::Finding| json!({ "rule": finding.rule.0, "word": finding.word, "detail": finding.detail });
        step.findings.iter().map(shown).collect()
    };
    explanation
        .steps
        .iter()
        .map(|step| json!({ "step": step.number, "name": step.name, "findings": findings(step) }))
        .collect()
}

fn decision_word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow(_) => "allow",
        Decision::Deny(_) => "deny",
        Decision::Ask(_) => "ask",
        Decision::Needs(_) => "needs",
    }
}

/// What a person should know of a tool before it is let loose.
struct Page {
    found: Found,
    recommended: Value,
    verdict: Value,
    holds: String,
}

impl Page {
    fn of(found: Found, policy: &Policy) -> Self {
        let facts = found.facts();
        let recommended = match recommended(&facts) {
            Recommended::Hide => json!({ "hide": [facts.name] }),
            Recommended::Rule(rule) => json!({ "tools": { facts.name: rule } }),
        };
        let (word, rule, detail) = match policy.verdict(&facts) {
            Verdict::Allowed { rule, limits } => ("allowed", rule, limits.join(", ")),
            Verdict::Denied { rule, reason } => ("denied", rule, reason),
            Verdict::NeedsApproval { rule, reason } => ("needs_approval", rule, reason),
            Verdict::Hidden { rule } => ("hidden", rule, String::new()),
            Verdict::Unlisted { rule } => ("unlisted", rule, String::new()),
        };
        let with = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
        Self {
            found,
            recommended,
            verdict: json!({ "verdict": word, "rule": rule.0, "detail": detail }),
            holds: format!("{} by {}{with}", word.replace('_', " "), rule.0),
        }
    }

    fn json(&self, under: &Value) -> Value {
        let entry = self.found.entry;
        json!({
            "tool": entry.name(), "title": entry.title(), "family": self.found.family,
            "class": entry.class(), "risk": entry.risk(), "does": entry.description(),
            "why_a_rule": why_a_rule(entry.class(), entry.risk()),
            "recommended": self.recommended, "now": self.verdict, "policy": under,
        })
    }

    fn lines(&self) -> Vec<String> {
        let entry = self.found.entry;
        vec![
            format!("{}: {}", entry.name(), entry.title()),
            format!("\nWhat it does\n  {}", entry.description().replace('\n', "\n  ")),
            format!("\nClass {}, risk {}", entry.class().as_str(), entry.risk().as_str()),
            format!("\nWhy it needs a rule\n  {}.", capitalised(&why_a_rule(entry.class(), entry.risk()))),
            format!("\nRecommended\n  {}", self.recommended),
            format!("\nNow\n  {}", self.holds),
        ]
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
