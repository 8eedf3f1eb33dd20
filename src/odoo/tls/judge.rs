//! What a connection's trust says of a certificate that a probe brought.

use rustls::{
    Error,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::UnixTime,
};

use super::{PeerCertificate, refusal, roots, web_verifier};
use crate::{
    facts::{Trust, hex},
    odoo::OdooError,
};

/// Would a connection with this trust accept the peer? The reason if not.
pub(in crate::odoo) fn judge(trust: &Trust, peer: &PeerCertificate) -> Result<(), String> {
    match trust {
        Trust::System => verdict(roots::system().and_then(web_verifier), peer),
        Trust::CaFile(path) => verdict(roots::from_file(path).and_then(web_verifier), peer),
        Trust::Pinned(pin) if pin.spki_sha256 == peer.spki_sha256 => Ok(()),
        Trust::Pinned(pin) => Err(format!(
            "the certificate's key changed: pinned sha256:{}, seen sha256:{}",
            hex(&pin.spki_sha256),
            hex(&peer.spki_sha256)
        )),
    }
}

fn verdict(
    verifier: Result<std::sync::Arc<WebPkiServerVerifier>, OdooError>,
    peer: &PeerCertificate,
) -> Result<(), String> {
    let verifier = verifier.map_err(|error| error.to_string())?;
    let Some((leaf, intermediates)) = peer.chain.split_first() else {
        return Err("it showed no certificate".to_owned());
    };
    match verifier.verify_server_cert(leaf, intermediates, &peer.name, &[], UnixTime::now()) {
        Ok(_) => Ok(()),
        Err(Error::InvalidCertificate(reason)) => Err(refusal::sentence(&reason)),
        Err(other) => Err(other.to_string()),
    }
}
