//! Believing exactly one public key.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use subtle::ConstantTimeEq as _;

use super::certificate::spki_sha256;
use crate::facts::{Pin, hex};

/// Accepts a peer that proves to hold the pinned key. Names, dates and issuers do not matter:
/// a renewed certificate for the same key is the same peer.
#[derive(Debug)]
pub(super) struct PinVerifier {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

/// The peer showed another key than the pinned one.
#[derive(Debug, thiserror::Error)]
#[error("the certificate's key changed: pinned sha256:{}, seen sha256:{}", hex(.pinned), hex(.seen))]
pub(super) struct KeyChanged {
    pinned: [u8; 32],
    seen: [u8; 32],
}

/// The handshake was for another host than the pin.
#[derive(Debug, thiserror::Error)]
#[error("the pinned key belongs to another host")]
pub(super) struct OtherHost;

impl PinVerifier {
    pub(super) fn new(mut pin: Pin, provider: Arc<CryptoProvider>) -> Self {
        // In URLs an IPv6 address stands in brackets, in a handshake it does not.
        pin.host = super::bare(&pin.host).to_owned();
        Self { pin, provider }
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if name.to_str() != self.pin.host {
            return Err(refused(OtherHost));
        }
        let seen = spki_sha256(leaf).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if bool::from(seen.as_slice().ct_eq(self.pin.spki_sha256.as_slice())) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(refused(KeyChanged { pinned: self.pin.spki_sha256, seen }))
        }
    }

    // Both checks must be real: a certificate is public, only the signature proves that the peer holds its key.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Accepts nobody: for connections without TLS, should anything lead them to a TLS server.
#[derive(Debug)]
pub(super) struct NobodyVerifier;

/// The connection's URL begins with `http:`.
#[derive(Debug, thiserror::Error)]
#[error("this connection does not use TLS")]
pub(super) struct NoTls;

impl ServerCertVerifier for NobodyVerifier {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Err(refused(NoTls))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(refused(NoTls))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(refused(NoTls))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

fn refused(why: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}
