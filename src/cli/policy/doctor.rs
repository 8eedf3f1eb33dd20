//! `policy doctor`: the policy against live connections.

use clap::Args;

use crate::{
    cli::{
        Session, Stop,
        doctor::{self, Check},
        house_flags::HouseFlags,
        logging, runtime,
    },
    config::LogSettings,
    house::{House, PolicySource},
    policy::file,
    tools::Catalog,
};

/// Compare the domains of the policy with what each Odoo enforces by itself
#[derive(Debug, Args)]
#[command(after_help = "\
For every connection that can sign in and every domain of the policy: which records outside of it the
Odoo user can see, and whether Odoo has record rules of its own. `odoo-mcp doctor` looks at this, too.
Exits 0 if nothing is broken (warnings included), 1 otherwise.

Examples:
  odoo-mcp policy doctor
  odoo-mcp policy doctor --policy policy.json --json")]
pub(super) struct PolicyDoctor {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    house: HouseFlags,
}

impl PolicyDoctor {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let config = session.settings(Some(&self.house))?;
        logging::start(LogSettings { level: crate::config::LogLevel::Error, ..config.log });
        let source = PolicySource::choose(config.policy.as_deref());
        let text =
            source.bytes().map_err(|kind| Stop::Settings(format!("{source} cannot be read: {kind}")))?;
        let read = file::read(&text, &Catalog::new())
            .map_err(|error| Stop::Settings(format!("{source}: {error}")))?;
        let scopes = doctor::scopes(&read.document);
        let checks: Vec<Check> = runtime::block_on(async {
            let house = House::build_under(config, PolicySource::Operator).await?;
            Ok::<_, Stop>(doctor::compare_domains(session, &house, &scopes).await)
        })?;
        doctor::report(session, &checks, self.json)
    }
}
