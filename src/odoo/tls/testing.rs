//! A TLS server on a loopback port that counts what it is told, for tests.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// A key and a certificate for it.
pub(in crate::odoo) struct Identity {
    pub(in crate::odoo) key: KeyPair,
    pub(in crate::odoo) certificate: CertificateDer<'static>,
}

impl Identity {
    /// A new key with a self-signed certificate for the loopback names.
    pub(in crate::odoo) fn new() -> Self {
        Self::with(KeyPair::generate().unwrap(), &params(&["127.0.0.1", "localhost"]))
    }

    pub(in crate::odoo) fn with(key: KeyPair, params: &CertificateParams) -> Self {
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { key, certificate }
    }

    /// The same key with a new certificate, as a renewal makes it.
    pub(in crate::odoo) fn renewed(&self) -> Self {
        let key = KeyPair::from_pem(&self.key.serialize_pem()).unwrap();
        let mut renewed = params(&["renewed.example"]);
        renewed.serial_number = Some(4711.into());
        Self::with(key, &renewed)
    }

    pub(in crate::odoo) fn spki(&self) -> [u8; 32] {
        super::spki_sha256(&self.certificate).unwrap()
    }

    pub(in crate::odoo) fn pem(&self) -> String {
        pem(&self.certificate)
    }
}

pub(in crate::odoo) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

/// An authority and its certificate as PEM.
pub(in crate::odoo) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(in crate::odoo) pem: String,
}

impl Authority {
    pub(in crate::odoo) fn new() -> Self {
        let mut params = params(&[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = pem(params.self_signed(&key).unwrap().der());
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(in crate::odoo) fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        Identity { key, certificate }
    }
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

/// Answers each connection's one request.
pub(in crate::odoo) struct TlsServer {
    pub(in crate::odoo) address: SocketAddr,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    bytes_received: Arc<AtomicUsize>,
}

/// The JSON body that answers a request, given whole.
pub(in crate::odoo) type Answer = fn(&str) -> String;

impl TlsServer {
    /// Every answer is an empty object.
    pub(in crate::odoo) async fn start(identity: &Identity) -> Self {
        Self::answering(identity, |_| "{}".to_owned()).await
    }

    pub(in crate::odoo) async fn answering(identity: &Identity, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(Mutex::new(server_config(identity)));
        let bytes_received = Arc::new(AtomicUsize::new(0));
        let (shared, counter) = (Arc::clone(&config), Arc::clone(&bytes_received));
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let acceptor = TlsAcceptor::from(Arc::clone(&shared.lock().unwrap()));
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let request = read_request(&mut stream, &counter).await;
                    let _ = stream.write_all(with_header(&answer(&request)).as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { address, config, bytes_received }
    }

    pub(in crate::odoo) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// From the next handshake on it shows another certificate.
    pub(in crate::odoo) fn rotate(&self, identity: &Identity) {
        *self.config.lock().unwrap() = server_config(identity);
    }

    /// The same with the older protocol version only.
    pub(in crate::odoo) fn rotate_to_tls12(&self, identity: &Identity) {
        *self.config.lock().unwrap() = server_config_of(identity, &[&rustls::version::TLS12]);
    }

    /// Bytes of requests that arrived so far, beyond the handshakes.
    pub(in crate::odoo) fn bytes_received(&self) -> usize {
        self.bytes_received.load(Ordering::SeqCst)
    }
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin), counter: &AtomicUsize) -> String {
    let mut request = Vec::new();
    loop {
        let mut buffer = [0_u8; 4096];
        let read = stream.read(&mut buffer).await.unwrap_or_default();
        counter.fetch_add(read, Ordering::SeqCst);
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let complete = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest);
            let length: usize = length.lines().next().unwrap_or("0").parse().unwrap_or_default();
            body.len() >= length
        });
        if read == 0 || complete {
            return text;
        }
    }
}

fn with_header(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: session_id=abc\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn server_config(identity: &Identity) -> Arc<ServerConfig> {
    server_config_of(identity, rustls::ALL_VERSIONS)
}

fn server_config_of(
    identity: &Identity,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(super::provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shown(certified(identity))));
    Arc::new(config)
}

/// Key and certificate as given, also where they do not belong together.
fn certified(identity: &Identity) -> Arc<CertifiedKey> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
    let key = super::provider().key_provider.load_private_key(key).unwrap();
    Arc::new(CertifiedKey::new(vec![identity.certificate.clone()], key))
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
