//! The certificate of a connection: what it is, and trusting another one.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::{
    Connections,
    connect::probe_timeouts,
    record::{PinRecord, SavedConnection, SavedTrust, parse_fingerprint},
    request::invalid,
};
use crate::{
    facts::{ConnectionAlias, Trust, hex},
    metrics,
    odoo::{
        OdooError,
        tls::{self, CertificateFacts, PeerCertificate, fingerprint},
    },
};

/// The certificate of a connection, as it is served now and as it is trusted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateReport {
    /// The connection.
    pub alias: ConnectionAlias,
    /// Host that was asked.
    pub host: String,
    /// Port that was asked.
    pub port: u16,
    /// Whom the connection believes: `system`, `ca_file` or `pinned`.
    pub trust: &'static str,
    /// Whether calls of this connection would accept the server now.
    pub status: PinStatus,
    /// The reason, where they would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True where the pinned key is the one served now; absent without a pin or an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin_matches: Option<bool>,
    /// The certificate served now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served: Option<CertificateFacts>,
    /// Certificates that the server sends, its own included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_length: Option<usize>,
    /// What the authorities of this system say of it: `accepted`, or why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_check: Option<String>,
    /// The pin, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<PinReport>,
    /// How many earlier pins are remembered.
    pub previous_pins: usize,
}

/// Whether calls would be sent: `trusted`; `pin_mismatch` (another key than the pinned one) and
/// `untrusted` stop them before anything is sent; `unreachable` means the server could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PinStatus {
    Trusted,
    PinMismatch,
    Untrusted,
    Unreachable,
}

/// A pin and the certificate it was taken from.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PinReport {
    /// SHA-256 of the pinned public key.
    pub public_key_sha256: String,
    /// When it was pinned; absent for pins of the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<String>,
    /// The certificate of that time; absent for pins of the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateFacts>,
}

/// What a refresh did, or would do.
#[derive(Debug)]
pub struct Repinned {
    pub host: String,
    pub port: u16,
    pub old: CertificateFacts,
    pub new: CertificateFacts,
    pub saved: bool,
    pub previous_pins: usize,
}

impl Connections {
    /// Looks at every certificate, for the numbers alone: one handshake each, and no credential.
    pub async fn look_at_certificates(&self) {
        for alias in self.aliases() {
            // A connection over plain http has none, and one that is away is looked at next time.
            if let Ok(report) = self.certificate(&alias).await
                && let (Some(served), Some(meter)) = (&report.served, metrics::current())
            {
                meter.registry().set_certificate_days(alias.as_str(), served.days_left);
            }
        }
    }

    pub(super) async fn certificate(&self, alias: &ConnectionAlias) -> Result<CertificateReport, OdooError> {
        let (described, record) = self.described(alias)?;
        let (host, port) = tls_endpoint(&described)?;
        let asked = tls::probe(alias, &host, port, probe_timeouts(&self.limits)).await;
        let mut report = CertificateReport {
            alias: alias.clone(),
            host,
            port,
            trust: super::overview::trust_name(&described.trust),
            status: PinStatus::Unreachable,
            reason: None,
            pin_matches: None,
            served: None,
            chain_length: None,
            system_check: None,
            pinned: pin_report(&described.trust, record.as_deref()),
            previous_pins: record.map_or(0, |record| record.previous_pins.len()),
        };
        match asked {
            Ok(peer) => judge_peer(&mut report, &described.trust, peer),
            Err(OdooError::Untrusted { why, .. }) => {
                report.status = PinStatus::Untrusted;
                report.reason = Some(why);
            }
            Err(error) => report.reason = Some(error.to_string()),
        }
        Ok(report)
    }

    /// Trusts the key that the server shows now. With `expected` nothing else is accepted.
    pub(super) async fn repin(
        &self,
        alias: &ConnectionAlias,
        expected: Option<&str>,
        dry_run: bool,
    ) -> Result<Repinned, OdooError> {
        let expected = expected.map(expected_digest).transpose()?;
        let (described, record) = self.described(alias)?;
        let (host, port) = tls_endpoint(&described)?;
        if !matches!(described.trust, Trust::Pinned(_)) {
            return Err(not_pinned(alias));
        }
        let shelf = self.shelf_for(alias)?;
        let record = record.ok_or_else(|| self.unknown(alias))?;
        let Some(pin) = record.pin().cloned() else { return Err(not_pinned(alias)) };

        let peer = tls::probe(alias, &host, port, probe_timeouts(&self.limits)).await?;
        if let Some(expected) = expected
            && expected != peer.spki_sha256
            && Some(expected) != parse_fingerprint(&peer.facts.certificate_sha256)
        {
            return Err(other_certificate(&expected, &peer));
        }
        let new = peer.facts.clone();
        let mut repinned = Repinned {
            host: host.clone(),
            port,
            old: pin.certificate.as_of_now(),
            new,
            saved: false,
            previous_pins: record.previous_pins.len(),
        };
        if dry_run {
            return Ok(repinned);
        }
        let now = Timestamp::now();
        let same_key = peer.spki_sha256 == pin.spki_sha256().unwrap_or_default();
        let history =
            if same_key { record.previous_pins.clone() } else { record.pins_after_replacement(now) };
        let pinned = PinRecord { host, port, certificate: peer.facts, pinned_at: now, replaced_at: None };
        // The secret is bound to the pin, so it is opened under the old one and sealed under the new.
        let definition = record.definition(shelf.keys())?;
        let saved =
            SavedConnection::of(&definition, SavedTrust::Pinned(Box::new(pinned)), history, shelf.keys())?;
        repinned.previous_pins = saved.previous_pins.len();
        shelf.save(Some(record), saved, None).await?;
        repinned.saved = true;
        tracing::warn!(connection = %alias, key = %repinned.new.public_key_sha256, "another key is trusted from now on");
        Ok(repinned)
    }

