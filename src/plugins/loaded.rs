//! A plugin that is loaded: what it is, how it is doing, and where its calls go.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use odoo_mcp_plugin_host::{HostCalls, LogLevel, RunningPlugin};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, oneshot};

use super::{
    broker::{Broker, BrokerError},
    candidate::Candidate,
    capability::{self, Capability},
    error::PluginError,
    handshake,
    images::Images,
    manifest::Manifest,
    process::ChildPlugin,
    reason::{Reason, Refusal},
    registry::RunMode,
    report::SignatureReport,
    requested,
};

/// How long a library may take to open, start and describe itself.
pub(super) const START_WAIT: Duration = Duration::from_secs(5);
/// Calls of one plugin at once, where it says that it can take several.
const CALLS_AT_ONCE: usize = 8;
/// Calls of all plugins in this process at once.
const THREADS_MAX: usize = 16;
/// Threads that never came back; with more of them plugins are switched off.
const ABANDONED_MAX: usize = 4;
/// Panics or crashes in a row after which a plugin is set aside.
const FAILURES_MAX: usize = 3;

/// The threads that plugins of this process run on.
#[derive(Debug)]
pub(super) struct Threads {
    pub(super) slots: Arc<Semaphore>,
    abandoned: AtomicUsize,
    switched_off: AtomicBool,
}

impl Threads {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            slots: Arc::new(Semaphore::new(THREADS_MAX)),
            abandoned: AtomicUsize::new(0),
            switched_off: AtomicBool::new(false),
        })
    }

    /// A thread does not come back. Native code cannot be ended from outside.
    pub(super) fn abandon(&self) {
        if self.abandoned.fetch_add(1, Ordering::AcqRel) >= ABANDONED_MAX {
            self.switched_off.store(true, Ordering::Release);
            tracing::error!("too many plugin calls never ended; plugins are off until the server restarts");
        }
    }

    pub(super) fn are_switched_off(&self) -> bool {
        self.switched_off.load(Ordering::Acquire)
    }
}

/// A plugin whose steps can be called.
pub(super) struct LoadedPlugin {
    pub(super) manifest: Manifest,
    pub(super) manifest_digest: [u8; 32],
    pub(super) signature: SignatureReport,
    pub(super) mode: RunMode,
    /// What it asked for and the operator grants.
    pub(super) given: Vec<Capability>,
    pub(super) threads: Arc<Threads>,
    /// One permit per call that may run at once; closed when the plugin is set aside.
    pub(super) turns: Arc<Semaphore>,
    health: Mutex<Health>,
    pub(super) body: Body,
}

/// Where its code runs.
pub(super) enum Body {
    Here(Arc<RunningPlugin>),
    Child(Box<ChildPlugin>),
}

#[derive(Debug, Default)]
struct Health {
    /// Panics or crashes since the last call that went well.
    failures: usize,
    set_aside: Option<String>,
}

impl fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoadedPlugin({} {})", self.manifest.name, self.manifest.version)
    }
}

/// What every load needs.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub(super) images: Arc<Images>,
    pub(super) threads: Arc<Threads>,
    pub(super) runner: std::path::PathBuf,
}

impl LoadedPlugin {
    /// Opens a candidate where its mode says, and compares what it says with its manifest.
    pub(super) async fn load(
        candidate: Candidate,
        given: Vec<Capability>,
        around: &Surroundings,
    ) -> Result<Self, Refusal> {
        let image = around.images.copy(&candidate)?;
        let Candidate { manifest, manifest_digest, signature, mode, library } = candidate;
        drop(library);
        let (body, at_once) = match mode {
            RunMode::InProcess => {
                let (running, thread_safe) = start_here(&manifest, image.path(), &around.threads).await?;
                // The copy is mapped; its name is needed no more.
                drop(image);
                (Body::Here(Arc::new(running)), if thread_safe { CALLS_AT_ONCE } else { 1 })
            }
            RunMode::Process => {
                let child = ChildPlugin::start(&manifest, image, &around.runner).await?;
                (Body::Child(Box::new(child)), 1)
            }
        };
        Ok(Self {
            manifest,
            manifest_digest,
            signature,
            mode,
            given,
            threads: Arc::clone(&around.threads),
            turns: Arc::new(Semaphore::new(at_once)),
            health: Mutex::default(),
            body,
        })
    }

    /// Is it loaded from exactly these files, to run in the same way?
    pub(super) fn is_of(&self, candidate: &Candidate) -> bool {
        self.manifest_digest == candidate.manifest_digest
            && self.manifest.sha256 == candidate.manifest.sha256
            && self.mode == candidate.mode
            && self.signature == candidate.signature
    }

