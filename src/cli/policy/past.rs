//! `policy replay` and `policy diff`: policies held against past calls, and against each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde_json::{Value, json};

use super::{input, reload::state_dir, which::Which};
use crate::{
    audit,
    cli::{Session, Stop},
    facts::{Arrival, Caller, GrantName, ToolFacts},
    house::AUDIT_FILE_NAME,
    policy::{
        KnownTools as _, Policy, Verdict,
        compare::{Change, compare},
    },
    rehearsal::{Compared, Past, PastReport, Replay, StageTools},
    tools::Catalog,
};

/// Differences that are printed as text; JSON holds more of them.
const SHOWN_MAX: usize = 50;

/// Decide past calls again under a policy, and show those that would come out otherwise
#[derive(Debug, Args)]
#[command(after_help = "\
The log holds models, ids, field names and the values that rules looked at. A call of which it does not
hold enough, or whose currency only Odoo can tell, is counted as uncertain, not guessed; Odoo is not
asked. Counters begin empty where the log begins.
Exits 0 if nothing would come out otherwise, 1 if something would.

Examples:
  odoo-mcp policy replay
  odoo-mcp policy replay --policy new.json --log backup/audit.jsonl --json")]
pub(super) struct ReplayLog {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    log: Log,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Show what a new policy changes: what becomes wider, who sees what, which budgets begin anew
#[derive(Debug, Args)]
#[command(after_help = "\
With --log also which past calls the two policies decide differently, and why.
Exits 0 if nothing becomes wider and no past call comes out otherwise, 1 otherwise.

Examples:
  odoo-mcp policy diff policy.json new.json
  odoo-mcp policy diff policy.json new.json --log backup/audit.jsonl
  odoo-mcp policy diff policy.json new.json --json")]
pub(super) struct Diff {
    /// The policy as it is
    old: PathBuf,
    /// The policy as it would be
    new: PathBuf,
    /// Past calls to decide under both: a log
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Default, Args)]
struct Log {
    /// The log [default: the one of the state directory]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Where the log is kept
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl ReplayLog {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let catalog = Catalog::new();
        let tools = StageTools::all(&catalog);
        let (source, policy) = self.which.load(session, &tools)?;
        let log = match self.log.log {
            Some(log) => log,
            None => state_dir(session, self.log.state_dir)?.path(AUDIT_FILE_NAME),
        };
        let report = replay(None, Arc::new(policy), &tools, &log)?;
        if self.json {
            session.terminal.json(&json!({ "ok": report.different == 0, "past": report }))?;
        } else {
            for line in past_lines(&report) {
                session.terminal.line(&line)?;
            }
            session.terminal.line(&format!("under {source}"))?;
        }
        if report.different == 0 { Ok(()) } else { Err(Stop::Failed) }
    }
}

fn replay(
    before: Option<Arc<Policy>>,
    now: Arc<Policy>,
    tools: &StageTools<'_>,
    log: &Path,
) -> Result<PastReport, Stop> {
    let definitions = BTreeMap::new();
    let mut replay = Replay::new(before, now, tools, &definitions);
    let unreadable = |error: std::io::Error| crate::cli::audit::unreadable(log, &error);
    for past in audit::past_calls(log).map_err(unreadable)? {
        replay.take(&past.map_err(unreadable)?);
    }
    Ok(replay.report())
}

impl Diff {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let catalog = Catalog::new();
        let tools = StageTools::all(&catalog);
        let (old_file, old) = load(&self.old, &tools)?;
        let (new_file, new) = load(&self.new, &tools)?;
        let changes = compare(&old_file, &new_file);
        let seen = seen_by_grants(&old_file, &new_file, &old, &new, &catalog.tools());
        let past = match &self.log {
            Some(log) => Some(replay(Some(Arc::clone(&old)), Arc::clone(&new), &tools, log)?),
            None => None,
        };
        let different = past.as_ref().map_or(0, |past| past.different);
        let calm = different == 0 && changes.iter().all(|change| change.direction.as_str() != "wider");
        if self.json {
            let listed: Vec<Value> = changes.iter().map(change_json).collect();
            session.terminal.json(&json!({
                "ok": calm, "old": old.digest().0, "new": new.digest().0, "changes": listed,
                "seen": seen.iter().map(Seen::json).collect::<Vec<_>>(), "past": past,
            }))?;
        } else {
            for change in &changes {
                let Change { pointer, direction, what } = change;
                session.terminal.line(&format!("{:<9} {pointer}: {what}", direction.as_str()))?;
            }
            for line in seen.iter().flat_map(Seen::lines) {
                session.terminal.line(&line)?;
            }
            for line in past.iter().flat_map(past_lines) {
                session.terminal.line(&line)?;
            }
            if changes.is_empty() && seen.is_empty() {
                session.terminal.line("the two policies say the same")?;
            }
        }
        if calm { Ok(()) } else { Err(Stop::Failed) }
    }
}

