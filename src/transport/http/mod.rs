//! The HTTP door: Streamable HTTP at `/mcp`, two addresses for programs that want a document read,
//! probes and numbers for whoever watches the process, and pages for questions to people.
//!
//! rmcp speaks the protocol; everything it leaves open is checked before a request reaches it.

mod ai;
mod always;
mod console;
mod cookies;
mod door;
mod enroll;
mod forwarded;
mod health;
mod listener;
mod numbers;
mod oauth;
mod origin;
mod pages;
pub(super) mod sessions;
mod sign_in;
mod traced;
mod unread;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::post_service,
};
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::{
    cookies::Cookies,
    door::Door,
    origin::Names,
    pages::Pages,
    sessions::{Hellos, SessionLimits, Sessions},
};
use super::{
    TransportError,
    server::{Handler, Shared},
};
use crate::{
    config::{HttpSettings, MetricsDoor, PublicUrl},
    console::{Console, PolicyDesk},
    facts::Arrival,
    identity::Gate,
    pipeline::Corridor,
};

/// Where it listens when the settings name no address.
const DEFAULT_PORT: u16 = 8084;

/// A door that is open.
#[derive(Debug)]
pub struct BoundHttp {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl BoundHttp {
    /// The address as bound; the port is never 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resolves when the door is closed and all replies are out.
    pub async fn closed(self) -> Result<(), TransportError> {
        self.serving.await.map_err(|error| TransportError::Stream(error.to_string()))
    }
}

pub(super) async fn serve(
    corridor: Arc<Corridor>,
    settings: &HttpSettings,
    gate: Arc<Gate>,
    desk: Option<Arc<dyn PolicyDesk>>,
    stop: CancellationToken,
    drain: Duration,
) -> Result<BoundHttp, TransportError> {
    let wanted = settings.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)));
    if !gate.wants_token() && !wanted.ip().to_canonical().is_loopback() {
        return Err(TransportError::OpenDoor { address: wanted });
    }
    let bind_failed = |source| TransportError::Bind { address: wanted, source };
    let listener = TcpListener::bind(wanted).await.map_err(bind_failed)?;
    let address = listener.local_addr().map_err(bind_failed)?;

    let public = public_address(settings, address);
    let people = match (gate.people(), &public) {
        (Some(people), Some(public)) => Some(Arc::new(sign_in::Pages {
            people: people.clone(),
            cookies: Cookies::new(public.is_https()),
            corridor: Arc::clone(&corridor),
        })),
        (Some(_), None) => {
            tracing::warn!(
                "nobody can sign in with a browser: set `http.public_url` to the https address of this server"
            );
            None
        }
        (None, _) => None,
    };
    // A page of a question wants two who can tell each other apart, one that asks and one that answers;
    // and its address.
    let has_pages = (gate.grants() > 1 || people.is_some()) && public.is_some();
    let pages = has_pages.then(|| Pages {
        corridor: Arc::clone(&corridor),
        gate: Arc::clone(&gate),
        people: people.clone(),
    });
    let console = people.as_ref().map(|pages| {
        let console = Console::new(Arc::clone(&corridor), pages.people.clone(), desk)
            .knowing_grants(gate.grant_names());
        console::Site { console, pages: Arc::clone(pages) }
    });
    let enrolments = corridor.helpers().enrolments.clone();
    let enrolling = match (&people, &public, enrolments) {
        (Some(_), Some(public), Some(enrolments)) => {
            enrolments.reached_at(public);
            let (corridor, public) = (Arc::clone(&corridor), public.clone());
            Some(Arc::new(enroll::Enrolling { enrolments, corridor, public }))
        }
        _ => None,
    };
    let pages_at = public.as_ref().filter(|_| has_pages).map(|public| public.as_str().to_owned());
    let shared = Shared::new(Arc::clone(&corridor), Arrival::Http, pages_at);
    let streams = CancellationToken::new();
    let numbers = Arc::clone(corridor.numbers());
    let probes = health::probes(Arc::clone(&corridor), stop.clone());
    let always = always::Always { is_https: public.as_ref().is_some_and(PublicUrl::is_https) };
    let surroundings = Surroundings { gate, corridor, pages, people, console, enrolling, public, address };
    let router = router(&shared, settings, surroundings, streams.clone())
        .merge(probes)
        .layer(from_fn(unread::read_on))
        .layer(from_fn_with_state(always, always::said))
        .layer(from_fn_with_state(Arc::clone(&numbers), traced::traced));
    let proxies = &settings.trusted_proxies;
    let router = if proxies.is_empty() {
        router
    } else {
        router.layer(from_fn_with_state(Arc::new(proxies.clone()), forwarded::believed))
    };
    let places = listener::Places::new(settings.connections_max, numbers);
    let serving = tokio::spawn(listener::run(listener, router, places, shared, stop, streams, drain));
    Ok(BoundHttp { address, serving })
}

