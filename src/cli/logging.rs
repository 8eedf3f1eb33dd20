//! The log on standard error; standard output belongs to the protocol and to results.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{LogLevel, LogSettings};

/// Starts the log. A second start changes nothing.
pub(super) fn start(settings: LogSettings) {
    // What a panic says may hold values of a call; where it happened never does.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "panicked");
    }));
    let level = match settings.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // Libraries log whole messages below the level of warnings: arguments and answers of calls.
    let ours = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("odoo_mcp", level);
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
