//! What a failed handshake means, in a sentence for people.

use std::{error::Error as StdError, io};

use rustls::{CertificateError, Error};

use super::pin::{KeyChanged, NoTls, OtherHost};
use crate::{facts::Definition, odoo::OdooError};

/// The TLS failure inside an error chain, such as that of `reqwest`; `None` where TLS is not the reason.
///
/// A refused certificate is `Untrusted` and never worth a retry: the peer is not the one we know.
pub(in crate::odoo) fn tls_failure(
    error: &(dyn StdError + 'static),
    definition: &Definition,
) -> Option<OdooError> {
    let connection = definition.alias.clone();
    Some(match find(error)? {
        Error::InvalidCertificate(reason) => OdooError::Untrusted { connection, why: sentence(reason) },
        Error::NoCertificatesPresented => {
            OdooError::Untrusted { connection, why: "it showed no certificate".to_owned() }
        }
        Error::InvalidMessage(_) | Error::DecryptError => OdooError::Unreachable {
            connection,
            why: "no TLS is spoken there; is the URL meant to begin with `http:`?".to_owned(),
        },
        other => OdooError::Unreachable { connection, why: format!("the TLS handshake failed: {other}") },
    })
}

/// Walks the chain, also through `io::Error`, which hides the error it carries from `source()`.
pub(super) fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<Error>() {
            return Some(found);
        }
        next = match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

/// Why a certificate was refused.
pub(super) fn sentence(reason: &CertificateError) -> String {
    use CertificateError as Reason;
    let words = match reason {
        Reason::UnknownIssuer => "no trusted authority signed its certificate",
        Reason::Expired | Reason::ExpiredContext { .. } => "its certificate has expired",
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => "its certificate is not valid yet",
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
            "its certificate is for another host name"
        }
        Reason::Revoked => "its certificate was revoked",
        Reason::BadEncoding => "its certificate cannot be read",
        Reason::BadSignature => "the signature of its certificate or of its handshake is wrong",
        Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => {
            "its certificate is not meant for servers"
        }
        Reason::Other(other) => {
            let cause: &(dyn StdError + 'static) = &*other.0;
            if let Some(changed) = cause.downcast_ref::<KeyChanged>() {
                return changed.to_string();
            }
            if cause.is::<OtherHost>() || cause.is::<NoTls>() {
                return cause.to_string();
            }
            // In practice: an authority's own certificate, shown as that of a server.
            return format!("its certificate was refused: {}", plain(&cause.to_string()));
        }
        other => return format!("its certificate was refused: {}", plain(&other.to_string())),
    };
    words.to_owned()
}

/// Longest piece of a library's message that an error repeats.
const MESSAGE_CHARS_MAX: usize = 200;

fn plain(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
