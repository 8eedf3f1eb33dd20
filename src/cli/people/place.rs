//! The accounts of a state directory, and names as the command line takes them.

use std::{path::PathBuf, sync::Arc};

use clap::Args;

use crate::{
    cli::{Session, Stop},
    config::{AuthSettings, Config, Flags},
    facts::UserName,
    identity::{People, PeopleError, local_name},
    odoo::seal_keys,
    store::Cabinet,
};

/// Flags of all commands about people.
#[derive(Debug, Clone, Args)]
pub(super) struct Where {
    /// Where accounts, tokens and sessions are kept
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl Where {
    /// The store of shared state alone, for what needs no keys.
    pub(super) fn cabinet(&self, session: &Session) -> Result<Cabinet, Stop> {
        let config = self.config(session)?;
        let state = session.state(&config)?;
        Ok(Cabinet::open(&state))
    }

    fn config(&self, session: &Session) -> Result<Config, Stop> {
        let flags = Flags {
            state_dir: self.state_dir.clone(),
            config: session.config_file.clone(),
            ..Flags::default()
        };
        session.load(&flags)
    }

    pub(super) fn open(&self, session: &Session) -> Result<People, Stop> {
        let config = self.config(session)?;
        let state = session.state(&config)?;
        let keys = seal_keys(&config, &state).map_err(|error| Stop::Settings(error.to_string()))?;
        Ok(People::new(&Cabinet::open(&state), &config.auth, Arc::new(keys)))
    }
}

/// The name of an account: a plain one of this server, or `CONNECTION/LOGIN`.
pub(super) fn account_name(text: &str) -> Result<UserName, String> {
    if text.contains('/') {
        UserName::parse(text).map_err(|error| error.to_string())
    } else {
        local_name(text)
    }
}

/// What cannot be done is a failure; nothing of it is wrong usage of ours.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`, which hands the error over")]
pub(super) fn stopped(error: PeopleError) -> Stop {
    Stop::FailedWith(error.to_string())
}

/// Whether servers that run now take notice.
pub(super) fn note_if_off(session: &Session, settings: &AuthSettings) {
    if settings.enabled == Some(false) {
        session.terminal.note("odoo-mcp: `auth.enabled` is false, so no server uses accounts");
    }
}

/// A moment without fractions of a second.
pub(super) fn shown(at: jiff::Timestamp) -> String {
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}
