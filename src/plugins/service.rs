//! The plugins of a server: the registry that holds now, and how it is replaced.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Instant,
};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use super::{
    BUILT_IN_STEPS,
    calls::millis,
    candidate::Strictness,
    capability::Granted,
    folder,
    images::Images,
    loaded::{Surroundings, Threads},
    reason::{Reason, Refusal},
    registry::{PluginStep, Registry},
    reload::{Active, Look},
    report::{ReloadCounts, ReloadReport, ReloadRequest, Status},
    signature::{KEYS_BYTES_MAX, TrustedKeys},
};
use crate::{
    config::{PluginSettings, SignaturePolicy},
    store::StateDir,
};

/// Cheap to clone. Nothing is loaded before `start`.
#[derive(Clone)]
pub struct Plugins(Arc<Shared>);

struct Shared {
    settings: PluginSettings,
    state: StateDir,
    root: PathBuf,
    strictness: Arc<Strictness>,
    /// What is wrong with the list of keys, if something is.
    keys_problem: Option<String>,
    granted: Granted,
    threads: Arc<Threads>,
    images: OnceLock<Arc<Images>>,
    registry: ArcSwap<Registry>,
    /// Whoever holds it reloads.
    active: Mutex<Active>,
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugins(enabled: {})", self.0.settings.enabled)
    }
}

/// Why a server with these plugins must not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    #[error(
        "plugins are enabled and the server runs as the superuser; run it as a user of its own, or set \
         `plugins.allow_root`"
    )]
    Superuser,
    #[error("the trusted keys of plugins cannot be used: {0}")]
    Keys(String),
    #[error("plugins could not be loaded, and `plugins.strict` is set: {0}")]
    Strict(String),
}

impl Plugins {
    /// Reads the keys and remembers the rest; nothing is looked for yet.
    pub fn open(settings: &PluginSettings, state: &StateDir) -> Self {
        let root = settings.dir.clone().unwrap_or_else(|| state.path("plugins").join("ai_invoice"));
        // Resolved once: a link that is moved later means nothing.
        let root = root.canonicalize().unwrap_or(root);
        let mut signature = settings.signature_policy();
        let (keys, keys_problem) = match settings.trusted_keys.as_ref().filter(|_| settings.enabled) {
            None => (TrustedKeys::default(), None),
            Some(path) => match read_keys(path) {
                Ok(keys) => (keys, None),
                Err(why) => {
                    signature = SignaturePolicy::Required;
                    (TrustedKeys::default(), Some(why))
                }
            },
        };
        let strictness = Strictness { signature, unsigned_mode: settings.unsigned_mode, keys };
        Self(Arc::new(Shared {
            settings: settings.clone(),
            state: state.clone(),
            root,
            strictness: Arc::new(strictness),
            keys_problem,
            granted: Granted::of(&settings.capabilities),
            threads: Threads::new(),
            images: OnceLock::new(),
            registry: ArcSwap::default(),
            active: Mutex::default(),
        }))
    }

    pub fn enabled(&self) -> bool {
        self.0.settings.enabled
    }

    /// Loads what is in the configured directory, where plugins are enabled.
    pub async fn start(&self) -> Result<(), StartError> {
        if !self.enabled() {
            return Ok(());
        }
        if folder::is_superuser() && !self.0.settings.allow_root {
            return Err(StartError::Superuser);
        }
        if let Some(why) = &self.0.keys_problem {
            return Err(StartError::Keys(why.clone()));
        }
        let strict = self.0.settings.strict;
        let report = self.reload(ReloadRequest { strict, ..ReloadRequest::default() }).await;
        if report.reason_code == Some(Reason::DirectoryMissing) {
            tracing::info!("plugins are enabled, and their directory is not there yet");
            return Ok(());
        }
        let mut problems: Vec<String> = report.message.iter().cloned().collect();
        for plugin in report.plugins.iter().filter(|plugin| plugin.status == Status::Failed) {
            let why = plugin.message.as_deref().unwrap_or("no reason was given");
            problems.push(format!("`{}`: {why}", plugin.name));
        }
        for problem in &problems {
            tracing::warn!("a plugin was not loaded: {problem}");
        }
        tracing::info!(plugins = report.loaded.len(), "plugins are loaded");
        if strict && report.is_error {
            return Err(StartError::Strict(problems.join("; ")));
        }
        Ok(())
    }

    /// The steps that hold now. A run takes this once and keeps it.
    pub fn registry(&self) -> Arc<Registry> {
        self.0.registry.load_full()
    }

