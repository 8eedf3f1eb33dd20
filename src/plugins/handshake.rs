//! The first words between this server and a library: opened, compared, initialised, described.

use std::{path::Path, sync::Arc};

use odoo_mcp_plugin_host::{
    ABI_MAJOR, ABI_MINOR, CallError, Code, HostCalls, Info, LogLevel, OpenError, OpenLibrary, RunningPlugin,
};

use super::{
    answer::short,
    manifest::{Manifest, check_described},
    reason::{Reason, Refusal},
};

/// Longest description of its steps that a plugin gives.
const DESCRIPTION_BYTES_MAX: usize = 256 * 1024;
/// Longest sentence of a loader or a plugin that is repeated.
const MESSAGE_CHARS_MAX: usize = 500;

/// Opens a library and starts the plugin in it. Its code runs from here on.
pub(super) fn bring_up(
    path: &Path,
    calls: Arc<dyn HostCalls>,
    check_info: impl FnOnce(&Info) -> Result<(), Refusal>,
) -> Result<(Info, RunningPlugin, String), Refusal> {
    let library = OpenLibrary::open(path).map_err(|error| of_opening(&error))?;
    let info = library.info().clone();
    check_info(&info)?;
    let before = signals_of_the_server();
    let running = library.start(calls).map_err(|error| of_starting(&error))?;
    if signals_of_the_server() != before {
        return Err(Refusal::new(Reason::InitFailed, "the plugin changes how this process handles signals"));
    }
    let described = running.describe(DESCRIPTION_BYTES_MAX).map_err(|error| {
        Refusal::new(Reason::DescribeMismatch, sentence("the plugin does not describe its steps", &error))
    })?;
    Ok((info, running, described))
}

/// What a library says of itself has to be what its manifest says.
pub(super) fn check_info(manifest: &Manifest, info: &Info) -> Result<(), Refusal> {
    let mismatch = |what: &str, said: &str, expected: &str| {
        let said = short(said, MESSAGE_CHARS_MAX);
        Refusal::new(
            Reason::InfoMismatch,
            format!("the library says {what} `{said}` and its manifest `{expected}`"),
        )
    };
    let version = manifest.version.to_string();
    if info.name != manifest.name {
        return Err(mismatch("its name is", &info.name, &manifest.name));
    }
    if info.version != version {
        return Err(mismatch("its version is", &info.version, &version));
    }
    if info.target != manifest.target {
        return Err(mismatch("it is built for", &info.target, &manifest.target));
    }
    if info.abi != manifest.abi {
        let text = |(major, minor): (u16, u16)| format!("{major}.{minor}");
        return Err(Refusal::new(
            Reason::AbiMismatch,
            format!(
                "the library speaks interface {}, its manifest says {}, this server {ABI_MAJOR}.{ABI_MINOR}",
                text(info.abi),
                text(manifest.abi)
            ),
        ));
    }
    Ok(())
}

/// All that a plugin says before it may be used.
pub(super) fn check(manifest: &Manifest, info: &Info, described: &str) -> Result<(), Refusal> {
    check_info(manifest, info)?;
    check_described(manifest, described)
}

fn of_opening(error: &OpenError) -> Refusal {
    let reason = match error {
        OpenError::Loader(_) => Reason::DlopenFailed,
        OpenError::Symbol(_) => Reason::SymbolMissing,
        OpenError::Abi { .. } => Reason::AbiMismatch,
        OpenError::Info(_) | OpenError::Magic(_) | OpenError::TooSmall(_) | OpenError::PanicFlag => {
            Reason::InfoMismatch
        }
    };
    Refusal::new(reason, short(&error.to_string(), MESSAGE_CHARS_MAX))
}

fn of_starting(error: &CallError) -> Refusal {
    let panicked = match error {
        CallError::Init(code) => *code == Code::Panic.number(),
        CallError::Refused { code, .. } => *code == Code::Panic,
        _ => false,
    };
    let reason = if panicked { Reason::InitPanicked } else { Reason::InitFailed };
    Refusal::new(reason, sentence("the plugin could not be initialised", error))
}

fn sentence(what: &str, error: &CallError) -> String {
    short(&format!("{what}: {error}"), MESSAGE_CHARS_MAX)
}

/// A line of a plugin's log in ours.
pub(super) fn log(plugin: &str, level: LogLevel, message: &str) {
    const LINE_CHARS_MAX: usize = 2_000;
    let message = short(message, LINE_CHARS_MAX);
    match level {
        LogLevel::Error => tracing::error!(plugin, "{message}"),
        LogLevel::Warning => tracing::warn!(plugin, "{message}"),
        LogLevel::Information => tracing::info!(plugin, "{message}"),
        LogLevel::Debugging => tracing::debug!(plugin, "{message}"),
    }
}

/// Which of the signals that Rust programs rely on are caught or ignored. Others, such as the one of a
/// service manager, may be set up by the server itself while a plugin starts.
#[cfg(target_os = "linux")]
fn signals_of_the_server() -> Option<(u64, u64)> {
    /// Illegal instruction, abort, bus error, arithmetic error, bad address, closed pipe.
    const RELIED_ON: u64 = 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 12;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        u64::from_str_radix(line.trim(), 16).ok().map(|mask| mask & RELIED_ON)
    };
    Some((mask("SigIgn:")?, mask("SigCgt:")?))
}

#[cfg(not(target_os = "linux"))]
fn signals_of_the_server() -> Option<(u64, u64)> {
    None
}
