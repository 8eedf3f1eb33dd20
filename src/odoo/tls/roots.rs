//! Certificate authorities: of the system, read once and only when needed, or of one file.

use std::{
    fs,
    path::Path,
    sync::{Arc, OnceLock},
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::odoo::OdooError;

/// The authorities this system trusts. A failure is not remembered, so a repair needs no restart.
pub(super) fn system() -> Result<Arc<RootCertStore>, OdooError> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(Arc::clone(roots));
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Systems ship a few certificates that no parser likes; the rest still counts.
    let (usable, _unusable) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        return Err(OdooError::Setup {
            why: "this system has no certificate authorities, so no server can be verified".to_owned(),
            hint: Some(
                "install the package `ca-certificates`, or give the connection a `ca_file`".to_owned(),
            ),
        });
    }
    Ok(Arc::clone(ROOTS.get_or_init(|| Arc::new(roots))))
}

/// Largest file of authorities that is read; a whole system's bundle has about 250 kilobytes.
const CA_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The authorities of a PEM file, and no others.
pub(super) fn from_file(path: &Path) -> Result<Arc<RootCertStore>, OdooError> {
    let unusable = |why: &str| OdooError::Setup {
        why: format!("the certificate file of the connection {why}"),
        hint: Some(
            "`ca_file` names a PEM file with the authority (or the self-signed certificate)".to_owned(),
        ),
    };
    // A device or a pipe would be read for ever.
    let metadata = fs::metadata(path).map_err(|_| unusable("cannot be read"))?;
    if !metadata.is_file() || metadata.len() > CA_FILE_BYTES_MAX {
        return Err(unusable("is no regular file of reasonable size"));
    }
    let text = fs::read(path).map_err(|_| unusable("cannot be read"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|_| unusable("is not a PEM file"))?;
        roots.add(certificate).map_err(|_| unusable("holds a certificate that cannot be an authority"))?;
    }
    if roots.is_empty() {
        return Err(unusable("holds no certificate"));
    }
    Ok(Arc::new(roots))
}
