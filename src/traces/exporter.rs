//! From the queue to the collector: in batches, with time-outs, and never in the way of a call.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Kind, Span, SpanContext, encoding, span::Ended};
use crate::{config::TraceSettings, facts::hex};

/// Spans that wait for the collector: some seconds of the busiest server, and a few megabytes.
const SPANS_WAITING_MAX: usize = 8_192;
/// Spans in one request, as other exporters send them.
const BATCH_SPANS_MAX: usize = 512;
/// A span waits for company no longer than this.
const BATCH_WAIT: Duration = Duration::from_secs(1);
/// A collector that has not answered by then has not got the batch.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// At the end what waits is sent for as long as this; service managers do not wait for long.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Why no spans can be sent.
#[derive(Debug, thiserror::Error)]
#[error("no spans can be sent: {0}")]
pub struct TraceError(&'static str);

/// Makes spans and takes them back when they are over. A cheap clone.
#[derive(Debug, Clone)]
pub struct Tracer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: mpsc::Sender<Ended>,
    share: f64,
    tells_odoo: bool,
    counts: Counts,
}

/// How many spans arrived, and how many did not.
#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    dropped: AtomicU64,
}

impl Tracer {
    /// The first span of this process in a trace: in that of whoever calls, else in one of our own.
    pub fn begin(&self, parent: Option<SpanContext>, name: &'static str, kind: Kind) -> Option<Span> {
        let context = match parent {
            Some(parent) => parent.next()?,
            None => SpanContext::first(self.0.share)?,
        };
        Some(Span::begin(self.clone(), context, parent, name, kind))
    }

    /// Spans that the collector took, and spans that it never got.
    pub fn counts(&self) -> (u64, u64) {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        (load(&self.0.counts.sent), load(&self.0.counts.dropped))
    }

    pub(super) fn tells_odoo(&self) -> bool {
        self.0.tells_odoo
    }

    /// Never waits: where the queue is full, the span is left out.
    pub(super) fn ended(&self, span: Ended) {
        if self.0.queue.try_send(span).is_err() {
            self.dropped(1);
        }
    }

    fn dropped(&self, spans: usize) {
        self.0.counts.dropped.fetch_add(spans as u64, Ordering::Relaxed);
    }
}

/// Sends spans until it is told to end.
#[derive(Debug)]
pub struct Exporter {
    tracer: Tracer,
    ending: CancellationToken,
    sending: Mutex<Option<JoinHandle<()>>>,
}

impl Exporter {
    /// Starts to send, where the settings name a collector.
    pub fn start(settings: &TraceSettings) -> Result<Option<Self>, TraceError> {
        let Some(endpoint) = settings.endpoint.clone() else { return Ok(None) };
        let collector = Collector {
            client: client()?,
            endpoint,
            headers: headers(settings)?,
            service: settings.service.clone(),
            instance: instance(),
            was_away: false,
        };
        let (queue, waiting) = mpsc::channel(SPANS_WAITING_MAX);
        let inner =
            Inner { queue, share: settings.share, tells_odoo: settings.to_odoo, counts: Counts::default() };
        let (tracer, ending) = (Tracer(Arc::new(inner)), CancellationToken::new());
        let sending = tokio::spawn(run(collector, waiting, tracer.clone(), ending.clone()));
        Ok(Some(Self { tracer, ending, sending: Mutex::new(Some(sending)) }))
    }

    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Sends what waits, for a limited time.
    pub async fn finish(&self) {
        self.ending.cancel();
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sending) = sending {
            let _ = sending.await;
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.ending.cancel();
    }
}

/// Where spans go.
struct Collector {
    client: reqwest::Client,
    endpoint: url::Url,
    headers: HeaderMap,
    service: String,
    instance: String,
    /// Said once when it goes and once when it comes back, not for each batch.
    was_away: bool,
}

async fn run(
    mut collector: Collector,
    mut waiting: mpsc::Receiver<Ended>,
    tracer: Tracer,
    ending: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH_SPANS_MAX);
    loop {
        let began = tokio::select! {
            span = waiting.recv() => span,
            () = ending.cancelled() => break,
        };
        let Some(span) = began else { return };
        batch.push(span);
        let until = Instant::now() + BATCH_WAIT;
        while batch.len() < BATCH_SPANS_MAX && !ending.is_cancelled() {
            tokio::select! {
                span = waiting.recv() => match span {
                    Some(span) => batch.push(span),
                    None => break,
                },
                () = tokio::time::sleep_until(until) => break,
                () = ending.cancelled() => break,
            }
        }
        if ending.is_cancelled() {
            break;
        }
        let sending = collector.send(&batch, &tracer);
        tokio::select! {
            () = sending => {}
            () = ending.cancelled() => break,
        }
        batch.clear();
    }
    waiting.close();
    let until = Instant::now() + FLUSH_TIMEOUT;
    loop {
        while batch.len() < BATCH_SPANS_MAX
            && let Ok(span) = waiting.try_recv()
        {
            batch.push(span);
        }
        if batch.is_empty() {
            return;
        }
        if tokio::time::timeout_at(until, collector.send(&batch, &tracer)).await.is_err() {
            let mut left = batch.len();
            while waiting.try_recv().is_ok() {
                left += 1;
            }
            return tracer.dropped(left);
        }
        batch.clear();
    }
}

impl Collector {
    /// One batch, one try: a collector that is away gets the next one.
    async fn send(&mut self, batch: &[Ended], tracer: &Tracer) {
        let body = encoding::request(&self.service, &self.instance, batch).to_string();
        let request = self
            .client
            .post(self.endpoint.clone())
            .headers(self.headers.clone())
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .timeout(SEND_TIMEOUT)
            .body(body);
        let arrived = match request.send().await {
            Ok(answer) if answer.status().is_success() => {
                tracer.0.counts.sent.fetch_add(batch.len() as u64, Ordering::Relaxed);
                Ok(())
            }
            Ok(answer) => Err(format!("it answered with status {}", answer.status().as_u16())),
            // The error itself would repeat the address.
            Err(error) if error.is_timeout() => Err("it did not answer in time".to_owned()),
            Err(_) => Err("it cannot be reached".to_owned()),
        };
        match arrived {
            Ok(()) if self.was_away => tracing::info!("the collector of traces takes spans again"),
            Ok(()) => {}
            Err(why) => {
                tracer.dropped(batch.len());
                if !self.was_away {
                    tracing::warn!(why, "the collector of traces does not take spans; they are left out");
                }
                self.was_away = true;
                return;
            }
        }
        self.was_away = false;
    }
}

fn client() -> Result<reqwest::Client, TraceError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TraceError("no TLS can be spoken"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .user_agent(concat!("odoo-mcp/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|_| TraceError("no HTTP client can be made"))
}

fn headers(settings: &TraceSettings) -> Result<HeaderMap, TraceError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let name: HeaderName = name.parse().map_err(|_| TraceError("a name in `traces.headers` is none"))?;
        let mut value = HeaderValue::from_str(value.reveal())
            .map_err(|_| TraceError("a value in `traces.headers` is none"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Tells replicas apart; a new one at each start.
fn instance() -> String {
    use ring::rand::SecureRandom as _;
    let mut random = [0_u8; 8];
    // Without randomness replicas look alike, which is only less handy.
    let _ = ring::rand::SystemRandom::new().fill(&mut random);
    hex(&random)
}