    /// Looks at the plugins again and publishes one new registry, or leaves the old one.
    pub async fn reload(&self, request: ReloadRequest) -> ReloadReport {
        let started = Instant::now();
        let mut report = match self.look(&request).await {
            Ok(report) => report,
            Err(refusal) => self.refused(&request, &refusal),
        };
        report.duration_ms = millis(started.elapsed());
        report
    }

    async fn look(&self, request: &ReloadRequest) -> Result<ReloadReport, Refusal> {
        let shared = &self.0;
        if !self.enabled() {
            return Err(Refusal::new(Reason::Disabled, "plugins are not enabled on this server"));
        }
        if folder::is_superuser() && !shared.settings.allow_root {
            let why = "plugins are not loaded by a server that runs as the superuser";
            return Err(Refusal::new(Reason::Forbidden, why));
        }
        if shared.threads.are_switched_off() {
            let why = "too many calls of plugins never ended; restart the server";
            return Err(Refusal::new(Reason::RestartRequired, why));
        }
        let mut active = shared
            .active
            .try_lock()
            .map_err(|_| Refusal::new(Reason::ReloadInProgress, "another reload is running"))?;
        let dir = folder::choose(&request.plugins_dir, &shared.root, &shared.settings.allowed_dirs)?;
        let around = Surroundings {
            images: self.images()?,
            threads: Arc::clone(&shared.threads),
            runner: shared.settings.runner.clone(),
        };
        let look = Look {
            request,
            strictness: &shared.strictness,
            granted: &shared.granted,
            around: &around,
            before: &active,
        };
        let outcome = look.take(&dir).await?;
        let stopped = request.strict && outcome.failed;
        let publish = outcome.changed && !stopped && !request.dry_run;
        if publish {
            *active = outcome.active;
            shared.registry.store(Arc::new(self.assembled(&active)));
        }
        let registry = self.registry();
        Ok(ReloadReport {
            plugins_dir: dir.to_string_lossy().into_owned(),
            loaded: active.keys().cloned().collect(),
            published: publish,
            is_error: stopped || (outcome.failed && !publish && !request.dry_run),
            counts: outcome.counts,
            plugins: outcome.plugins,
            ..self.empty(request, &registry)
        })
    }

    fn images(&self) -> Result<Arc<Images>, Refusal> {
        if let Some(images) = self.0.images.get() {
            return Ok(Arc::clone(images));
        }
        let images = Images::open(&self.0.state)
            .map_err(|_| Refusal::new(Reason::DlopenFailed, "there is no place for private copies"))?;
        Ok(Arc::clone(self.0.images.get_or_init(|| images)))
    }

    fn assembled(&self, active: &Active) -> Registry {
        let mut steps: Vec<Arc<PluginStep>> = active.values().flat_map(PluginStep::of).collect();
        steps.sort_by(|one, other| (one.sequence, &one.name).cmp(&(other.sequence, &other.name)));
        let mut capabilities: Vec<String> =
            active.values().flat_map(|plugin| plugin.given.iter().map(ToString::to_string)).collect();
        capabilities.sort();
        capabilities.dedup();
        Registry { generation: self.registry().generation + 1, steps, capabilities }
    }

    fn empty(&self, request: &ReloadRequest, registry: &Registry) -> ReloadReport {
        ReloadReport {
            plugins_dir: String::new(),
            loaded: Vec::new(),
            total_steps_registered: BUILT_IN_STEPS.len() + registry.steps.len(),
            dry_run: request.dry_run,
            published: false,
            generation: registry.generation,
            abi: format!("{}.{}", odoo_mcp_plugin_host::ABI_MAJOR, odoo_mcp_plugin_host::ABI_MINOR),
            duration_ms: 0,
            counts: ReloadCounts::default(),
            plugins: Vec::new(),
            reason_code: None,
            message: None,
            is_error: false,
        }
    }

    fn refused(&self, request: &ReloadRequest, why: &Refusal) -> ReloadReport {
        let registry = self.registry();
        let mut loaded: Vec<String> =
            registry.steps.iter().map(|step| step.provenance.plugin.clone()).collect();
        loaded.sort();
        loaded.dedup();
        ReloadReport {
            loaded,
            reason_code: Some(why.reason),
            message: Some(why.message.clone()),
            is_error: true,
            ..self.empty(request, &registry)
        }
    }
}

fn read_keys(path: &std::path::Path) -> Result<TrustedKeys, String> {
    let bytes = folder::read_trusted(path, KEYS_BYTES_MAX).map_err(|refusal| refusal.message)?;
    let text = String::from_utf8(bytes).map_err(|_| "the list is not UTF-8".to_owned())?;
    TrustedKeys::parse(&text)
}