    pub(super) fn name(&self) -> &str {
        &self.manifest.name
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_aside(&self, why: &str) {
        tracing::warn!(plugin = self.name(), "set aside: {why}");
        self.health().set_aside.get_or_insert_with(|| why.to_owned());
        self.turns.close();
    }

    pub(super) fn why_set_aside(&self) -> Option<String> {
        self.health().set_aside.clone()
    }

    /// The error for calls of a plugin that is set aside, if it is.
    pub(super) fn refusal(&self) -> Option<PluginError> {
        if self.mode == RunMode::InProcess && self.threads.are_switched_off() {
            return Some(PluginError::RestartRequired);
        }
        let why = self.why_set_aside()?;
        Some(PluginError::Quarantined { plugin: self.name().to_owned(), why })
    }

    /// Learns from how a call ended.
    pub(super) fn note<T>(&self, outcome: &Result<T, PluginError>) {
        match outcome {
            Err(error @ (PluginError::Panicked { .. } | PluginError::Crashed { .. })) => {
                let failures = {
                    let mut health = self.health();
                    health.failures += 1;
                    health.failures
                };
                if failures >= FAILURES_MAX {
                    self.set_aside(&format!("it {} {failures} times in a row", error.code()));
                }
            }
            Err(PluginError::Timeout { timeout_ms }) => match self.mode {
                RunMode::InProcess => {
                    self.set_aside(&format!("a step did not end within {timeout_ms} ms"));
                }
                RunMode::Process => {
                    let failures = {
                        let mut health = self.health();
                        health.failures += 1;
                        health.failures
                    };
                    if failures >= FAILURES_MAX {
                        self.set_aside(&format!("it failed or did not end {failures} times in a row"));
                    }
                }
            },
            Ok(_) => self.health().failures = 0,
            Err(_) => {}
        }
    }

    /// One request of the plugin: noted, held against its capabilities, then asked.
    pub(super) async fn serve(&self, broker: Option<&dyn Broker>, request: &str) -> (i32, String) {
        use odoo_mcp_plugin_host::code;
        let refused = |error: &BrokerError| {
            (code::ERROR, json!({"error": {"code": error.code, "message": error.message}}).to_string())
        };
        let Some(broker) = broker else {
            let why = "nothing can be asked while it is decided whether a step applies";
            return refused(&BrokerError::new("not_now", why));
        };
        let request = super::answer::parse(request.as_bytes()).ok();
        // Noted before it is looked at: a request that nobody waits for any more was made all the same.
        let asked = requested::of(self.name(), request.as_ref());
        let noted = broker.requests().map(|requests| (requests, requests.begin(asked)));
        let answer = match &request {
            None => Err(BrokerError::new("bad_request", "the request is not JSON within the limits")),
            Some(request) => self.ask(broker, request).await,
        };
        if let Some((requests, noted)) = noted {
            match &answer {
                Ok(value) => requests.end(&noted, "answered", requested::rows(value)),
                Err(error) => requests.end(&noted, &error.code, None),
            }
        }
        match answer {
            Ok(value) => (code::OK, json!({"ok": value}).to_string()),
            Err(error) => refused(&error),
        }
    }

    async fn ask(&self, broker: &dyn Broker, request: &Value) -> Result<Value, BrokerError> {
        let needed = capability::check(&self.given, request).inspect_err(|error| {
            tracing::warn!(plugin = self.name(), code = error.code, "refused: {}", error.message);
        })?;
        let answer = broker.ask(self.name(), request).await;
        match &answer {
            Ok(_) => tracing::info!(plugin = self.name(), capability = %needed, "asked and answered"),
            Err(error) => {
                tracing::warn!(plugin = self.name(), capability = %needed, code = error.code, "asked in vain");
            }
        }
        answer
    }
}

/// The log of a plugin while no call of it runs.
struct QuietCalls(String);

impl HostCalls for QuietCalls {
    fn log(&self, level: LogLevel, message: &str) {
        handshake::log(&self.0, level, message);
    }
}

/// Opens the library on a thread of its own. An initialiser that never ends costs that thread.
async fn start_here(
    manifest: &Manifest,
    path: &std::path::Path,
    threads: &Threads,
) -> Result<(RunningPlugin, bool), Refusal> {
    let (done, outcome) = oneshot::channel();
    let calls = Arc::new(QuietCalls(manifest.name.clone()));
    let (expected, path) = (manifest.clone(), path.to_owned());
    let start = move || {
        let started = handshake::bring_up(&path, calls, |info| handshake::check_info(&expected, info))
            .and_then(|(info, running, described)| {
                handshake::check(&expected, &info, &described)?;
                Ok((running, info.is_thread_safe()))
            });
        // Nobody waits any more if the deadline has passed.
        let _ = done.send(started);
    };
    std::thread::Builder::new()
        .name(format!("load {}", manifest.name))
        .spawn(start)
        .map_err(|_| Refusal::new(Reason::DlopenFailed, "no thread could be started"))?;
    match tokio::time::timeout(START_WAIT, outcome).await {
        Ok(Ok(started)) => started,
        Ok(Err(_)) => Err(Refusal::new(Reason::InitFailed, "the thread of the plugin ended early")),
        Err(_) => {
            threads.abandon();
            Err(Refusal::new(
                Reason::InitTimeout,
                format!("the plugin did not start within {} seconds", START_WAIT.as_secs()),
            ))
        }
    }
}
