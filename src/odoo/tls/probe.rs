//! Looking at a peer's certificate without telling it anything.
//!
//! The handshake is stopped once the peer has proved that it holds the key of the certificate it
//! shows; no request and no credential is ever sent over such a connection.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::{CertificateFacts, provider, refusal};
use crate::{
    facts::ConnectionAlias,
    odoo::{OdooError, address},
};

/// What a peer shows of itself.
#[derive(Debug, Clone)]
pub(in crate::odoo) struct PeerCertificate {
    /// The peer's own certificate.
    pub(in crate::odoo) facts: CertificateFacts,
    /// SHA-256 of its public key.
    pub(in crate::odoo) spki_sha256: [u8; 32],
    /// Certificates the peer sent, its own first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// The name it was asked for.
    pub(super) name: ServerName<'static>,
}

impl PeerCertificate {
    pub(in crate::odoo) fn chain_length(&self) -> usize {
        self.chain.len()
    }
}

/// How long a probe may take.
#[derive(Debug, Clone, Copy)]
pub(in crate::odoo) struct ProbeTimeouts {
    pub(in crate::odoo) connect: Duration,
    pub(in crate::odoo) handshake: Duration,
}

/// Fetches what the server at `host` and `port` shows of itself, and stops.
pub(in crate::odoo) async fn probe(
    alias: &ConnectionAlias,
    host: &str,
    port: u16,
    timeouts: ProbeTimeouts,
) -> Result<PeerCertificate, OdooError> {
    let unreachable = |why: String| OdooError::Unreachable { connection: alias.clone(), why };
    let late = |what: &'static str| OdooError::Timeout { connection: alias.clone(), what };

    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| unreachable(format!("`{host}` is no host name")))?;
    let recorder = Arc::new(Recorder::new());
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unreachable(format!("TLS cannot be set up: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&recorder) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();

    let stream = timeout(timeouts.connect, connect(host, port))
        .await
        .map_err(|_| late("the connection attempt"))?
        .map_err(|why| unreachable(why.to_string()))?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name.clone(), stream);
    let ended = timeout(timeouts.handshake, handshake).await.map_err(|_| late("the TLS handshake"))?;

    match recorder.seen() {
        Some(chain) => describe(alias, name, chain),
        None => Err(match ended {
            Err(error) => no_certificate(alias, &error),
            Ok(_) => unreachable("it showed no certificate".to_owned()),
        }),
    }
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, std::io::Error> {
    let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    let allowed = address::reachable(host, addresses)?;
    TcpStream::connect(allowed.as_slice()).await
}

fn describe(
    alias: &ConnectionAlias,
    name: ServerName<'static>,
    chain: Vec<CertificateDer<'static>>,
) -> Result<PeerCertificate, OdooError> {
    let facts = chain.first().and_then(|leaf| CertificateFacts::read(leaf));
    let key = chain.first().and_then(|leaf| super::spki_sha256(leaf));
    match (facts, key) {
        (Some(facts), Some(spki_sha256)) => Ok(PeerCertificate { facts, spki_sha256, chain, name }),
        _ => Err(OdooError::Untrusted {
            connection: alias.clone(),
            why: "its certificate cannot be read".to_owned(),
        }),
    }
}

fn no_certificate(alias: &ConnectionAlias, error: &std::io::Error) -> OdooError {
    let connection = alias.clone();
    let why = match refusal::find(error) {
        Some(Error::InvalidMessage(_)) => "no TLS is spoken there".to_owned(),
        Some(Error::InvalidCertificate(reason)) => {
            return OdooError::Untrusted { connection, why: refusal::sentence(reason) };
        }
        Some(other) => format!("the TLS handshake failed: {other}"),
        None => "the server closed the connection during the TLS handshake".to_owned(),
    };
    OdooError::Unreachable { connection, why }
}

/// Remembers the chain once the peer proved to hold its key, then ends the handshake.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    shown: Mutex<Vec<CertificateDer<'static>>>,
    proved: Mutex<bool>,
}

impl Recorder {
    fn new() -> Self {
        Self { provider: provider(), shown: Mutex::default(), proved: Mutex::default() }
    }

    /// The chain, if the peer proved that the first certificate is its own.
    fn seen(&self) -> Option<Vec<CertificateDer<'static>>> {
        let proved = *self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        proved.then(|| self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn stop_if_proved(&self, checked: Result<HandshakeSignatureValid, Error>) -> Error {
        match checked {
            Ok(_) => {
                *self.proved.lock().unwrap_or_else(PoisonError::into_inner) = true;
                Error::General("seen enough".to_owned())
            }
            Err(error) => error,
        }
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(leaf).chain(intermediates).map(|one| one.clone().into_owned()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        // Not a yes to the peer: both signature checks below end the handshake.
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Err(self.stop_if_proved(verify_tls12_signature(message, certificate, signature, algorithms)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Err(self.stop_if_proved(verify_tls13_signature(message, certificate, signature, algorithms)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
