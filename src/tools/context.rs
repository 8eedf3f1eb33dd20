//! What a running tool may reach: exactly what its permit says.

use std::sync::OnceLock;

use super::{definition::Progress, helpers::Helpers};
use crate::{
    config::ToolSettings,
    facts::{Caller, ConnectionAlias, Effect, PluginRequests},
    files::{CallerFiles, DownloadArea},
    odoo::{Connections, OdooError, PermittedConnections, PermittedOdoo, PermittedWeb},
    policy::Permit,
};

/// Made from a permit, for one call.
#[derive(Debug)]
pub struct CallContext<'a> {
    permit: &'a Permit,
    caller: &'a Caller,
    connections: &'a Connections,
    area: &'a DownloadArea,
    files: OnceLock<CallerFiles>,
    progress: &'a Progress,
    settings: &'a ToolSettings,
    helpers: Helpers,
    plugin_requests: PluginRequests,
}

impl<'a> CallContext<'a> {
    pub fn new(
        permit: &'a Permit,
        caller: &'a Caller,
        connections: &'a Connections,
        area: &'a DownloadArea,
        progress: &'a Progress,
        settings: &'a ToolSettings,
    ) -> Self {
        Self {
            permit,
            caller,
            connections,
            area,
            files: OnceLock::new(),
            progress,
            settings,
            helpers: Helpers::default(),
            plugin_requests: PluginRequests::default(),
        }
    }

    /// The same with a language model and a place for drafts.
    #[must_use]
    pub fn helped_by(mut self, helpers: &Helpers) -> Self {
        self.helpers = helpers.clone();
        self
    }

    pub fn helpers(&self) -> &Helpers {
        &self.helpers
    }

    /// Where it is noted what plugins ask for during this call.
    pub fn plugin_requests(&self) -> &PluginRequests {
        &self.plugin_requests
    }

    /// A client for one connection, bound to the permit: what the call did not declare, it refuses.
    pub fn odoo(&self, connection: &ConnectionAlias) -> Result<PermittedOdoo<'a>, OdooError> {
        PermittedOdoo::new(self.permit, self.connections, connection, &self.caller.grant)
    }

    /// The caller's web session of one connection, bound to the permit. Nothing is sent by this.
    pub fn web(&self, connection: &ConnectionAlias) -> Result<PermittedWeb<'a>, OdooError> {
        PermittedWeb::new(self.permit, self.connections, connection, self.caller)
    }

    /// The connections themselves, bound to the permit.
    pub fn connections(&self) -> PermittedConnections<'a> {
        PermittedConnections::new(self.permit, self.connections)
    }

    /// The caller's own part of the download area.
    pub fn files(&self) -> &CallerFiles {
        self.files.get_or_init(|| self.area.of(self.caller))
    }

    /// What the operator set for single tools.
    pub fn settings(&self) -> &'a ToolSettings {
        self.settings
    }

    /// What the call said it would do.
    pub fn effects(&self) -> &'a [Effect] {
        self.permit.effects()
    }

    pub fn caller(&self) -> &'a Caller {
        self.caller
    }

    pub fn progress(&self) -> &'a Progress {
        self.progress
    }
}
