//! `serve`: the doors for clients.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{Session, Stop, house_flags::HouseFlags, log_level, logging, runtime, signals};
use crate::{
    config::{self, Config, MetricsDoor, PublicUrl},
    house::{House, wait_for_store},
    identity::{self, Gate, Issuers},
    metrics,
    store::StateDir,
    transport::{self, BoundHttp, TransportError},
};

/// How often expired sessions and tokens are removed from the disk.
const SWEEP_EVERY: Duration = Duration::from_secs(15 * 60);

/// How often certificates are looked at for their last day.
const CERTIFICATES_EVERY: Duration = Duration::from_secs(6 * 3600);

/// Serve MCP on standard input and output, or over HTTP
#[derive(Debug, Args)]
#[command(after_help = "\
Standard output carries MCP and nothing else; the log goes to standard error.
The policy file is watched: a changed one rules the next call, a bad one changes nothing and
`odoo-mcp policy reload` says why. SIGHUP reads it and the log level again, too; SIGTERM lets running calls end and stops.

Examples:
  claude mcp add odoo -- odoo-mcp serve
  odoo-mcp serve --http 127.0.0.1:8084
  odoo-mcp serve --policy /etc/odoo-mcp/policy.json --state-dir /var/lib/odoo-mcp
  odoo-mcp serve --sandbox")]
pub(super) struct Serve {
    /// Serve Streamable HTTP at http://ADDR/mcp
    #[arg(long, value_name = "ADDR", value_parser = config::listen_address)]
    http: Option<SocketAddr>,
    #[command(flatten)]
    house: HouseFlags,
}

impl Serve {
    pub(super) fn run(self, session: &Session) -> Result<(), Stop> {
        let mut flags = self.house.layer();
        flags.config.clone_from(&session.config_file);
        flags.http = self.http;
        let config = session.load(&flags)?;
        logging::start(config.log);
        raise_file_limit();
        runtime::block_on(async move {
            let mut asked = Box::pin(signals::end_asked());
            tokio::select! {
                waited = wait_for_store(&config) => waited.map_err(|error| Stop::Settings(error.to_string()))?,
                () = &mut asked => return Ok(()),
            }
            let house = House::build(config).await?;
            let spans = house.start_traces().map_err(|error| Stop::Settings(error.to_string()))?;
            let stop = CancellationToken::new();
            let keeper = Arc::clone(&house.keeper);
            let environment = session.environment.clone();
            let reload = signals::at_each_hangup(move || {
                let (keeper, flags, environment) = (Arc::clone(&keeper), flags.clone(), environment.clone());
                // A judgement waits for the file to settle; calls must not wait with it.
                tokio::task::spawn_blocking(move || {
                    keeper.reload();
                    match Config::load(&flags, &environment) {
                        Ok(config) => logging::set_level(config.log.level),
                        Err(error) => tracing::warn!("the settings were not read again: {error}"),
                    }
                });
            });
            let state =
                StateDir::open(&house.config.state_dir).map_err(|error| Stop::Settings(error.to_string()))?;
            let served = tokio::select! {
                served = serve(session, &house, stop.clone()) => served,
                ended = end_in_order(asked, &stop) => ended,
                () = reload => Ok(()),
                () = Arc::clone(&house.keeper).keep() => Ok(()),
                () = sweep(&house) => Ok(()),
                () = log_level::follow(state) => Ok(()),
                () = look_at_certificates(&house) => Ok(()),
            };
            // Who asks twice for the end does not want to wait for a collector.
            if let (Some(spans), Ok(())) = (&spans, &served) {
                spans.finish().await;
            }
            served
        })
    }
}

async fn serve(session: &Session, house: &House, stop: CancellationToken) -> Result<(), Stop> {
    open_numbers(house, stop.clone()).await?;
    if house.config.http.listen.is_some() {
        let bound = open_http(house, stop).await?;
        greet_first_owner(session, house, bound.address()).await?;
        tracing::info!("listening on http://{}/mcp", bound.address());
        return bound.closed().await.map_err(|error| stopped(&error));
    }
    transport::serve_stdio(Arc::clone(&house.corridor), stop, drain(house))
        .await
        .map_err(|error| stopped(&error))
}

/// Opens the address of the numbers, where the settings name one.
async fn open_numbers(house: &House, stop: CancellationToken) -> Result<(), Stop> {
    let settings = &house.config.http.metrics;
    let (MetricsDoor::Own, Some(address)) = (settings.door, settings.listen) else { return Ok(()) };
    let (corridor, people) = (Arc::clone(&house.corridor), Some(house.people.clone()));
    let bound = transport::serve_numbers(corridor, people, address, settings.token.clone(), stop).await;
    let bound = bound.map_err(|error| stopped(&error))?;
    tracing::info!("numbers at http://{bound}/metrics");
    Ok(())
}