/// Where clients and browsers reach this server: as the settings say, or on this machine.
fn public_address(settings: &HttpSettings, bound: SocketAddr) -> Option<PublicUrl> {
    let named = settings.public_url.as_ref().map(PublicUrl::of);
    // Elsewhere a name would have to come from requests, and passwords would travel in clear.
    named.or_else(|| bound.ip().to_canonical().is_loopback().then(|| PublicUrl::of_address(bound)))
}

pub(super) use numbers::serve as serve_numbers;

/// What the pages and the door of one server share.
struct Surroundings {
    gate: Arc<Gate>,
    corridor: Arc<Corridor>,
    pages: Option<Pages>,
    people: Option<Arc<sign_in::Pages>>,
    console: Option<console::Site>,
    enrolling: Option<Arc<enroll::Enrolling>>,
    public: Option<PublicUrl>,
    address: SocketAddr,
}

fn router(
    shared: &Arc<Shared>,
    settings: &HttpSettings,
    surroundings: Surroundings,
    streams: CancellationToken,
) -> Router {
    let Surroundings { gate, corridor, pages, people, console, enrolling, public, address } = surroundings;
    let limits = SessionLimits {
        sessions_max: settings.sessions_max,
        // Without tokens all clients are one caller.
        per_caller_max: if gate.wants_token() { settings.sessions_per_caller_max } else { usize::MAX },
        idle: Duration::from_millis(settings.session_idle_ms),
    };
    let ruling = Arc::clone(&corridor);
    let sessions = Sessions::new(limits, move || ruling.policy());
    sessions.watch();
    let counted = Arc::downgrade(&sessions);
    corridor
        .numbers()
        .count_sessions_by(move || counted.upgrade().map_or(0, |sessions| sessions.count() as u64));

    let mut config = StreamableHttpServerConfig::default()
        .with_json_response(true)
        // The door checks both headers before, and more strictly.
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(settings.body_bytes_max)
        .with_cancellation_token(streams);
    config.session_store = Some(Arc::new(Hellos(Arc::clone(&sessions))));
    let server = Handler::new(Arc::clone(shared));
    let mcp = StreamableHttpService::new(move || Ok(server.clone()), Arc::clone(&sessions), config);

    let (mut hosts, mut origins) = (settings.allowed_hosts.clone(), settings.allowed_origins.clone());
    if let Some(named) = public.as_ref().filter(|_| settings.public_url.is_some()) {
        hosts.push(named.authority());
        origins.push(named.as_str().to_owned());
    }
    let names = Names::new(&hosts, &origins, address);
    let oauth = gate.issuers().map(|issuers| oauth::routes(issuers, people.as_ref())).unwrap_or_default();
    let known = gate.people().cloned();
    let door = Arc::new(Door::new(
        gate,
        Arc::clone(&corridor),
        public.as_ref(),
        names,
        sessions,
        settings.body_bytes_max,
    ));
    let numbers = (settings.metrics.door == MetricsDoor::Main)
        .then(|| numbers::routes(Arc::clone(&door), Arc::clone(&corridor), known, &settings.metrics));
    Router::new()
        .route("/mcp", post_service(mcp.clone()).get_service(mcp.clone()).delete_service(mcp))
        .route_layer(from_fn_with_state(Arc::clone(&door), door::guard_mcp))
        .merge(ai::routes(Arc::clone(&door), Arc::clone(shared)))
        .merge(health::routes(Arc::clone(&door), corridor))
        .merge(numbers.unwrap_or_default())
        .merge(pages.map(pages::routes).unwrap_or_default())
        .merge(oauth)
        .merge(console.map(console::routes).unwrap_or_default())
        .merge(people.map(sign_in::routes).unwrap_or_default())
        .merge(enrolling.map(enroll::routes).unwrap_or_default())
        .layer(from_fn_with_state(door, door::guard_names))
}
