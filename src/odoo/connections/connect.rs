//! Making a connection: sign in first, save and swap only then.
//!
//! INVARIANT: until the login succeeded the old record stays, in the file and in use.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use url::Url;

use super::{
    ConnectRequest, Connections,
    databases::only_database,
    record::{PinRecord, SavedConnection, SavedTrust},
    request::{Checked, WantedTrust},
};
use crate::{
    facts::{ConnectionAlias, Definition, Limits, Origin, Pin, Trust, hex},
    odoo::{
        OdooClient, OdooError, SignIn,
        tls::{self, CertificateFacts, PeerCertificate, ProbeTimeouts},
    },
};

/// What became of a request.
#[derive(Debug)]
pub struct Connected {
    pub alias: ConnectionAlias,
    pub url: String,
    pub db: String,
    pub username: String,
    /// `None` after a dry run.
    pub sign_in: Option<Arc<SignIn>>,
    /// The certificate whose key is pinned, if one is.
    pub pinned: Option<CertificateFacts>,
    pub replaced: bool,
    pub warnings: Vec<String>,
}

impl Connections {
    pub(super) async fn connect(&self, request: ConnectRequest) -> Result<Connected, OdooError> {
        let checked = request.check(&self.settings, &self.operator_urls())?;
        let shelf = self.shelf_for(&request.alias)?;
        let existing = shelf.record(&request.alias)?;
        let (trust, saved_trust) = self.trust(&request.alias, &checked, existing.as_deref()).await?;
        let draft = Definition {
            alias: request.alias.clone(),
            url: checked.url.clone(),
            db: checked.db.clone().unwrap_or_default(),
            username: checked.username.clone(),
            credential: checked.credential.clone(),
            protocol: request.protocol.into(),
            trust,
            origin: Origin::Saved,
        };
        let definition = with_database(draft, &self.limits).await?;
        check_replacement(existing.as_deref(), &definition, request.replace)?;

        let mut connected = Connected {
            alias: request.alias,
            url: super::overview::shown_url(&definition.url),
            db: definition.db.clone(),
            username: definition.username.clone(),
            sign_in: None,
            pinned: match &saved_trust {
                SavedTrust::Pinned(pin) => Some(pin.certificate.clone()),
                SavedTrust::System | SavedTrust::CaFile(_) => None,
            },
            replaced: existing.is_some(),
            warnings: checked.warnings,
        };
        if request.dry_run {
            return Ok(connected);
        }

        let client = Arc::new(OdooClient::new(Arc::clone(&definition), self.limits));
        connected.sign_in = Some(client.sign_in().await?);
        let history = match &existing {
            Some(record) if record.pin().is_some_and(|pin| !is_pin_of(pin, &saved_trust)) => {
                record.pins_after_replacement(Timestamp::now())
            }
            Some(record) => record.previous_pins.clone(),
            None => Vec::new(),
        };
        let record = SavedConnection::of(&definition, saved_trust, history, shelf.keys())?;
        shelf.save(existing, record, Some(client)).await?;
        tracing::info!(connection = %connected.alias, "connection saved");
        for warning in &connected.warnings {
            tracing::warn!(connection = %connected.alias, "{warning}");
        }
        Ok(connected)
    }

    pub(super) async fn disconnect(
        &self,
        alias: &ConnectionAlias,
    ) -> Result<Vec<ConnectionAlias>, OdooError> {
        let shelf = self.shelf_for(alias)?;
        if !shelf.remove(alias).await? {
            return Err(self.unknown(alias));
        }
        tracing::info!(connection = %alias, "connection forgotten");
        Ok(self.aliases())
    }

    /// Servers the operator vouched for by configuring them.
    fn operator_urls(&self) -> Vec<Url> {
        self.fixed_clients().iter().map(|client| client.definition().url.clone()).collect()
    }

