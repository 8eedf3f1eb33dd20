//! Self-signed identities for the TLS front.

use std::sync::Arc;

use rcgen::PublicKeyData as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A key and a certificate for `127.0.0.1` and `localhost`.
pub(crate) struct TlsIdentity {
    key: rcgen::KeyPair,
    certificate: rcgen::Certificate,
}

impl TlsIdentity {
    pub(crate) fn new() -> Self {
        Self::for_key(rcgen::KeyPair::generate().expect("a key"))
    }

    /// Another certificate for the same key: what a renewal does.
    pub(crate) fn renewed(&self) -> Self {
        Self::for_key(rcgen::KeyPair::from_pem(&self.key.serialize_pem()).expect("the same key"))
    }

    fn for_key(key: rcgen::KeyPair) -> Self {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let parameters = rcgen::CertificateParams::new(names).expect("names");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Self { key, certificate }
    }

    pub(crate) fn certificate_sha256(&self) -> String {
        sha256(self.certificate.der())
    }

    /// SHA-256 of the public key (SPKI).
    pub(crate) fn key_sha256(&self) -> String {
        sha256(&self.key.subject_public_key_info())
    }

    pub(super) fn server_config(&self) -> Arc<rustls::ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let chain: Vec<CertificateDer<'static>> = vec![self.certificate.der().clone()];
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("an identity");
        Arc::new(config)
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