/// Opens the HTTP door of the settings.
pub(super) async fn open_http(house: &House, stop: CancellationToken) -> Result<BoundHttp, Stop> {
    let mut gate =
        Gate::new(&house.config.grants).await.map_err(|error| Stop::Settings(error.to_string()))?;
    let config = &house.config;
    // Who switched our own authorization server on wants people to sign in.
    let is_asked = config.oauth.enabled && config.auth.enabled != Some(false);
    let people = if is_asked || are_known(house).await? { Some(house.people.clone()) } else { None };
    let issuers = Issuers::of(config, &house.cabinet, people.as_ref());
    if let Some(issuers) = issuers.map_err(|error| Stop::Settings(error.to_string()))? {
        gate = gate.trusting(issuers);
    }
    gate = match people {
        Some(people) => gate.for_people(people),
        // Who switched accounts off does not expect any.
        None if config.auth.enabled == Some(false) => gate,
        None => gate.expecting(house.people.clone()),
    };
    let corridor = Arc::clone(&house.corridor);
    let (gate, desk) = (Arc::new(gate), Arc::clone(&house.desk));
    transport::serve_http_with_desk(corridor, &house.config.http, gate, desk, stop, drain(house))
        .await
        .map_err(|error| stopped(&error))
}

async fn are_known(house: &House) -> Result<bool, Stop> {
    house.people.are_known().await.map_err(|error| Stop::FailedWith(error.to_string()))
}

/// Where signing in was switched on and nobody can, whoever started the server can make the first account.
async fn greet_first_owner(session: &Session, house: &House, bound: SocketAddr) -> Result<(), Stop> {
    let is_on = house.config.auth.enabled.unwrap_or(house.config.oauth.enabled);
    if !is_on {
        return Ok(());
    }
    let made = house.people.accounts().first_owner_code().await;
    let Some(code) = made.map_err(|error| Stop::FailedWith(error.to_string()))? else { return Ok(()) };
    let public = house.config.http.public_url.as_ref().map(PublicUrl::of);
    let public = public.unwrap_or_else(|| PublicUrl::of_address(bound));
    session.terminal.note(&format!(
        "odoo-mcp: there is no account yet. For an hour, {} makes the first one with the code {}",
        public.join("/sign-in"),
        code.reveal()
    ));
    Ok(())
}

/// Takes away what is over, now and then. It is not good for anything before either.
async fn sweep(house: &House) {
    if house.config.http.listen.is_none() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let now = jiff::Timestamp::now();
        let swept = house.people.sweep(now).await;
        let swept = swept.and(identity::oauth::sweep(&house.cabinet, now).await);
        if let Err(error) = swept {
            tracing::warn!(%error, "what expired could not be swept away");
        }
        if let Some(enrolments) = &house.corridor.helpers().enrolments
            && let Err(error) = enrolments.sweep(jiff::Timestamp::now()).await
        {
            tracing::warn!(%error, "links that ran out could not be swept away");
        }
    }
}

/// Where numbers are read, the days that certificates have left are known.
async fn look_at_certificates(house: &House) {
    if house.config.http.metrics.door == MetricsDoor::Off {
        return std::future::pending().await;
    }
    let numbers = house.corridor.numbers();
    loop {
        metrics::in_call(numbers, house.corridor.connections().look_at_certificates()).await;
        tokio::time::sleep(CERTIFICATES_EVERY).await;
    }
}

/// Every connection is an open file, and the usual limit is below what the settings allow.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(not(unix))]
fn raise_file_limit() {}

fn drain(house: &House) -> Duration {
    Duration::from_millis(house.config.drain_ms)
}

/// The first signal lets running calls end; the second ends the process.
async fn end_in_order(asked: impl Future<Output = ()>, stop: &CancellationToken) -> Result<(), Stop> {
    asked.await;
    let asked_again = signals::end_asked();
    tracing::info!("stopping: running calls may end");
    stop.cancel();
    asked_again.await;
    Err(Stop::FailedWith("stopped before all calls had ended".to_owned()))
}

fn stopped(error: &TransportError) -> Stop {
    let mut message = error.to_string();
    if let TransportError::Bind { source, .. } = error {
        message.push_str(&format!(": {source}"));
    }
    match error {
        TransportError::OpenDoor { .. } | TransportError::Bind { .. } => Stop::Settings(message),
        TransportError::Stream(_) => Stop::FailedWith(message),
    }
}
