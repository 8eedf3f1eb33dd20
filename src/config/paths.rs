//! Where an operating system keeps a program, its settings and its state.

use std::path::PathBuf;

use super::Environment;

/// Where this program is, so that a client finds it without our search path.
pub fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("odoo-mcp"))
}

/// A directory for what goes away with the process.
pub fn temporary_dir() -> PathBuf {
    std::env::temp_dir()
}

/// The settings file that is read when nobody names one.
pub(super) fn settings_file(environment: &Environment) -> Option<PathBuf> {
    config_dir(environment).map(|dir| dir.join("odoo-mcp.toml"))
}

/// The state directory when nobody names one.
pub(super) fn state_dir(environment: &Environment) -> Option<PathBuf> {
    let dir = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return dir("LOCALAPPDATA").map(|local| local.join("odoo-mcp").join("state"));
    }
    if let Some(state) = dir("XDG_STATE_HOME") {
        return Some(state.join("odoo-mcp"));
    }
    let home = dir("HOME")?;
    Some(if cfg!(target_os = "macos") {
        home.join("Library/Application Support/odoo-mcp")
    } else {
        home.join(".local/state/odoo-mcp")
    })
}

fn config_dir(environment: &Environment) -> Option<PathBuf> {
    let dir = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return dir("APPDATA");
    }
    if let Some(config) = dir("XDG_CONFIG_HOME") {
        return Some(config);
    }
    let home = dir("HOME")?;
    Some(if cfg!(target_os = "macos") {
        home.join("Library/Application Support")
    } else {
        home.join(".config")
    })
}
