//! `policy pause` and `policy resume`: the kill switch.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::reload::{ask, state_dir};
use crate::{
    cli::{Session, Stop},
    facts::GrantName,
    operator::{self, PauseOrder, ServerStatus},
    store::StateDir,
};

/// Longest pause with an end; without `--for` a pause has none.
const PAUSE_MAX: Duration = Duration::from_secs(366 * 24 * 3_600);
/// Longest reason that callers are given.
const REASON_CHARS_MAX: usize = 300;

/// Stop all calls, or those of one grant, at once
#[derive(Debug, Args)]
#[command(after_help = "\
Holds for every server on the state directory, also for those that start later. Calls that are
running end by themselves; the next one is refused with the code `paused`.

Examples:
  odoo-mcp policy pause
  odoo-mcp policy pause --grant desk --for 10m --reason 'Stock-taking until noon.'")]
pub(super) struct Pause {
    /// Stop this grant only
    #[arg(long, value_name = "GRANT", value_parser = GrantName::parse)]
    grant: Option<GrantName>,
    /// How long, such as `90s`, `10m`, `2h` or `1d`; without it until `policy resume`
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    lasting: Option<Duration>,
    /// A sentence that the callers get to read
    #[arg(long, value_parser = reason)]
    reason: Option<String>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// The state directory of the servers
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

/// Lift pauses
#[derive(Debug, Args)]
#[command(after_help = "\
Without --grant every pause is lifted. A breaker that opened by itself is not: it ends by itself.

Examples:
  odoo-mcp policy resume
  odoo-mcp policy resume --grant desk")]
pub(super) struct Resume {
    /// Lift the pause of this grant only
    #[arg(long, value_name = "GRANT", value_parser = GrantName::parse)]
    grant: Option<GrantName>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    /// The state directory of the servers
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl Pause {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let dir = state_dir(session, self.state_dir)?;
        let since = Timestamp::now();
        let until = match self.lasting {
            Some(lasting) => Some(
                since
                    .checked_add(lasting)
                    .map_err(|_| Stop::Settings("that is too far in the future".to_owned()))?,
            ),
            None => None,
        };
        let order = PauseOrder { grant: self.grant, since, until, reason: self.reason };
        operator::order_pause(&dir.shared(), order.clone())
            .map_err(|error| Stop::FailedWith(error.to_string()))?;
        let told = Told::now(&dir)?;
        if self.json {
            session.terminal.json(&json!({ "paused": order, "servers": told.json() }))?;
        } else {
            session.terminal.line(&sentence(&order))?;
            for line in told.lines() {
                session.terminal.line(&line)?;
            }
        }
        told.outcome()
    }
}

impl Resume {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let dir = state_dir(session, self.state_dir)?;
        let now = Timestamp::now();
        let failed = |error: operator::PauseError| Stop::FailedWith(error.to_string());
        let lifted = operator::lift(&dir.shared(), self.grant.as_ref(), now).map_err(failed)?;
        let standing = operator::orders(&dir.shared(), now).map_err(failed)?;
        let told = Told::now(&dir)?;
        if self.json {
            let answer = json!({ "lifted": lifted, "standing": standing, "servers": told.json() });
            session.terminal.json(&answer)?;
        } else {
            let first = if lifted.is_empty() { "there was nothing to lift" } else { "lifted" };
            session.terminal.line(first)?;
            for order in &standing {
                session.terminal.line(&format!("still: {}", sentence(order)))?;
            }
            for line in told.lines() {
                session.terminal.line(&line)?;
            }
        }
        told.outcome()
    }
}

/// Which servers know.
struct Told {
    knowing: usize,
    silent: Vec<ServerStatus>,
}

impl Told {
    fn now(dir: &StateDir) -> Result<Self, Stop> {
        let (number, servers) = ask(dir)?;
        let (knowing, silent): (Vec<_>, Vec<_>) =
            servers.into_iter().partition(|server| server.answered >= number);
        Ok(Self { knowing: knowing.len(), silent })
    }

    fn json(&self) -> serde_json::Value {
        let silent: Vec<u32> = self.silent.iter().map(|server| server.process).collect();
        json!({ "told": self.knowing, "silent": silent })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = match self.knowing {
            0 => Vec::new(),
            1 => vec!["1 running server knows".to_owned()],
            count => vec![format!("{count} running servers know")],
        };
        lines.extend(self.silent.iter().map(|server| {
            format!("process {} has not answered: end it if it must not go on", server.process)
        }));
        lines
    }

    /// A server that did not answer may still let calls through.
    fn outcome(&self) -> Result<(), Stop> {
        if self.silent.is_empty() { Ok(()) } else { Err(Stop::Failed) }
    }
}

pub(in crate::cli) fn sentence(order: &PauseOrder) -> String {
    let whom = order.grant.as_ref().map_or("everybody".to_owned(), |grant| format!("grant `{grant}`"));
    let until = order.until.map_or("until `policy resume`".to_owned(), |until| format!("until {until}"));
    let why = order.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    format!("{whom} is paused {until}{why}")
}

/// A number with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write a number and `s`, `m`, `h` or `d`, such as `10m`");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = match text.strip_prefix(digits) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        _ => return Err(wrong()),
    };
    let duration = Duration::from_secs(number.checked_mul(seconds).ok_or_else(wrong)?);
    if duration.is_zero() || duration > PAUSE_MAX {
        return Err("a pause lasts from a second to a year; without --for it has no end".to_owned());
    }
    Ok(duration)
}

fn reason(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err("a reason is a sentence".to_owned());
    }
    if text.chars().count() > REASON_CHARS_MAX {
        return Err(format!("a reason has at most {REASON_CHARS_MAX} characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        for (text, seconds) in [("1s", 1), ("10m", 600), ("2h", 7_200), ("1d", 86_400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for bad in ["", "10", "m", "-1m", "1.5h", "10 m", "1w", "0s", "400d", "99999999999999999999d", "1ms"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reason_is_one_line_of_text() {
        assert!(reason("Stock-taking.").is_ok());
        for bad in ["", "  ", "a\nb", &"x".repeat(301)] {
            assert!(reason(bad).is_err());
        }
    }
}
