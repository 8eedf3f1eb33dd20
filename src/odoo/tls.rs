//! Whom we believe at the other end of TLS. The same rules hold on every route.

use super::OdooError;
use crate::facts::Definition;

/// The TLS settings of a connection, made when it is first needed.
///
/// INVARIANT: a connection that cannot verify its peer gets an error, never a client without verification.
pub(super) fn client_config(definition: &Definition) -> Result<rustls::ClientConfig, OdooError> {
    let _ = definition;
    Err(OdooError::Setup { why: "skeleton".to_owned(), hint: None })
}
