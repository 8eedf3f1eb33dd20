//! `config`: the commented settings file, and a check of the settings in force.

use std::sync::Arc;

use clap::Args;

use super::{Session, Stop, runtime};
use crate::{
    config::{Config, DEFAULT_SETTINGS},
    house::{PolicySource, open_state},
    identity::People,
    odoo::seal_keys,
    store::{Cabinet, SealKeys, StateDir},
    tools::Catalog,
};

/// Print the settings file with all defaults, or check the settings
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  odoo-mcp config > ~/.config/odoo-mcp.toml
  odoo-mcp config --check
  odoo-mcp --config /etc/odoo-mcp.toml config --check")]
pub(super) struct Settings {
    /// Check flags, variables, settings file and policy without starting anything
    #[arg(long)]
    check: bool,
}

impl Settings {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        if !self.check {
            return Ok(session.terminal.raw(DEFAULT_SETTINGS.as_bytes())?);
        }
        let config = session.settings(None)?;
        let source = PolicySource::choose(config.policy.as_deref());
        let policy = source.read(&Catalog::new()).map_err(|error| error.to_string());
        let problems = problems(&config, policy.as_ref().err());
        let policy = match policy {
            Ok(policy) if problems.is_empty() => policy,
            _ => return Err(Stop::Settings(problems.join("\n"))),
        };
        for warning in config.warnings.iter().chain(policy.warnings()) {
            session.terminal.line(&format!("warning: {warning}"))?;
        }
        let file = match &config.settings_file {
            Some(path) => format!("`{}`", path.display()),
            None => "none, so the defaults hold".to_owned(),
        };
        let aliases: Vec<&str> = config.connections.iter().map(|one| one.alias.as_str()).collect();
        let connections = if aliases.is_empty() { "none".to_owned() } else { aliases.join(", ") };
        let door = match config.http.listen {
            Some(address) => format!("http://{address}/mcp, {} grants", config.grants.len()),
            None => "standard input and output".to_owned(),
        };
        session.terminal.line(&format!("settings file: {file}"))?;
        session.terminal.line(&format!("policy: {source}"))?;
        session.terminal.line(&format!("state directory: `{}`", config.state_dir.display()))?;
        session.terminal.line(&format!("connections of settings and environment: {connections}"))?;
        session.terminal.line(&format!("`serve` listens on: {door}"))?;
        Ok(session.terminal.line("the settings can be used")?)
    }
}

/// What the settings alone cannot know to be wrong.
fn problems(config: &Config, policy: Option<&String>) -> Vec<String> {
    let mut problems: Vec<String> = policy.into_iter().cloned().collect();
    problems.extend(Catalog::new().without(&config.features_off).err().map(|error| error.to_string()));
    if let Some(Err(error)) = config.seal_key.as_ref().map(SealKeys::given) {
        problems.push(format!("`key`: {error}"));
    }
    if let Some(address) = config.http.listen
        && !address.ip().is_loopback()
        && config.grants.is_empty()
        && !wants_tokens(config)
    {
        problems.push(format!("`http.listen`: {address} would be open to the network without any grant"));
    }
    problems
}

/// Will `serve` let in only who shows a token? Nothing is made to find that out.
fn wants_tokens(config: &Config) -> bool {
    if let Some(enabled) = config.auth.enabled {
        return enabled;
    }
    if !config.auth.odoo_connections.is_empty() {
        return true;
    }
    let state = if config.store.is_some() {
        runtime::block_on(async {
            open_state(config).await.map_err(|error| Stop::Settings(error.to_string()))
        })
    } else {
        let Ok(true) = config.state_dir.try_exists() else { return false };
        StateDir::open(&config.state_dir).map_err(|error| Stop::Settings(error.to_string()))
    };
    let Ok(state) = state else { return false };
    let Ok(keys) = seal_keys(config, &state) else { return false };
    let has_store = Cabinet::is_in(&state);
    let people = People::new(&Cabinet::open(&state), &config.auth, Arc::new(keys));
    has_store && runtime::block_on(async { Ok(people.are_known().await.unwrap_or(false)) }).unwrap_or(false)
}
