//! The registry as a tool sees it: only what its permit names.

use std::sync::Arc;

use super::{
    CertificateReport, ConnectRequest, Connected, Connections, Overview, OwnRequest, OwnState, Repinned,
};
use crate::{
    facts::{ConnectionAlias, ConnectionChange, Definition, Effect, OwnChange},
    odoo::{OdooError, SignIn},
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

    /// What is known of a connection before anything is sent.
    pub fn definition(&self, alias: &ConnectionAlias) -> Result<Definition, OdooError> {
        self.check(alias, ConnectionChange::Inspect)?;
        Ok(self.connections.get(alias)?.definition().clone())
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
        let client = self.connections.get(alias).ok();
        let remaining = self.connections.disconnect(alias).await?;
        self.connections.web_sessions().forget(alias, client).await;
        Ok(remaining)
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

    /// The caller's own connections.
    pub fn own(&self) -> Result<OwnState, OdooError> {
        self.check_own(None, OwnChange::Inspect)?;
        self.connections.own_state()
    }

    /// Signs in and saves a connection of the caller's own; a dry run only looks.
    pub async fn save_own(&self, request: OwnRequest) -> Result<Connected, OdooError> {
        let change = if request.connect.dry_run { OwnChange::Rehearse } else { OwnChange::Save };
        self.check_own(Some(&request.connect.alias), change)?;
        self.connections.own_save(request).await
    }

    /// Makes a connection the one that calls of this caller mean when they name none.
    pub async fn activate_own(&self, alias: &ConnectionAlias) -> Result<Arc<SignIn>, OdooError> {
        self.check_own(Some(alias), OwnChange::Activate)?;
        self.connections.own_activate(alias).await
    }

    /// Forgets a connection of the caller's own, and answers with those that remain.
    pub async fn forget_own(&self, alias: &ConnectionAlias) -> Result<Vec<ConnectionAlias>, OdooError> {
        self.check_own(Some(alias), OwnChange::Forget)?;
        self.connections.own_forget(alias).await
    }

    fn check_own(&self, alias: Option<&ConnectionAlias>, wanted: OwnChange) -> Result<(), OdooError> {
        let permitted = self.permit.effects().iter().any(|effect| {
            matches!(effect, Effect::Own { connection, change } if connection.as_ref() == alias && *change == wanted)
        });
        if permitted {
            return Ok(());
        }
        let what =
            alias.map_or_else(|| "own connections".to_owned(), |alias| format!("own connection {alias}"));
        Err(OdooError::NotPermitted { what: format!("{} of {what}", wanted.as_str()) })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::{Arrival, CallFacts, Caller, Class, JsonObject, Risk, Secret, ToolFacts},
        odoo::{ProtocolName, SecretKind},
        policy::{Decision, Names, Policy},
    };

    /// A permit for exactly these effects.
    fn permit(effects: Vec<Effect>) -> Permit {
        let policy = br#"{"version": "1", "default": "deny", "tools": {"odoo_connect": {}}}"#;
        let policy = Arc::new(Policy::load(policy, &Names(&["odoo_connect"])).unwrap());
        let decision = policy.decide(&CallFacts {
            caller: Caller::local(Arrival::Stdio),
            tool: ToolFacts {
                name: "odoo_connect",
                family: "connections",
                class: Class::Write,
                risk: Risk::High,
            },
            class: Class::Write,
            dry_run: false,
            arguments: Arc::new(JsonObject::new()),
            effects: effects.into(),
            at: jiff::Timestamp::now(),
            found: crate::facts::Found::default(),
        });
        match decision {
            Decision::Allow(permit) => permit,
            other => panic!("{other:?}"),
        }
    }

    fn one(name: &str, change: ConnectionChange) -> Vec<Effect> {
        vec![Effect::Connection { connection: ConnectionAlias::parse(name).unwrap(), change }]
    }

    fn request(dry_run: bool) -> ConnectRequest {
        ConnectRequest {
            alias: ConnectionAlias::parse("shop").unwrap(),
            url: "https://127.0.0.1:1".to_owned(),
            db: Some("lab".to_owned()),
            username: "admin".to_owned(),
            password: Some(Secret::new("x".to_owned())),
            api_key: None,
            secret_ref: None,
            secret_kind: SecretKind::Password,
            protocol: ProtocolName::Auto,
            verify_ssl: true,
            ca_file: None,
            replace: false,
            dry_run,
        }
    }

    /// Which operations a permit opens; the others are stopped here. An operation that gets past the
    /// door fails later, because nothing is connected.
    async fn opened(effects: Vec<Effect>) -> Vec<&'static str> {
        let (permit, connections) = (permit(effects), Connections::default());
        let door = PermittedConnections::new(&permit, &connections);
        let shop = ConnectionAlias::parse("shop").unwrap();
        let outcomes = [
            ("list", door.overview(false).await.err()),
            ("look", door.connect(request(true)).await.err()),
            ("connect", door.connect(request(false)).await.err()),
            ("disconnect", door.disconnect(&shop).await.err()),
            ("certificate", door.certificate(&shop).await.err()),
            ("look at pin", door.repin(&shop, None, true).await.err()),
            ("repin", door.repin(&shop, None, false).await.err()),
            ("definition", door.definition(&shop).err()),
        ];
        let passed = |error: &Option<OdooError>| !matches!(error, Some(OdooError::NotPermitted { .. }));
        outcomes.iter().filter(|(_, error)| passed(error)).map(|(name, _)| *name).collect()
    }

    #[tokio::test]
    async fn a_permit_opens_what_it_names_and_nothing_else() {
        let nothing: [&str; 0] = [];
        assert_eq!(opened(Vec::new()).await, nothing);
        assert_eq!(opened(one("other", ConnectionChange::Connect)).await, nothing);
        assert_eq!(
            opened(one("shop", ConnectionChange::Inspect)).await,
            ["look", "certificate", "look at pin", "definition"]
        );
        assert_eq!(opened(one("shop", ConnectionChange::Connect)).await, ["connect"]);
        assert_eq!(opened(one("shop", ConnectionChange::Disconnect)).await, ["disconnect"]);
        assert_eq!(opened(one("shop", ConnectionChange::Repin)).await, ["repin"]);
        let all = vec![Effect::AllConnections { change: ConnectionChange::Inspect }];
        assert_eq!(opened(all).await, ["list"]);
        let all = vec![Effect::AllConnections { change: ConnectionChange::Connect }];
        assert_eq!(opened(all).await, nothing);
    }
}
