//! `demo`: a tour with the practice Odoo inside this program, and a server to try afterwards.
//!
//! It reads no settings and no environment: it must come out the same everywhere. Every step says
//! what will happen, does it through the corridor, and checks that it happened.

mod place;
mod tour;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Session, Stop, logging, runtime, serve, signals};
use crate::{
    config::{self, Config, LogLevel, LogSettings},
    house::{House, PolicySource},
    transport::BoundHttp,
};
use place::Place;
use tour::Tour;

/// Take a tour with a practice Odoo, then serve it
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing has to be installed or configured, and nothing outside of this machine is reached.

Examples:
  odoo-mcp demo
  odoo-mcp demo --once                 end after the tour; exit code 0 if every step came true
  odoo-mcp demo --http 127.0.0.1:9000")]
pub(super) struct Demo {
    /// End after the tour
    #[arg(long)]
    once: bool,
    /// Where to serve [default: 127.0.0.1:8084, or a free port if that is taken]
    #[arg(long, value_name = "ADDR", value_parser = config::listen_address)]
    http: Option<SocketAddr>,
    /// Policy file [default: the one inside the program]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where the audit log is kept [default: a directory that is removed at the end]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Accepted for symmetry: the tour always uses the practice Odoo
    #[arg(long)]
    sandbox: bool,
}

/// Where the tour serves when nobody says otherwise.
const PORT: u16 = 8084;

impl Demo {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        logging::start(LogSettings { level: LogLevel::Warn, json: false });
        let place = Place::open(self.state_dir.as_deref())?;
        runtime::block_on(async {
            let wanted = self.http.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
            let stop = CancellationToken::new();
            let (house, door) = self.open(&place, wanted, &stop).await?;
            let address = door.address();
            let came_true = tokio::select! {
                toured = Tour::new(session, &house).walk() => toured,
                () = signals::end_asked() => Err(Stop::FailedWith("the tour was stopped".to_owned())),
            };
            if came_true.is_ok() && !self.once {
                let asked = signals::end_asked();
                self.tell(session, wanted, address)?;
                tokio::select! {
                    () = asked => {}
                    () = Arc::clone(&house.keeper).keep() => {}
                }
                session.terminal.note("stopping: running calls may end");
            }
            stop.cancel();
            let closed = door.closed().await.map_err(|error| Stop::FailedWith(error.to_string()));
            came_true.and(closed)
        })
    }

    async fn open(
        &self,
        place: &Place,
        wanted: SocketAddr,
        stop: &CancellationToken,
    ) -> Result<(House, BoundHttp), Stop> {
        let source = match &self.policy {
            Some(path) => PolicySource::File(path.clone()),
            None => PolicySource::Shipped,
        };
        let mut config = Config::with_state_dir(place.path().to_owned());
        config.sandbox = true;
        config.http.listen = Some(wanted);
        let mut house = House::build_under(config, source).await?;
        let door = match serve::open_http(&house, stop.clone()).await {
            Err(Stop::Settings(_)) if self.http.is_none() => {
                house.config.http.listen = Some(SocketAddr::new(wanted.ip(), 0));
                serve::open_http(&house, stop.clone()).await?
            }
            opened => opened?,
        };
        Ok((house, door))
    }

    fn tell(&self, session: &Session, wanted: SocketAddr, address: SocketAddr) -> Result<(), Stop> {
        let terminal = &session.terminal;
        let taken = if wanted.port() != 0 && wanted != address {
            format!(" (port {} was taken)", wanted.port())
        } else {
            String::new()
        };
        let url = format!("http://{address}/mcp");
        let client = json!({ "mcpServers": { "odoo": { "type": "http", "url": url } } });
        terminal.line(&format!("\n{}", terminal.bold(&format!("Now it is your turn: {url}{taken}"))))?;
        terminal.line(&format!("  claude mcp add --transport http odoo {url}"))?;
        terminal.line(&format!("  {client}"))?;
        terminal.line("With an Odoo of your own: odoo-mcp connect")?;
        Ok(terminal.line(&terminal.faint("Ctrl-C stops."))?)
    }
}