/// The file as JSON, and as a policy.
fn load(path: &Path, tools: &StageTools<'_>) -> Result<(Value, Arc<Policy>), Stop> {
    let shown = path.display().to_string();
    let text = input::text(&shown)?;
    let policy = Policy::load(&text, tools).map_err(|error| {
        Stop::Settings(error.problems.iter().map(|problem| format!("{shown}: {problem}\n")).collect())
    })?;
    let file = serde_json::from_slice(&text)
        .map_err(|_| Stop::Settings(format!("`{shown}` changed while it was read")))?;
    Ok((file, Arc::new(policy)))
}

fn change_json(change: &Change) -> Value {
    json!({ "pointer": change.pointer, "direction": change.direction.as_str(), "what": change.what })
}

/// What changes for one grant before any call is made.
struct Seen {
    grant: String,
    appears: Vec<&'static str>,
    vanishes: Vec<&'static str>,
    /// Tool, before, now.
    stands: Vec<(&'static str, &'static str, &'static str)>,
}

/// Who is named in either file, and somebody who is named in none.
fn seen_by_grants(
    old_file: &Value,
    new_file: &Value,
    old: &Policy,
    new: &Policy,
    tools: &[ToolFacts],
) -> Vec<Seen> {
    let mut grants: BTreeSet<GrantName> = BTreeSet::from([GrantName::local()]);
    for file in [old_file, new_file] {
        let named = file.get("grants").and_then(Value::as_object).into_iter().flatten();
        grants.extend(named.filter_map(|(name, _)| GrantName::parse(name).ok()));
    }
    let seen = grants.into_iter().map(|grant| {
        let caller = Caller { grant: grant.clone(), ..Caller::local(Arrival::Stdio) };
        let mut seen = Seen { grant: grant.to_string(), appears: vec![], vanishes: vec![], stands: vec![] };
        for tool in tools {
            match (old.might_allow(&caller, tool), new.might_allow(&caller, tool)) {
                (false, true) => seen.appears.push(tool.name),
                (true, false) => seen.vanishes.push(tool.name),
                (true, true) => {
                    let (before, now) = (stands(old, &caller, tool), stands(new, &caller, tool));
                    if before != now {
                        seen.stands.push((tool.name, before, now));
                    }
                }
                (false, false) => {}
            }
        }
        seen
    });
    seen.filter(|seen| !(seen.appears.is_empty() && seen.vanishes.is_empty() && seen.stands.is_empty()))
        .collect()
}

fn stands(policy: &Policy, caller: &Caller, tool: &ToolFacts) -> &'static str {
    match policy.verdict_for(caller, tool) {
        Verdict::Allowed { .. } => "allowed",
        Verdict::Denied { .. } => "denied",
        Verdict::NeedsApproval { .. } => "needs approval",
        Verdict::Hidden { .. } | Verdict::Unlisted { .. } => "unknown",
    }
}

impl Seen {
    fn json(&self) -> Value {
        let stands: Vec<Value> = self
            .stands
            .iter()
            .map(|(tool, before, now)| json!({ "tool": tool, "before": before, "now": now }))
            .collect();
        json!({
            "grant": self.grant, "appears": self.appears, "vanishes": self.vanishes, "stands": stands,
        })
    }

    fn lines(&self) -> Vec<String> {
        let grant = &self.grant;
        let mut lines = Vec::new();
        if !self.appears.is_empty() {
            lines.push(format!("appears   for grant `{grant}`: {}", self.appears.join(", ")));
        }
        if !self.vanishes.is_empty() {
            lines.push(format!("vanishes  for grant `{grant}`: {}", self.vanishes.join(", ")));
        }
        for (tool, before, now) in &self.stands {
            lines.push(format!("stands    for grant `{grant}`: {tool} was {before}, is {now}"));
        }
        lines
    }
}

fn past_lines(report: &PastReport) -> Vec<String> {
    let mut lines: Vec<String> = report.differences.iter().take(SHOWN_MAX).map(past_line).collect();
    if report.different > SHOWN_MAX as u64 {
        lines.push(format!("and {} more", report.different - SHOWN_MAX as u64));
    }
    lines.push(format!(
        "{} past calls: {} come out otherwise, {} uncertain",
        report.calls, report.different, report.uncertain
    ));
    lines
}

fn past_line(past: &Past) -> String {
    let side = |side: &Compared| {
        let by = if side.rule.is_empty() { String::new() } else { format!(" by {}", side.rule) };
        let why = side.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
        format!("{}{by}{why}", side.outcome.replace('_', " "))
    };
    format!(
        "line {} {} `{}` {}: was {}, would be {}",
        past.line,
        past.at,
        past.grant,
        past.tool,
        side(&past.before),
        side(&past.now)
    )
}
