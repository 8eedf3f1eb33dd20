//! Whom we believe at the other end of TLS. The same rules hold on every route.
//!
//! There is no way to switch verification off: a connection trusts the authorities of this system,
//! those of one file, or exactly one public key.

mod certificate;
mod judge;
mod pin;
mod probe;
mod refusal;
mod roots;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig,
    client::{Resumption, WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
};
use url::Url;

pub use certificate::CertificateFacts;
pub(super) use certificate::fingerprint;
use certificate::spki_sha256;
pub(super) use judge::judge;
pub(super) use probe::{PeerCertificate, ProbeTimeouts, probe};
pub(super) use refusal::tls_failure;

use super::OdooError;
use crate::facts::{ConnectionAlias, Definition, Pin, Trust};

/// The TLS settings of a connection, made when it is first needed. Which protocol is offered inside
/// (ALPN) is the choice of the HTTP client.
///
/// INVARIANT: a connection that cannot verify its peer gets an error, never a client without verification.
pub(super) fn client_config(definition: &Definition) -> Result<ClientConfig, OdooError> {
    if definition.url.scheme() != "https" {
        // The HTTP library wants TLS settings even then; these trust nobody and cost nothing.
        return with_verifier(Arc::new(pin::NobodyVerifier));
    }
    match &definition.trust {
        Trust::System => with_verifier(web_verifier(roots::system()?)?),
        Trust::CaFile(path) => with_verifier(web_verifier(roots::from_file(path)?)?),
        Trust::Pinned(pin) => {
            check_pin_is_for(pin, &definition.url, &definition.alias)?;
            let mut config = with_verifier(Arc::new(pin::PinVerifier::new(pin.clone(), provider())))?;
            // A resumed session shows no certificate, so a pinned peer would not be checked again.
            config.resumption = Resumption::disabled();
            Ok(config)
        }
    }
}

/// The TLS settings for a web address that is no Odoo, such as one of a sign-in service.
///
/// # Errors
///
/// If there are no authorities to judge its certificate by.
pub fn web_config(url: &Url, ca_file: Option<&Path>) -> Result<ClientConfig, OdooError> {
    if url.scheme() != "https" {
        return with_verifier(Arc::new(pin::NobodyVerifier));
    }
    let roots = match ca_file {
        Some(path) => roots::from_file(path)?,
        None => roots::system()?,
    };
    with_verifier(web_verifier(roots)?)
}

/// Host and port a URL leads to, as pins and probes name them.
pub(super) fn endpoint(url: &Url) -> Option<(String, u16)> {
    let host = match url.host()? {
        url::Host::Domain(name) => name.to_owned(),
        url::Host::Ipv4(address) => address.to_string(),
        url::Host::Ipv6(address) => address.to_string(),
    };
    Some((host, url.port_or_known_default()?))
}

/// A pin says something about one host and port only; elsewhere it proves nothing.
fn check_pin_is_for(pin: &Pin, url: &Url, alias: &ConnectionAlias) -> Result<(), OdooError> {
    match endpoint(url) {
        Some((host, port)) if host == bare(&pin.host) && port == pin.port => Ok(()),
        _ => Err(OdooError::Untrusted {
            connection: alias.clone(),
            why: format!("its pinned key belongs to {}:{}, not to the host of its URL", pin.host, pin.port),
        }),
    }
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn web_verifier(roots: Arc<rustls::RootCertStore>) -> Result<Arc<WebPkiServerVerifier>, OdooError> {
    WebPkiServerVerifier::builder_with_provider(roots, provider()).build().map_err(|error| OdooError::Setup {
        why: format!("the certificate authorities cannot be used: {error}"),
        hint: None,
    })
}

fn with_verifier(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, OdooError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| OdooError::Setup { why: format!("TLS cannot be set up: {error}"), hint: None })?;
    // Despite its name this does not switch anything off: every verifier given here is a real one.
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}
