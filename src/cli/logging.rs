//! The log on standard error; standard output belongs to the protocol and to results.

use tracing::level_filters::LevelFilter;

use crate::config::{LogLevel, LogSettings};

/// Starts the log. A second start changes nothing.
pub(super) fn start(settings: LogSettings) {
    let level = match settings.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_ansi(false);
    let _ = if settings.json { log.json().try_init() } else { log.with_target(false).try_init() };
}

/// For commands that print a result: only what the reader has to know beside it.
pub(super) fn start_quiet(settings: LogSettings) {
    let level = match settings.level {
        LogLevel::Info => LogLevel::Warn,
        level @ (LogLevel::Error | LogLevel::Warn | LogLevel::Debug) => level,
    };
    start(LogSettings { level, ..settings });
}