    pub(super) async fn trust(
        &self,
        alias: &ConnectionAlias,
        checked: &Checked,
        existing: Option<&SavedConnection>,
    ) -> Result<(Trust, SavedTrust), OdooError> {
        match &checked.trust {
            WantedTrust::System => Ok((Trust::System, SavedTrust::System)),
            WantedTrust::CaFile(path) => Ok((Trust::CaFile(path.clone()), SavedTrust::CaFile(path.clone()))),
            WantedTrust::FirstUse => {
                let (host, port) = tls::endpoint(&checked.url)
                    .ok_or_else(|| super::request::invalid("`url` has no host", None))?;
                let peer = tls::probe(alias, &host, port, probe_timeouts(&self.limits)).await?;
                self.check_known_pins(alias, &host, port, &peer)?;
                let kept = existing.and_then(SavedConnection::pin).filter(|pin| {
                    pin.host == host && pin.port == port && pin.spki_sha256() == Some(peer.spki_sha256)
                });
                let record = PinRecord {
                    host: host.clone(),
                    port,
                    certificate: peer.facts,
                    pinned_at: kept.map_or_else(Timestamp::now, |pin| pin.pinned_at),
                    replaced_at: None,
                };
                let pin = Pin { host, port, spki_sha256: peer.spki_sha256 };
                Ok((Trust::Pinned(pin), SavedTrust::Pinned(Box::new(record))))
            }
        }
    }

    /// First use is not first when any connection already knows this host and port by another key.
    fn check_known_pins(
        &self,
        alias: &ConnectionAlias,
        host: &str,
        port: u16,
        peer: &PeerCertificate,
    ) -> Result<(), OdooError> {
        let fixed = self.fixed_clients().into_iter().filter_map(|client| {
            let Trust::Pinned(pin) = &client.definition().trust else { return None };
            Some((client.definition().alias.clone(), pin.clone()))
        });
        let saved = self.shelf.iter().flat_map(|shelf| shelf.entries().0).filter_map(|entry| {
            let Ok(Trust::Pinned(pin)) = entry.record.trust() else { return None };
            Some((entry.record.alias.clone(), pin))
        });
        let other = fixed
            .chain(saved)
            .find(|(_, pin)| pin.host == host && pin.port == port && pin.spki_sha256 != peer.spki_sha256);
        match other {
            None => Ok(()),
            Some((owner, pin)) => Err(OdooError::Untrusted {
                connection: alias.clone(),
                why: format!(
                    "connection `{owner}` pinned sha256:{} for {host}:{port}, and sha256:{} is shown now; \
                     if the key was changed on purpose, `odoo_cert_refresh` of `{owner}` accepts it",
                    hex(&pin.spki_sha256),
                    hex(&peer.spki_sha256)
                ),
            }),
        }
    }
}

/// How long a look at a certificate may take: as long as a connection may.
pub(super) fn probe_timeouts(limits: &Limits) -> ProbeTimeouts {
    let time = Duration::from_millis(limits.connect_timeout_ms);
    ProbeTimeouts { connect: time, handshake: time }
}

pub(super) async fn with_database(
    mut draft: Definition,
    limits: &Limits,
) -> Result<Arc<Definition>, OdooError> {
    if draft.db.is_empty() {
        draft.db = only_database(&Arc::new(draft.clone()), limits).await?;
    }
    Ok(Arc::new(draft))
}

/// A new secret or trust for the same account needs no word; another account does.
fn check_replacement(
    existing: Option<&SavedConnection>,
    definition: &Definition,
    replace: bool,
) -> Result<(), OdooError> {
    match existing {
        Some(record) if !replace && !record.is_same_account(definition) => {
            Err(OdooError::ConnectionRefused {
                code: "alias_in_use",
                why: format!(
                    "connection `{}` leads to database `{}` as `{}` at {}",
                    record.alias, record.db, record.username, record.url
                ),
                hint: Some(
                    "choose another alias, or give `replace: true` to point this one elsewhere".to_owned(),
                ),
            })
        }
        _ => Ok(()),
    }
}

fn is_pin_of(pin: &PinRecord, trust: &SavedTrust) -> bool {
    matches!(trust, SavedTrust::Pinned(new) if new.host == pin.host && new.port == pin.port
        && new.spki_sha256() == pin.spki_sha256())
}
