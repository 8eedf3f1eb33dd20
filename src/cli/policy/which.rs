//! Which policy a command looks at: the named file, `policy.json` here, or the shipped one.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::{Session, Stop},
    config::Flags,
    house::PolicySource,
    policy::{KnownTools, Policy},
};

#[derive(Debug, Clone, Default, Args)]
pub(super) struct Which {
    /// Policy file [default: `policy.json` here, else the one inside the program]
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
}

impl Which {
    pub(super) fn source(&self, session: &Session) -> Result<PolicySource, Stop> {
        let flags =
            Flags { policy: self.policy.clone(), config: session.config_file.clone(), ..Flags::default() };
        Ok(PolicySource::choose(session.load(&flags)?.policy.as_deref()))
    }

    /// The bytes of the file.
    pub(super) fn text(&self, session: &Session) -> Result<(PolicySource, Vec<u8>), Stop> {
        let source = self.source(session)?;
        let text =
            source.bytes().map_err(|kind| Stop::Settings(format!("{source} cannot be read: {kind}")))?;
        Ok((source, text))
    }

    /// The policy, loaded with these tools.
    pub(super) fn load(
        &self,
        session: &Session,
        tools: &impl KnownTools,
    ) -> Result<(PolicySource, Policy), Stop> {
        let (source, text) = self.text(session)?;
        let policy = Policy::load(&text, tools).map_err(|error| {
            Stop::Settings(error.problems.iter().map(|problem| format!("{source}: {problem}\n")).collect())
        })?;
        Ok((source, policy))
    }
}
