//! `plugin-runner`: what this program is for a plugin in a process of its own. Started by the server only.

use std::path::PathBuf;

use clap::Args;

use super::exit::Stop;
use crate::plugins;

/// Runs one plugin for a server
#[derive(Debug, Args)]
pub(super) struct PluginRunner {
    library: PathBuf,
}

impl PluginRunner {
    pub(super) fn run(self) -> Result<(), Stop> {
        if plugins::run_alone(&self.library) { Ok(()) } else { Err(Stop::Failed) }
    }
}
