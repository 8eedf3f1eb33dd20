//! `plugin check` and `plugin list`: what a server would make of the plugins.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::{Session, Stop, runtime, terminal::table},
    plugins::{Plugins, ReloadReport, ReloadRequest, Status},
    store::StateDir,
};

/// Say whether a server would take a plugin, and why not
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Directory of the plugin
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Also open the library, which runs its code
    #[arg(long)]
    load: bool,
}

impl Check {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let dir = self.dir.canonicalize().map_err(|error| {
            Stop::FailedWith(format!("cannot read `{}`: {}", self.dir.display(), error.kind()))
        })?;
        let place = dir.parent().zip(dir.file_name().and_then(|name| name.to_str()));
        let (parent, name) =
            place.ok_or_else(|| Stop::FailedWith("this is no directory of a plugin".to_owned()))?;
        let request =
            ReloadRequest { dry_run: !self.load, only: vec![name.to_owned()], ..ReloadRequest::default() };
        let report = look(session, Some(parent.to_owned()), request)?;
        let only = ReloadReport {
            plugins: report.plugins.into_iter().filter(|plugin| plugin.name == name).collect(),
            ..report
        };
        show(session, &only)
    }
}

/// List the plugins of the configured directory
#[derive(Debug, Args)]
pub(super) struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let report = look(session, None, ReloadRequest { dry_run: true, ..ReloadRequest::default() })?;
        show(session, &report)
    }
}

/// What a reload would say. A person at the command line may do this as the superuser.
fn look(session: &Session, dir: Option<PathBuf>, request: ReloadRequest) -> Result<ReloadReport, Stop> {
    let config = session.settings(None)?;
    let mut settings = config.plugins;
    settings.enabled = true;
    settings.allow_root = true;
    settings.dir = dir.or(settings.dir);
    let state = StateDir::open(&config.state_dir).map_err(|error| Stop::Settings(error.to_string()))?;
    let plugins = Plugins::open(&settings, &state);
    runtime::block_on(async move { Ok(plugins.reload(request).await) })
}

fn show(session: &Session, report: &ReloadReport) -> Result<(), Stop> {
    if let Some(refusal) = report.refusal() {
        return Err(Stop::FailedWith(format!("{}: {}", refusal.reason, refusal.message)));
    }
    let rows: Vec<Vec<String>> = report
        .plugins
        .iter()
        .map(|plugin| {
            let outcome = match (plugin.status, plugin.reason_code) {
                (Status::Loaded, _) => "good".to_owned(),
                (_, Some(reason)) => reason.to_string(),
                (_, None) => String::new(),
            };
            vec![
                plugin.name.clone(),
                plugin.version.clone().unwrap_or_default(),
                plugin.mode.clone().unwrap_or_default(),
                outcome,
                plugin.message.clone().unwrap_or_default(),
            ]
        })
        .collect();
    session.terminal.line(&table(&rows))?;
    let failed = report.plugins.iter().any(|plugin| plugin.status == Status::Failed);
    if failed { Err(Stop::Failed) } else { Ok(()) }
}
