//! `doctor`: what is in order, what is not, and what to do about it.
//!
//! It looks and signs in; it changes nothing in any Odoo and nothing in the settings.

mod connections;
mod domains;
mod local;
mod setup;

use clap::Args;
use serde_json::json;

use super::{Session, Stop, house_flags::HouseFlags, logging, runtime};
use crate::{
    config::LogSettings,
    house::{House, PolicySource},
    policy::file,
    tools::Catalog,
};
pub(super) use domains::{look as compare_domains, scopes};

/// Check settings, files, policy, log and connections, and say what to do
#[derive(Debug, Args)]
#[command(after_help = "\
Exits 0 if nothing is broken (warnings included), 1 otherwise.

Examples:
  odoo-mcp doctor
  odoo-mcp doctor --json
  odoo-mcp doctor --setup shop
  odoo-mcp doctor --sandbox")]
pub(super) struct Doctor {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// Print the one step by which an administrator lets a stock Odoo tell browsers of changes
    #[arg(
        long,
        value_name = "CONNECTION",
        num_args = 0..=1,
        default_missing_value = "default",
        conflicts_with = "json"
    )]
    setup: Option<String>,
    #[command(flatten)]
    house: HouseFlags,
}

/// One thing that was looked at.
#[derive(Debug)]
pub(super) struct Check {
    subject: String,
    state: State,
    found: String,
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warning,
    Broken,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Broken => "broken",
        }
    }
}

impl Check {
    fn ok(subject: &str, found: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), state: State::Ok, found: found.into(), advice: None }
    }

    fn warning(subject: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { subject: subject.to_owned(), state: State::Warning, found: found.into(), advice }
    }

    fn broken(subject: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { subject: subject.to_owned(), state: State::Broken, found: found.into(), advice }
    }
}

impl Doctor {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let config = match session.settings(Some(&self.house)) {
            Ok(config) => config,
            Err(Stop::Settings(problems)) => {
                let checks: Vec<Check> = problems
                    .lines()
                    .map(|line| {
                        Check::broken("settings", line, "correct it; `odoo-mcp config` shows every key")
                    })
                    .collect();
                return report(session, &checks, self.json);
            }
            Err(other) => return Err(other),
        };
        // What the log would say is what the checks say.
        logging::start(LogSettings { level: crate::config::LogLevel::Error, ..config.log });
        if let Some(alias) = &self.setup {
            return runtime::block_on(setup::print(session, config, alias));
        }
        let mut checks = local::settings(&config);
        checks.extend(local::state_directory(&config.state_dir));
        checks.extend(local::policy(&PolicySource::choose(config.policy.as_deref())));
        checks.extend(local::servers(session, &config));
        checks.extend(local::store(session, &config));
        checks.extend(local::audit_log(&config.state_dir));
        checks.extend(local::http_door(&config));
        let source = PolicySource::choose(config.policy.as_deref());
        let read = source.bytes().ok().and_then(|text| file::read(&text, &Catalog::new()).ok());
        let scopes = read.map_or_else(Vec::new, |read| scopes(&read.document));
        let looked = runtime::block_on(async {
            let house = House::build_under(config, PolicySource::Operator).await?;
            let mut checks = connections::look(session, &house).await;
            if !scopes.is_empty() {
                checks.extend(domains::look(session, &house, &scopes).await);
            }
            Ok::<_, Stop>(checks)
        });
        match looked {
            Ok(found) => checks.extend(found),
            Err(Stop::Settings(problem)) => {
                checks.push(Check::broken("connections", problem, "correct this first"));
            }
            Err(other) => return Err(other),
        }
        report(session, &checks, self.json)
    }
}

/// Prints what was found. Broken things make the command fail.
pub(super) fn report(session: &Session, checks: &[Check], as_json: bool) -> Result<(), Stop> {
    let broken = checks.iter().filter(|check| check.state == State::Broken).count();
    let warnings = checks.iter().filter(|check| check.state == State::Warning).count();
    if as_json {
        let listed: Vec<_> = checks
            .iter()
            .map(|check| {
                json!({
                    "check": check.subject,
                    "state": check.state.as_str(),
                    "found": check.found,
                    "advice": check.advice,
                })
            })
            .collect();
        session.terminal.json(&json!({ "ok": broken == 0, "checks": listed }))?;
    } else {
        let width = checks.iter().map(|check| check.subject.chars().count()).max().unwrap_or_default();
        for check in checks {
            let padding = " ".repeat(width.saturating_sub(check.subject.chars().count()));
            session.terminal.line(&format!(
                "{:<7}  {}{padding}  {}",
                check.state.as_str(),
                check.subject,
                check.found
            ))?;
            if let Some(advice) = &check.advice {
                session.terminal.line(&format!("{}→ {advice}", " ".repeat(width + 11)))?;
            }
        }
        session.terminal.line(&format!(
            "\n{}: {broken} broken, {}",
            counted(checks.len(), "check"),
            counted(warnings, "warning")
        ))?;
    }
    if broken == 0 { Ok(()) } else { Err(Stop::Failed) }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
