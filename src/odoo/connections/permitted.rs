//! The registry as a tool sees it: only what its permit names.

use super::{CertificateReport, ConnectRequest, Connected, Connections, Overview, Repinned};
use crate::{
    facts::{ConnectionAlias, ConnectionChange, Effect},
    odoo::OdooError,
    policy::Permit,
};

/// The only way from a tool to the connections themselves: the second check, before anything happens.
#[derive(Debug)]
pub struct PermittedConnections<'a> {
    permit: &'a Permit,
    connections: &'a Connections,
}

impl<'a> PermittedConnections<'a> {
    pub(crate) fn new(permit: &'a Permit, connections: &'a Connections) -> Self {
        Self { permit, connections }
    }

    /// All connections; with `check` each one is tried.
    pub async fn overview(&self, check: bool) -> Result<Overview, OdooError> {
        let wanted = Effect::AllConnections { change: ConnectionChange::Inspect };
        if !self.permit.effects().contains(&wanted) {
            return Err(OdooError::NotPermitted { what: "the list of connections".to_owned() });
        }
        Ok(self.connections.overview(check).await)
    }

    /// Signs in and saves; a dry run only looks.
    pub async fn connect(&self, request: ConnectRequest) -> Result<Connected, OdooError> {
        let change = if request.dry_run { ConnectionChange::Inspect } else { ConnectionChange::Connect };
        self.check(&request.alias, change)?;
        self.connections.connect(request).await
    }

    /// Forgets a saved connection and answers with the aliases that remain.
    pub async fn disconnect(&self, alias: &ConnectionAlias) -> Result<Vec<ConnectionAlias>, OdooError> {
        self.check(alias, ConnectionChange::Disconnect)?;
        self.connections.disconnect(alias).await
    }

    /// The certificate as it is served and as it is trusted.
    pub async fn certificate(&self, alias: &ConnectionAlias) -> Result<CertificateReport, OdooError> {
        self.check(alias, ConnectionChange::Inspect)?;
        self.connections.certificate(alias).await
    }

    /// Trusts the key that is served now; a dry run only shows it.
    pub async fn repin(
        &self,
        alias: &ConnectionAlias,
        expected_sha256: Option<&str>,
        dry_run: bool,
    ) -> Result<Repinned, OdooError> {
        self.check(alias, if dry_run { ConnectionChange::Inspect } else { ConnectionChange::Repin })?;
        self.connections.repin(alias, expected_sha256, dry_run).await
    }

    fn check(&self, alias: &ConnectionAlias, wanted: ConnectionChange) -> Result<(), OdooError> {
        let permitted = self.permit.effects().iter().any(|effect| {
            matches!(effect, Effect::Connection { connection, change } if connection == alias && *change == wanted)
        });
        if permitted {
            Ok(())
        } else {
            Err(OdooError::NotPermitted { what: format!("{wanted:?} of connection {alias}").to_lowercase() })
        }
    }
}
