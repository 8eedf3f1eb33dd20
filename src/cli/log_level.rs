//! `log-level`: tells running servers how much to log, until they start again or read their settings again.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use super::{Session, Stop, logging};
use crate::{
    config::{Flags, LogLevel},
    operator::servers,
    store::StateDir,
};

/// Where the word is left for servers.
const FILE: &str = "log-level";
/// How often a server looks for it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Change how much running servers log
#[derive(Debug, Args)]
#[command(after_help = "\
Servers on this state directory follow within a second. SIGHUP, or a start, brings back the level of the
settings.

Examples:
  odoo-mcp log-level debug
  odoo-mcp log-level warn --state-dir /var/lib/odoo-mcp")]
pub(super) struct SetLogLevel {
    level: Level,
    /// Where connections, keys and the audit log are kept
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl Level {
    fn as_setting(self) -> LogLevel {
        match self {
            Self::Error => LogLevel::Error,
            Self::Warn => LogLevel::Warn,
            Self::Info => LogLevel::Info,
            Self::Debug => LogLevel::Debug,
        }
    }
}

impl SetLogLevel {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let config_file = session.config_file.clone();
        let flags = Flags { state_dir: self.state_dir, config: config_file, ..Flags::default() };
        let config = session.load(&flags)?;
        let failed = |error: crate::store::StoreError| Stop::FailedWith(error.to_string());
        let state = StateDir::open(&config.state_dir).map_err(failed)?;
        let word =
            self.level.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        state.lock(FILE).and_then(|file| file.replace(word.as_bytes())).map_err(failed)?;
        let running = servers(&state).map_err(failed)?.len();
        Ok(session.terminal.line(&format!("{running} running; they log at `{word}` from now on"))?)
    }
}

/// Follows the word for ever. What stood there before this process began is not for it.
pub(super) async fn follow(state: StateDir) {
    let mut seen = state.stamp(FILE).ok().flatten();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = state.stamp(FILE).ok().flatten();
        if now == seen {
            continue;
        }
        seen = now;
        let word = state.read(FILE).ok().flatten().unwrap_or_default();
        let level = std::str::from_utf8(&word).ok().and_then(|word| Level::from_str(word, false).ok());
        match level {
            Some(level) => logging::set_level(level.as_setting()),
            None => tracing::warn!("`{FILE}` of the state directory holds no level"),
        }
    }
}