    /// What is known of a connection without opening its secret.
    fn described(
        &self,
        alias: &ConnectionAlias,
    ) -> Result<(Described, Option<Arc<SavedConnection>>), OdooError> {
        if let Some(client) = self.fixed_client(alias) {
            let definition = client.definition();
            return Ok((Described { url: definition.url.clone(), trust: definition.trust.clone() }, None));
        }
        let record = match &self.shelf {
            Some(shelf) => shelf.record(alias)?,
            None => None,
        };
        let record = record.ok_or_else(|| self.unknown(alias))?;
        Ok((Described { url: record.url()?, trust: record.trust()? }, Some(record)))
    }
}

/// Where a connection leads and whom it believes there.
struct Described {
    url: Url,
    trust: Trust,
}

fn tls_endpoint(described: &Described) -> Result<(String, u16), OdooError> {
    match tls::endpoint(&described.url) {
        Some(endpoint) if described.url.scheme() == "https" => Ok(endpoint),
        _ => Err(OdooError::ConnectionRefused {
            code: "no_tls",
            why: "the connection uses plain http, so there is no certificate".to_owned(),
            hint: None,
        }),
    }
}

fn pin_report(trust: &Trust, record: Option<&SavedConnection>) -> Option<PinReport> {
    let Trust::Pinned(pin) = trust else { return None };
    let saved = record.and_then(SavedConnection::pin);
    Some(PinReport {
        public_key_sha256: fingerprint(&pin.spki_sha256),
        pinned_at: saved.map(|pin| pin.pinned_at.to_string()),
        certificate: saved.map(|pin| pin.certificate.as_of_now()),
    })
}

fn judge_peer(report: &mut CertificateReport, trust: &Trust, peer: PeerCertificate) {
    let verdict = tls::judge(trust, &peer);
    report.pin_matches = matches!(trust, Trust::Pinned(_)).then_some(verdict.is_ok());
    report.status = match (&verdict, trust) {
        (Ok(()), _) => PinStatus::Trusted,
        (Err(_), Trust::Pinned(_)) => PinStatus::PinMismatch,
        (Err(_), Trust::System | Trust::CaFile(_)) => PinStatus::Untrusted,
    };
    report.reason = verdict.err();
    let system = tls::judge(&Trust::System, &peer);
    report.system_check = Some(system.err().unwrap_or_else(|| "accepted".to_owned()));
    report.chain_length = Some(peer.chain_length());
    report.served = Some(peer.facts);
}

fn expected_digest(text: &str) -> Result<[u8; 32], OdooError> {
    parse_fingerprint(text).ok_or_else(|| {
        invalid(
            "`expected_sha256` is no SHA-256 fingerprint",
            Some("give 64 hexadecimal digits, with or without colons, of the certificate or its public key"),
        )
    })
}

fn not_pinned(alias: &ConnectionAlias) -> OdooError {
    OdooError::ConnectionRefused {
        code: "not_pinned",
        why: format!(
            "connection `{alias}` trusts authorities, not one pinned key, so there is no pin to renew"
        ),
        hint: Some(
            "a renewed certificate needs no change here; `odoo_cert_info` shows the verdict".to_owned(),
        ),
    }
}

fn other_certificate(expected: &[u8; 32], peer: &PeerCertificate) -> OdooError {
    OdooError::ConnectionRefused {
        code: "fingerprint_mismatch",
        why: format!(
            "the server shows another certificate than expected: expected sha256:{}, seen certificate {} with \
             public key {}; nothing was changed",
            hex(expected),
            peer.facts.certificate_sha256,
            peer.facts.public_key_sha256
        ),
        hint: Some(
            "somebody may stand in between; compare with the fingerprint at the server itself".to_owned(),
        ),
    }
}
