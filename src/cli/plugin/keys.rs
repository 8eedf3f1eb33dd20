//! `plugin keygen` and `plugin sign`: who vouches for a plugin.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::{Session, Stop},
    plugins,
};

/// Make a key to sign plugins with; the entry for the list of trusted keys is printed
#[derive(Debug, Args)]
pub(super) struct Keygen {
    /// What the key is called
    #[arg(value_name = "ID")]
    id: String,
    /// New file for the private half
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Keygen {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let entry = plugins::make_key(&self.id, &self.out).map_err(Stop::FailedWith)?;
        Ok(session.terminal.line(&entry)?)
    }
}

/// Sign the manifest of a plugin
#[derive(Debug, Args)]
pub(super) struct Sign {
    /// Directory of the plugin
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Private key, made by `plugin keygen`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

impl Sign {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let id = plugins::sign(&self.dir, &self.key).map_err(Stop::FailedWith)?;
        Ok(session.terminal.line(&format!("signed by `{id}`"))?)
    }
}

/// Put a library beside its manifest and fill in hash, target and interface
#[derive(Debug, Args)]
pub(super) struct Pack {
    /// Directory with `plugin.toml`
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The library that was built
    #[arg(value_name = "LIBRARY")]
    library: PathBuf,
}

impl Pack {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let manifest = plugins::pack(&self.dir, &self.library).map_err(Stop::FailedWith)?;
        Ok(session.terminal.line(&format!("packed {} {}", manifest.name, manifest.version))?)
    }
}
