//! The log on standard error; standard output belongs to the protocol and to results.

use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Registry,
    filter::Targets,
    layer::SubscriberExt as _,
    reload::{self, Handle},
    util::SubscriberInitExt as _,
};

use crate::config::{LogLevel, LogSettings};

/// Where the level is changed while the program runs.
static LEVEL: OnceLock<Handle<Targets, Registry>> = OnceLock::new();

/// Changes how much is logged from now on.
pub(super) fn set_level(level: LogLevel) {
    let changed = LEVEL.get().map(|handle| handle.reload(targets(level)));
    // Said at a level that every setting shows.
    tracing::error!(?level, changed = matches!(changed, Some(Ok(()))), "the log level was changed");
}

fn targets(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // Libraries log whole messages below the level of warnings: arguments and answers of calls.
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("odoo_mcp", level)
}

/// Starts the log. A second start changes nothing.
pub(super) fn start(settings: LogSettings) {
    // What a panic says may hold values of a call; where it happened never does.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "panicked");
    }));
    let (ours, handle) = reload::Layer::new(targets(settings.level));
    let _ = LEVEL.set(handle);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let log = tracing_subscriber::registry().with(ours);
    let _ = if settings.json {
        log.with(lines.json()).try_init()
    } else {
        log.with(lines.with_target(false)).try_init()
    };
}

/// For commands that print a result: only what the reader has to know beside it.
pub(super) fn start_quiet(settings: LogSettings) {
    let level = match settings.level {
        LogLevel::Info => LogLevel::Warn,
        level @ (LogLevel::Error | LogLevel::Warn | LogLevel::Debug) => level,
    };
    start(LogSettings { level, ..settings });
}
